package cnaught

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/pages"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

const (
	// maxLimit is the API's largest page.
	maxLimit = 100
	// leastPage is the size of a page for which no limit was given. A server that
	// gives shorter pages than it is asked for does not go below it.
	leastPage = 20
)

// ListOptions selects one page of a list, or where an iterator begins and
// ends. All lists are newest first.
type ListOptions struct {
	// Limit is the size of a page, 1 to 100. 0 leaves it to the API (20) for one
	// page, and means 100 for an iterator.
	Limit int
	// StartingAfter is an id. Only what was created before it is listed.
	StartingAfter string
	// EndingBefore is an id. Only what was created after it is listed. The API takes
	// one of the two cursors.
	EndingBefore string
	// From and To bound an iterator by the time of creation: From is in, To is not,
	// and a zero time is no bound. The API has no such filter, so the iterator reads
	// from the newest on and stops at the first that is older than From. One without
	// a readable time counts as created with the one before it. Methods that return
	// one page refuse them with ErrInvalidRequest.
	From, To time.Time
}

// page checks the options of a list.
func (call *call) page(o ListOptions) {
	switch {
	case o.Limit < 0 || o.Limit > maxLimit:
		call.refuse("limit", "is %d, not 1 to %d", o.Limit, maxLimit)
	case o.StartingAfter != "" && o.EndingBefore != "":
		call.refuse("starting_after and ending_before", "exclude each other")
	case !o.From.IsZero() || !o.To.IsZero():
		call.refuse("From and To", "are for iterators such as Orders: the API has no such filter")
	}
}

// params gives the query members as the generated types want them: absent
// when not set.
func (o ListOptions) params() (limit *int, after, before *string) {
	if o.Limit != 0 {
		limit = &o.Limit
	}
	return limit, optional(o.StartingAfter), optional(o.EndingBefore)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Orders iterates over all orders, newest first, and fetches pages only as the
// loop goes on. With StartingAfter it begins behind that order; with
// EndingBefore it ends before it; From and To bound it in time. [Client.ListOrders]
// says whose orders they are, and which errors there are; an error is the last thing
// that the iterator yields.
func (c *Client) Orders(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[api.Order, error] {
	return walk(c, "Orders", o, func(o ListOptions) ([]api.Order, error) {
		list, err := c.ListOrders(ctx, o, opts...)
		if err != nil {
			return nil, err
		}
		return list.Data, nil
	}, func(order *api.Order) (string, time.Time) { return order.ID, order.CreatedOn })
}

// Subaccounts iterates over all subaccounts as [Client.Orders] does over orders.
func (c *Client) Subaccounts(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[api.Subaccount, error] {
	return walk(c, "Subaccounts", o, func(o ListOptions) ([]api.Subaccount, error) {
		list, err := c.ListSubaccounts(ctx, o, opts...)
		if err != nil {
			return nil, err
		}
		return list.Data, nil
	}, func(subaccount *api.Subaccount) (string, time.Time) { return subaccount.ID, subaccount.CreatedOn })
}

// walk iterates over a list whose pages fetch returns; about returns the id and the
// time of creation of a value.
func walk[T any](c *Client, name string, o ListOptions, fetch func(ListOptions) ([]T, error), about func(*T) (string, time.Time)) iter.Seq2[T, error] {
	if !o.To.IsZero() && o.To.Before(o.From) {
		return func(yield func(T, error) bool) {
			var zero T
			yield(zero, &InvalidRequestError{name, "To", "is before From"})
		}
	}
	size := cmp.Or(o.Limit, maxLimit)
	list := pages.List[T]{
		Fetch: func(after, before string) ([]T, error) {
			return fetch(ListOptions{Limit: size, StartingAfter: after, EndingBefore: before})
		},
		ID: func(value *T) string { id, _ := about(value); return id },
		Repeated: func(id string) error {
			return &kindError{fmt.Sprintf("cnaught: %s: the server ignored the cursor: %q came twice", name, sanitize.Text(c.secret.Mask(id))), ErrCursorIgnored}
		},
		Full:  min(size, leastPage),
		Limit: size,
	}
	all := list.Walk(o.StartingAfter, o.EndingBefore)
	return pages.Between(all, o.From, o.To, func(value *T) time.Time { _, on := about(value); return on })
}

// Collect returns the first limit values of a list, or all of them if limit is
// not positive: the latest ten orders are Collect(client.Orders(ctx, ListOptions{}), 10).
// With an error it returns what came before it.
func Collect[T any](seq iter.Seq2[T, error], limit int) ([]T, error) {
	var all []T
	for value, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, value); len(all) == limit {
			break
		}
	}
	return all, nil
}
