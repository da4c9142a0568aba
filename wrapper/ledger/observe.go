package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Observe books an order that the API has returned, if it belongs to a purchase
// of this ledger. It ignores all other orders. Observe can be passed to the
// client's OrderEventHandler, which fetches the order from the API:
//
//	mux.Handle("POST /webhooks/"+secret, client.OrderEventHandler(l.Observe))
//
// Do not pass it the order in the body of a webhook, which anybody could have
// sent.
func (l *Ledger) Observe(ctx context.Context, order *api.Order) error {
	if order == nil || order.ID == "" {
		return invalid("Observe", "order", "has no id")
	}
	_, err := l.observe(ctx, "Observe", order)
	return err
}

// sighting says what an observed order means for the ledger.
type sighting struct {
	line   *line  // the line with the order's mark, or nil
	mark   string // the order's mark, or empty
	booked bool   // whether the observation changed the line's state
}

func (l *Ledger) observe(ctx context.Context, call string, order *api.Order) (sighting, error) {
	mark, _ := splitMark(cnaught.Value(order.Metadata))
	if mark == "" {
		return sighting{}, nil
	}
	line, err := scanLine(l.db.QueryRowContext(ctx, l.sql.byMark, mark))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if namespaceOf(mark) == l.o.Namespace {
			l.o.Logger.ErrorContext(ctx, "cnaught: ledger: an order has this ledger's mark but belongs to no purchase", "order", order.ID, "mark", mark)
		}
		return sighting{mark: mark}, nil
	case err != nil:
		return sighting{}, databaseError(call, err)
	}
	seen := sighting{line: line, mark: mark}
	switch {
	case line.State == Bought && line.OrderID == order.ID:
		return seen, l.refresh(ctx, line, order)
	case line.State == Bought:
		return seen, l.addExtra(ctx, line, order)
	case fits(line, order):
		seen.booked, err = l.bookFact(ctx, line, order, false, l.sql.bought, "")
		return seen, err
	case line.State != Pending:
		return seen, nil
	}
	// The order has another amount, so that it does not prove that the purchase
	// was made. Changing the line therefore needs a claim.
	c, err := l.claimRef(ctx, call, line.Ref)
	if err != nil || c == nil {
		return seen, errors.Join(err, &failure{call: call, ref: line.Ref, kind: ErrBusy})
	}
	c.look = &look{began: c.renewed, marked: map[string][]*api.Order{mark: {order}}}
	_, err = l.bookSeen(ctx, c)
	seen.booked = c.booked
	return seen, err
}

// refresh stores the order of a bought purchase if its state has changed.
func (l *Ledger) refresh(ctx context.Context, line *line, order *api.Order) error {
	if line.Order != nil && line.Order.State == order.State {
		return nil
	}
	kept, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("cnaught: ledger: order %s can't be encoded: %w", order.ID, err)
	}
	if _, err := l.db.ExecContext(ctx, l.sql.refresh, string(kept), line.Ref, order.ID); err != nil {
		return databaseError("Observe", err)
	}
	return nil
}
