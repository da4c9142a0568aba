package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// State is how far a purchase has come. Every purchase ends as Bought, Refused
// or Stuck.
type State string

const (
	// Pending: recorded, and not known to be bought or refused.
	Pending State = "pending"
	// Bought: the order exists. This is final.
	Bought State = "bought"
	// Refused: the API said no, and there is no order.
	Refused State = "refused"
	// Stuck: whether there is an order can't be found out without a person; see
	// [Ledger.Resolve].
	Stuck State = "stuck"
)

// Purchase is one line of the ledger.
type Purchase struct {
	Ref   string
	State State
	// Request is what was recorded, with the user's own metadata.
	Request api.OrderCreate
	// Subaccount is whose purchase it is; empty for the account itself.
	Subaccount string
	// Key is the Idempotency-Key of every call for this purchase.
	Key string
	// Order is the order as it was when it was booked or last observed, with the
	// user's own metadata. Nil unless the purchase is bought.
	Order *api.Order
	// OrderID is the order's id. A stuck purchase has one if an order was found
	// that fits it in part.
	OrderID string
	// Extra holds the ids of further orders for this purchase: there should be
	// none, and a person has to cancel them.
	Extra []string
	// Err is what the last try came to, or why the purchase is refused or stuck.
	Err string
	// Tries counts the calls that the API answered without settling it.
	Tries int
	// Told reports whether Options.OnChange has been told of the state.
	Told bool
	// CreatedAt, SentAt (of the last call) and Due (of the next try) are times of
	// the database's clock, or of this machine's where Buy has just recorded the
	// purchase; zero if there is none.
	CreatedAt, SentAt, Due time.Time

	mark string
}

// line is a row of the table.
type line struct {
	Purchase
	body      string
	lease     string
	createdMS int64
	leasedMS  int64
	age       time.Duration  // since it began or its state did
	anchored  *time.Duration // since the look before a call
	sent      bool
}

type scanner interface{ Scan(...any) error }

func scanLine(row scanner) (*line, error) {
	l := new(line)
	var state, told, extra string
	var orderID, orderJSON, lease sql.NullString
	var anchor, sent, due, anchored sql.NullInt64
	var age int64
	if err := row.Scan(&l.Ref, &l.mark, &l.Key, &l.Subaccount, &l.body, &state, &told, &orderID, &orderJSON, &extra, &l.Err,
		&l.Tries, &l.createdMS, &anchor, &sent, &lease, &l.leasedMS, &due, &age, &anchored); err != nil {
		return nil, err
	}
	l.State, l.Told = State(state), told == state || State(state) == Pending
	l.OrderID, l.lease = orderID.String, lease.String
	if extra != "" {
		l.Extra = strings.Fields(extra)
	}
	l.age, l.sent = time.Duration(age)*time.Millisecond, sent.Valid
	if anchored.Valid {
		since := time.Duration(anchored.Int64) * time.Millisecond
		l.anchored = &since
	}
	l.CreatedAt = time.UnixMilli(l.createdMS).UTC()
	if sent.Valid {
		l.SentAt = time.UnixMilli(sent.Int64).UTC()
	}
	if due.Valid {
		l.Due = time.UnixMilli(due.Int64).UTC()
	}
	if err := json.Unmarshal([]byte(l.body), &l.Request); err != nil {
		return nil, fmt.Errorf("body of %q: %w", l.Ref, err)
	}
	_, l.Request.Metadata = splitMark(l.Request.Metadata)
	if orderJSON.Valid {
		l.Order = new(api.Order)
		if err := json.Unmarshal([]byte(orderJSON.String), l.Order); err != nil {
			return nil, fmt.Errorf("order_json of %q: %w", l.Ref, err)
		}
		l.Order = withoutMark(l.Order)
	}
	return l, nil
}

// withoutMark returns the order with the user's own metadata.
func withoutMark(order *api.Order) *api.Order {
	own := *order
	if order.Metadata != nil {
		_, text := splitMark(*order.Metadata)
		own.Metadata = &text
	}
	return &own
}

// Get returns the purchase, or [ErrNotRecorded].
func (l *Ledger) Get(ctx context.Context, ref string) (*Purchase, error) {
	line, err := l.read(ctx, "Get", ref)
	if err != nil {
		return nil, err
	}
	return &line.Purchase, nil
}

func (l *Ledger) read(ctx context.Context, call, ref string) (*line, error) {
	line, err := scanLine(l.db.QueryRowContext(ctx, l.sql.get, ref))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, &failure{call: call, ref: ref, kind: ErrNotRecorded}
	case err != nil:
		return nil, databaseError(call, err)
	}
	return line, nil
}

// lines reads a whole result: no rows stay open while another statement runs.
func (l *Ledger) lines(ctx context.Context, query string, args ...any) ([]*line, error) {
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []*line
	for rows.Next() {
		line, err := scanLine(rows)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// Filter selects purchases; the zero value selects all.
type Filter struct {
	// State selects the purchases in one state. Those that are stuck are found
	// at once among any number of others.
	State State
}

// Purchases iterates over purchases in the order of their refs, a hundred at a
// time. An error is the last thing that it yields.
func (l *Ledger) Purchases(ctx context.Context, f Filter) iter.Seq2[Purchase, error] {
	return func(yield func(Purchase, error) bool) {
		query, ok := l.sql.pages[f.State]
		if !ok {
			yield(Purchase{}, invalid("Purchases", "State", "is %q, which no purchase has", f.State))
			return
		}
		for after := ""; ; {
			lines, err := l.lines(ctx, query, after)
			if err != nil {
				yield(Purchase{}, databaseError("Purchases", err))
				return
			}
			for _, line := range lines {
				if !yield(line.Purchase, nil) {
					return
				}
				after = line.Ref
			}
			if len(lines) == 0 {
				return
			}
		}
	}
}

// text bounds what is stored of an error, in a form that every database takes.
// It leaves out the client's advice to call again with the key: that is the
// ledger's work, and without a look it may buy twice.
func text(err error) string {
	s := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "\ufffd")
	for _, advice := range []string{"; outcome unknown: call again", "; if an earlier call used", "; an earlier call with idempotency key", "; call again with idempotency key"} {
		s, _, _ = strings.Cut(s, advice)
	}
	if len(s) > 2000 {
		s = strings.ToValidUTF8(s[:2000], "") + "..."
	}
	return s
}
