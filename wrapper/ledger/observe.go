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

// Observe takes an order that the API has shown, and books it if its mark is
// one of the ledger's. Orders of others are no error. It makes a function for
// the client's OrderEventHandler, which fetches the order from the API:
//
//	mux.Handle("POST /webhooks/"+secret, client.OrderEventHandler(ledger.Observe))
//
// What a webhook's body says is not to be trusted; do not pass it on.
func (l *Ledger) Observe(ctx context.Context, order *api.Order) error {
	if order == nil || order.ID == "" {
		return invalid("Observe", "order", "has no id")
	}
	_, err := l.observe(ctx, "Observe", order)
	return err
}

// sighting is what an order meant to the ledger.
type sighting struct {
	line   *line // nil if no line has its mark
	marked string
	booked bool
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
			l.o.Logger.ErrorContext(ctx, "cnaught: ledger: an order with a mark of no purchase", "order", order.ID, "mark", mark)
		}
		return sighting{marked: mark}, nil
	case err != nil:
		return sighting{}, databaseError(call, err)
	}
	seen := sighting{line: line, marked: mark}
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
	// Only a fact needs no claim, and an order that fits in part is none.
	c, err := l.claimRef(ctx, call, line.Ref)
	if err != nil || c == nil {
		return seen, errors.Join(err, &failure{call: call, ref: line.Ref, kind: ErrBusy})
	}
	c.look = &look{began: c.renewed, marked: map[string][]*api.Order{mark: {order}}}
	_, err = l.bookSeen(ctx, c)
	seen.booked = c.booked
	return seen, err
}

// refresh keeps what has become of a bought order.
func (l *Ledger) refresh(ctx context.Context, line *line, order *api.Order) error {
	if line.Order != nil && line.Order.State == order.State {
		return nil
	}
	kept, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("cnaught: ledger: order %s can't be kept: %w", order.ID, err)
	}
	if _, err := l.db.ExecContext(ctx, l.sql.refresh, string(kept), line.Ref, order.ID); err != nil {
		return databaseError("Observe", err)
	}
	return nil
}
