package cnaught

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

const (
	// maxLimit is the API's largest page.
	maxLimit = 100
	// leastPage is the API's page where none is asked for. A server that gives
	// less than it is asked for gives that at least.
	leastPage = 20
)

// ListOptions selects one page of a list, or where an iterator begins and
// ends. All lists are newest first.
type ListOptions struct {
	// Limit is the size of a page, 1 to 100. 0 leaves it to the API (20) for one
	// page, and means 100 for an iterator.
	Limit int
	// StartingAfter is an id: only what was created before it.
	StartingAfter string
	// EndingBefore is an id: only what was created after it. The API takes one
	// of the two cursors.
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
// EndingBefore it ends before it; From and To bound it in time. Whose orders they
// are, [Client.ListOrders] says. An error, as those of ListOrders, is the last thing
// it yields.
func (c *Client) Orders(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[api.Order, error] {
	from, to := o.window()
	listed := pages(c, "Orders", o, func(o ListOptions) ([]api.Order, error) {
		list, err := c.ListOrders(ctx, o, opts...)
		if err != nil {
			return nil, err
		}
		return list.Data, nil
	}, func(order *api.Order) string { return order.ID })
	return within(listed, "Orders", from, to, func(order *api.Order) time.Time { return order.CreatedOn })
}

// Subaccounts iterates over all subaccounts as [Client.Orders] does over orders.
func (c *Client) Subaccounts(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[api.Subaccount, error] {
	from, to := o.window()
	listed := pages(c, "Subaccounts", o, func(o ListOptions) ([]api.Subaccount, error) {
		list, err := c.ListSubaccounts(ctx, o, opts...)
		if err != nil {
			return nil, err
		}
		return list.Data, nil
	}, func(subaccount *api.Subaccount) string { return subaccount.ID })
	return within(listed, "Subaccounts", from, to, func(subaccount *api.Subaccount) time.Time { return subaccount.CreatedOn })
}

// ignoredCursorError is a page that came before. It says "cnaught:" once, where
// wrapping ErrCursorIgnored would say it twice.
type ignoredCursorError struct{ op, id string }

func (e *ignoredCursorError) Error() string {
	return fmt.Sprintf("cnaught: %s: the server ignored the cursor: %q came twice", e.op, e.id)
}

func (e *ignoredCursorError) Is(target error) bool { return target == ErrCursorIgnored }

// pages walks a list from new to old. Answers do not say whether there is more, so
// it ends on a page that is shorter than the server's pages are, or empty; and
// with ErrCursorIgnored on a page that has something of the page before, or a
// cursor, which is found out before the loop gets to see any of it.
func pages[T any](c *Client, op string, o ListOptions, fetch func(ListOptions) ([]T, error), id func(*T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		o := o
		if o.Limit == 0 {
			o.Limit = maxLimit
		}
		fail := func(err error) { var zero T; yield(zero, err) }
		if o.EndingBefore != "" && o.StartingAfter == "" {
			more, err := newer(o, fetch, yield, id)
			if err != nil {
				fail(err)
			}
			if !more {
				return
			}
		}
		end := o.EndingBefore
		if o.StartingAfter == "" {
			o.EndingBefore = ""
		}
		cursors, before := map[string]bool{}, map[string]bool{} // before: the page before
		full := min(o.Limit, leastPage)                         // what a page has if there is more
		for {
			if o.StartingAfter != "" {
				cursors[o.StartingAfter] = true
			}
			page, err := fetch(o)
			if err != nil {
				fail(err)
				return
			}
			ids := make(map[string]bool, len(page))
			for i := range page {
				id := id(&page[i])
				if cursors[id] || before[id] {
					fail(&ignoredCursorError{op, quote(c.secret.mask(id))})
					return
				}
				ids[id] = true
			}
			for i := range page {
				if id(&page[i]) == end && end != "" {
					return
				}
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < full {
				return
			}
			full = max(full, min(o.Limit, len(page)))
			o.StartingAfter, before = id(&page[len(page)-1]), ids
		}
	}
}

// newer asks for the page right after the cursor, in time. Nearly always that
// is all there is, and it is yielded. A page that may be full need not be: it is
// nearest to the cursor, so newest first has to begin at the top of the list
// instead, and the page has only shown that the API knows the cursor.
func newer[T any](o ListOptions, fetch func(ListOptions) ([]T, error), yield func(T, error) bool, id func(*T) string) (more bool, err error) {
	page, err := fetch(o)
	if err != nil {
		return false, err
	}
	if len(page) >= min(o.Limit, leastPage) {
		return true, nil
	}
	for i := range page {
		if id(&page[i]) == o.EndingBefore || !yield(page[i], nil) {
			return false, nil
		}
	}
	return false, nil
}
