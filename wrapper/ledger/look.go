package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// pageSize is the API's largest page.
const pageSize = 100

// look is what one walk through the list of orders has seen of marks.
type look struct {
	began   time.Time
	marked  map[string][]*api.Order // by mark
	related map[string][]*api.Order // by refPart
	blind   bool                    // the API does not return marks: not to see one says nothing
}

// lookFor looks for the orders of claims with one token and subaccount, all in
// one walk, and renews their leases with each page.
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

// look walks through the orders since a time of the database's clock. After an
// error it is worth nothing, however much it has seen.
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

// walk goes through the list of orders, newest first, from its first page to
// the end, or to a whole page that is older than since by more than the clocks
// are apart.
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
		if old { // or empty
			return nil
		}
		o.StartingAfter = page[len(page)-1].ID
	}
}

func (l *Ledger) page(ctx context.Context, subaccount string, o cnaught.ListOptions) ([]api.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.CallTimeout) // a longer one would outlast the lease
	defer cancel()
	list, err := l.client.ListOrders(ctx, o, actFor(subaccount), cnaught.WithHeader("Cache-Control", "no-cache"))
	if err != nil {
		return nil, err
	}
	return list.Data, nil
}

// isBlind reports whether an order has come back without its mark, which means
// that looks find nothing whatever there is. An order of which that is not
// known is fetched again.
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
