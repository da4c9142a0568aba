package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// pageSize is the largest page of orders that the API returns.
const pageSize = 100

// look is the result of reading the list of orders once: all orders with a mark.
type look struct {
	began   time.Time
	marked  map[string][]*api.Order // by mark
	related map[string][]*api.Order // by refPart of the mark
	blind   bool                    // whether the API omits metadata, so that a missing mark proves nothing
}

// lookFor looks for the orders of claims that share a token and a subaccount. It
// reads the list once for all of them, and renews their leases after each page.
func (l *Ledger) lookFor(ctx context.Context, claims []*claim) error {
	oldest := claims[0].createdMS
	for _, c := range claims {
		oldest = min(oldest, c.createdMS)
	}
	s, err := l.look(ctx, claims[0].Subaccount, time.UnixMilli(oldest), func() error { return l.renew(ctx, claims) })
	if err != nil {
		return err
	}
	for _, c := range claims {
		c.look = s
	}
	return nil
}

// look collects the marked orders that were created after since, which is a time
// of the database's clock, and calls page after each page. If it can't read the
// whole list, it returns only the error: half a list can't show that an order is
// missing.
func (l *Ledger) look(ctx context.Context, subaccount string, since time.Time, page func() error) (*look, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.LookTimeout)
	defer cancel()
	s := &look{began: time.Now(), marked: make(map[string][]*api.Order), related: make(map[string][]*api.Order)}
	err := l.walk(ctx, subaccount, since, func(orders []api.Order) error {
		for i := range orders {
			o := &orders[i]
			if mark, _ := splitMark(cnaught.Value(o.Metadata)); mark != "" {
				s.marked[mark] = append(s.marked[mark], o)
				s.related[refPart(mark)] = append(s.related[refPart(mark)], o)
			}
		}
		return page()
	})
	if err == nil {
		s.blind, err = l.isBlind(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// walk calls see with each page of the list of orders, newest first. It stops
// after the last page, or after a page on which all orders are older than since
// by more than ClockSkew.
func (l *Ledger) walk(ctx context.Context, subaccount string, since time.Time, see func([]api.Order) error) error {
	cutoff := since.Add(-l.o.ClockSkew)
	seen := make(map[string]bool)
	for o := (cnaught.ListOptions{Limit: pageSize}); ; {
		page, err := l.page(ctx, subaccount, o)
		if err != nil {
			return err
		}
		old := true
		for i := range page {
			if seen[page[i].ID] {
				return cnaught.ErrCursorIgnored
			}
			seen[page[i].ID] = true
			old = old && !page[i].CreatedOn.IsZero() && page[i].CreatedOn.Before(cutoff)
		}
		if err := see(page); err != nil {
			return err
		}
		if old { // This is also true of an empty page, the last one.
			return nil
		}
		o.StartingAfter = page[len(page)-1].ID
	}
}

func (l *Ledger) page(ctx context.Context, subaccount string, o cnaught.ListOptions) ([]api.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.CallTimeout) // The lease must not end before the next renewal.
	defer cancel()
	list, err := l.client.ListOrders(ctx, o, actFor(subaccount), cnaught.WithHeader("Cache-Control", "no-cache"))
	if err != nil {
		return nil, err
	}
	return list.Data, nil
}

// isBlind reports whether the API returns orders without their metadata, in which
// case a look can't find them. It fetches the orders whose first answer lacked the
// mark once more, and is true if the mark is still missing from one of them.
func (l *Ledger) isBlind(ctx context.Context) (bool, error) {
	for {
		line, err := scanLine(l.db.QueryRowContext(ctx, l.sql.unmarked))
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, databaseError("look", err)
		}
		order, err := l.client.GetOrder(ctx, line.OrderID, actFor(line.Subaccount))
		if err != nil {
			return false, err
		}
		if mark, _ := splitMark(cnaught.Value(order.Metadata)); mark != line.mark {
			return true, nil
		}
		if _, err := l.db.ExecContext(ctx, l.sql.marked, line.Ref); err != nil {
			return false, databaseError("look", err)
		}
	}
}
