package cnaught

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// FindOrder returns the newest order that match accepts, among those created
// since the given time; the zero time means all. It walks [Client.Orders] from the
// newest on, and ends at the first order that was created before since. An order
// whose creation time cannot be read is looked at, and ends nothing.
//
// If there is none, it returns ErrNotFound, and only then: a list that could not
// be read to its end never gives ErrNotFound, whatever the answer was.
//
// After ErrOutcomeUnknown, the same call with the same key is the first choice.
// Where the API may have forgotten the key, and after ErrInvalidParameters or
// ErrForbidden while a key of your own was being settled, look for the order by its
// metadata before you buy with another key. Begin some minutes before the purchase
// was first tried, since clocks differ, and trust ErrNotFound only some minutes
// after the last try: the list may not show yet what is still under way. Orders of
// subaccounts need [ForSubaccount], as in [Client.ListOrders].
func (c *Client) FindOrder(ctx context.Context, match func(*api.Order) bool, since time.Time, opts ...CallOption) (*api.Order, error) {
	if match == nil {
		return nil, &InvalidRequestError{"FindOrder", "match", "is nil"}
	}
	order, searched, err := c.searchOrders(ctx, "FindOrder", match, since, opts)
	if err == nil && order == nil {
		err = &kindError{fmt.Sprintf("cnaught: FindOrder: not found: none of %d orders matches", searched), ErrNotFound}
	}
	return order, err
}

// searchOrders returns the newest order that match accepts and that was not
// created before since; nil if there is none.
func (c *Client) searchOrders(ctx context.Context, name string, match func(*api.Order) bool, since time.Time, opts []CallOption) (found *api.Order, searched int, err error) {
	// A cached list may not have the order.
	opts = append([]CallOption{WithHeader("Cache-Control", "no-cache")}, opts...)
	for order, err := range c.Orders(ctx, ListOptions{}, opts...) {
		if err != nil {
			return nil, searched, &searchError{name, searched, err}
		}
		if !order.CreatedOn.IsZero() && order.CreatedOn.Before(since) {
			break
		}
		if match(&order) {
			return &order, searched, nil
		}
		searched++
	}
	return nil, searched, nil
}

// searchError is a search that did not come to its end. It is not ErrNotFound,
// even if a gateway answered 404: the order may well be there.
type searchError struct {
	name     string
	searched int
	err      error
}

func (e *searchError) Error() string {
	return fmt.Sprintf("cnaught: %s: after %d orders: %s", e.name, e.searched, strings.TrimPrefix(e.err.Error(), "cnaught: "))
}

func (e *searchError) Is(target error) bool { return target != ErrNotFound && errors.Is(e.err, target) }
func (e *searchError) As(target any) bool   { return errors.As(e.err, target) }
