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

// State is the state of a purchase. Every purchase ends as Bought, Refused or
// Stuck.
type State string

const (
	// Pending means that the purchase is recorded, and that its outcome is not
	// known yet.
	Pending State = "pending"
	// Bought means that the order exists. This state is final.
	Bought State = "bought"
	// Refused means that the API refused the order, and that there is none.
	Refused State = "refused"
	// Stuck means that the ledger can't find out whether there is an order, and
	// that a person has to decide with [Ledger.Resolve].
	Stuck State = "stuck"
)

// Purchase is one purchase in the ledger.
type Purchase struct {
	// Ref is the caller's name for the purchase.
	Ref string
	// State is the state of the purchase.
	State State
	// Request is the order as it was recorded, without the ledger's mark in its
	// metadata.
	Request api.OrderCreate
	// Subaccount is the id of the subaccount that buys, or empty for the account
	// itself.
	Subaccount string
	// Key is the Idempotency-Key of every call for this purchase.
	Key string
	// Order is the order as it was when it was booked or last observed, without
	// the ledger's mark in its metadata. It is nil unless the purchase is bought.
	Order *api.Order
	// OrderID is the order's id. A stuck purchase has one if the ledger found an
	// order that matches it only in part.
	OrderID string
	// Extra holds the ids of further orders for this purchase. There should be
	// none; if there are, a person has to cancel them.
	Extra []string
	// Err says how the last try failed, or why the purchase is refused or stuck.
	Err string
	// Tries counts the tries that the API answered without settling the purchase.
	Tries int
	// Told reports whether Options.OnChange has been called successfully for the
	// current state.
	Told bool
	// CreatedAt is when the purchase was recorded, SentAt when its last call began,
	// and Due when Run tries next. SentAt and Due are zero if there is no such time.
	// They are times of the database's clock, except that CreatedAt and SentAt of a
	// purchase that Buy has just recorded are times of this machine's clock.
	CreatedAt, SentAt, Due time.Time

	mark string
}

// line is a row of the table; see [Schema] for its columns.
type line struct {
	Purchase
	body      string
	lease     string
	createdMS int64
	leasedMS  int64
	age       time.Duration  // since begun_ms
	anchored  *time.Duration // since anchor_ms, or nil if it is null
	sent      bool           // whether a request may have been sent
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

// withoutMark returns a copy of the order without the mark in its metadata.
func withoutMark(order *api.Order) *api.Order {
	own := *order
	if order.Metadata != nil {
		_, text := splitMark(*order.Metadata)
		own.Metadata = &text
	}
	return &own
}

// Get returns the purchase with this ref, or [ErrNotRecorded] if there is none.
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

// lines runs a query and returns all lines of its result. It reads them at once
// so that the rows do not occupy a connection while other statements run.
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

// Filter selects purchases. The zero value selects all.
type Filter struct {
	// State selects the purchases in one state. An index makes finding those
	// that are stuck fast, however many others there are.
	State State
}

// Purchases iterates over the purchases that match the filter, in the order of
// their refs. It reads them from the database a hundred at a time, and ends
// after it has yielded an error.
func (l *Ledger) Purchases(ctx context.Context, f Filter) iter.Seq2[Purchase, error] {
	return func(yield func(Purchase, error) bool) {
		query, ok := l.sql.pages[f.State]
		if !ok {
			yield(Purchase{}, invalid("Purchases", "State", "is %q, which is not a valid state", f.State))
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

// text returns the text of an error as the ledger stores it: at most about 2000
// bytes that every database accepts. It leaves out the client's advice to call
// again with the same key, because the ledger does that itself, and somebody who
// followed the advice without looking at the list first might buy twice.
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
