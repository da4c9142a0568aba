package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
)

const (
	maxRef  = 255 // in characters
	maxText = 512 // in characters; this is the API's limit
)

// Execer executes statements, as a [*sql.Tx], a [*sql.Conn] or a [*sql.DB] does.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// RecordOption is an option of [Ledger.Record] and [Ledger.Buy].
type RecordOption func(*recording)

// ForSubaccount makes the purchase one of this subaccount, instead of the
// subaccount that the client is set to.
func ForSubaccount(id string) RecordOption {
	return func(r *recording) { r.subaccount, r.given = id, true }
}

// recording is a purchase that is about to be recorded.
type recording struct {
	subaccount string
	given      bool // whether subaccount was set by ForSubaccount
	mark, key  string
	body       string
}

// Record records a purchase in the caller's transaction. If the transaction
// commits, [Ledger.Run] makes the purchase, or [Ledger.Settle] makes it at once;
// if it does not, the purchase is never made. The ref is the caller's name for
// the purchase, such as the id of a cart, and has at most 255 characters.
//
// Recording the same purchase again changes nothing. Recording another order, or
// one for another subaccount, under the same ref gives [ErrConflict]. Input that
// the API would refuse gives [cnaught.ErrInvalidRequest]. At the API, the metadata of
// the order begins with the ledger's mark, which takes 34 of the 512 characters and
// the length of the namespace; [Purchase] has only the caller's own text.
//
// On PostgreSQL at an isolation level above READ COMMITTED, Record fails with
// SQLSTATE 40001 if another transaction has recorded the ref since this one
// began, and the program has to repeat its transaction. On SQLite, a transaction
// that reads before it writes should start with BEGIN IMMEDIATE; see [New].
func (l *Ledger) Record(ctx context.Context, tx Execer, ref string, order api.OrderCreate, opts ...RecordOption) error {
	if isNil(tx) {
		return invalid("Record", "tx", "is nil")
	}
	r, err := l.prepare("Record", ref, order, opts)
	if err != nil {
		return err
	}
	done, err := affected(tx.ExecContext(ctx, l.sql.insert, ref, r.mark, r.key, r.subaccount, r.body))
	if err != nil {
		return databaseError("Record", err)
	}
	if done {
		return nil
	}
	return l.compare(ctx, tx, "Record", ref, r)
}

// Buy records a purchase and settles it at once; see [Ledger.Record] and
// [Ledger.Settle]. It does not use the caller's transaction, so the ref must not
// have been recorded in one that is still open. Buying again with the same ref,
// for example after a crash or a second click, returns the same purchase.
//
// A nil error does not mean that the purchase was made. Look at its State, which may
// be Pending, Refused or Stuck; Order is nil unless it is [Bought].
//
// Another order under the same ref gives [ErrConflict]. If the amount comes from a
// quote, which may differ the next time, call [Ledger.Get] first, and Buy only after
// [ErrNotRecorded].
func (l *Ledger) Buy(ctx context.Context, ref string, order api.OrderCreate, opts ...RecordOption) (*Purchase, error) {
	r, err := l.prepare("Buy", ref, order, opts)
	if err != nil {
		return nil, err
	}
	c := &claim{token: rand.Text(), renewed: time.Now(), calls: context.WithoutCancel(ctx)}
	done, err := affected(l.exec(ctx, l.sql.insertSent, ref, r.mark, r.key, r.subaccount, r.body, c.token, ms(l.o.lease())))
	if err != nil {
		return nil, databaseError("Buy", err)
	}
	if !done {
		if err := l.compare(ctx, l.db, "Buy", ref, r); err != nil {
			return nil, err
		}
		return l.settle(ctx, "Buy", ref)
	}
	now := c.renewed.UTC()
	c.line = &line{body: r.body, sent: true, Purchase: Purchase{Ref: ref, State: Pending, Request: order, Subaccount: r.subaccount,
		Key: r.key, Told: true, CreatedAt: now, SentAt: now, mark: r.mark}}
	c.createdMS = now.UnixMilli()
	return l.outcome(ctx, "Buy", c, l.send(ctx, c))
}

// prepare checks the input and generates the mark, the key and the body.
func (l *Ledger) prepare(call, ref string, order api.OrderCreate, opts []RecordOption) (*recording, error) {
	r := &recording{subaccount: l.client.Subaccount()}
	for _, opt := range opts {
		if opt != nil {
			opt(r)
		}
	}
	if err := checkRef(call, ref); err != nil {
		return nil, err
	}
	if err := checkSubaccount(call, r.subaccount, r.given); err != nil {
		return nil, err
	}
	if err := checkOrder(call, order); err != nil {
		return nil, err
	}
	r.mark, r.key = newMark(l.o.Namespace, ref), rand.Text()
	if room := maxText - len(r.mark) - 1; utf8.RuneCountInString(order.Metadata) > room {
		return nil, invalid(call, "metadata", "has %d characters; with the ledger's mark, there is room for %d",
			utf8.RuneCountInString(order.Metadata), room)
	}
	body, err := encode(order, r.mark)
	r.body = body
	return r, err
}

// encode returns the request body for an order, with the mark in its metadata.
func encode(order api.OrderCreate, mark string) (string, error) {
	order.Metadata = mark + " " + order.Metadata
	body, err := json.Marshal(order)
	if err != nil {
		return "", invalid("Record", "order", "can't be encoded: %v", err)
	}
	return string(body), nil
}

// compare returns nil if r is the purchase that is already recorded under this
// ref, and ErrConflict if it is another one. It compares the bodies as JSON
// values, because another version of this package may have encoded the members
// in another order.
func (l *Ledger) compare(ctx context.Context, tx Execer, call, ref string, r *recording) error {
	var mark, subaccount, body string
	if err := tx.QueryRowContext(ctx, l.sql.same, ref).Scan(&mark, &subaccount, &body); err != nil {
		if errors.Is(err, sql.ErrNoRows) { // It was withdrawn in the meantime.
			return &failure{call: call, ref: ref, kind: ErrNotRecorded}
		}
		return databaseError(call, err)
	}
	ours := strings.Replace(r.body, r.mark, mark, 1)
	if subaccount == r.subaccount && (ours == body || sameJSON(ours, body)) {
		return nil
	}
	return &failure{call: call, ref: ref, kind: ErrConflict,
		err: errors.New("it was recorded with another order or for another subaccount")}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// Withdraw deletes a recorded purchase in the caller's transaction, after which
// the ref can be used again. It returns [ErrSent] if a request for the purchase
// may have been sent. To cancel an order that was bought, call the client's
// CancelOrder with your own idempotency key.
func (l *Ledger) Withdraw(ctx context.Context, tx Execer, ref string) error {
	if isNil(tx) {
		return invalid("Withdraw", "tx", "is nil")
	}
	if err := checkRef("Withdraw", ref); err != nil {
		return err
	}
	done, err := affected(tx.ExecContext(ctx, l.sql.remove, ref))
	if err != nil {
		return databaseError("Withdraw", err)
	}
	if done {
		return nil
	}
	var mark, subaccount, body string
	switch err := tx.QueryRowContext(ctx, l.sql.same, ref).Scan(&mark, &subaccount, &body); {
	case errors.Is(err, sql.ErrNoRows):
		return &failure{call: "Withdraw", ref: ref, kind: ErrNotRecorded}
	case err != nil:
		return databaseError("Withdraw", err)
	}
	return &failure{call: "Withdraw", ref: ref, kind: ErrSent}
}

func checkRef(call, ref string) error {
	switch {
	case ref == "":
		return invalid(call, "ref", "is empty")
	case !utf8.ValidString(ref):
		return invalid(call, "ref", "is not valid UTF-8")
	case utf8.RuneCountInString(ref) > maxRef:
		return invalid(call, "ref", "has %d characters, more than %d", utf8.RuneCountInString(ref), maxRef)
	case strings.ContainsFunc(ref, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return invalid(call, "ref", "holds control characters")
	}
	return nil
}

func checkSubaccount(call, id string, given bool) error {
	if given && id == "" {
		return invalid(call, "subaccount", "is empty")
	}
	if strings.TrimSpace(id) != id || strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return invalid(call, "subaccount", "is %q: it must be printable ASCII without white space around it", id)
	}
	return nil
}

// checkOrder refuses the same orders as the client's PlaceOrder, so that none of
// them is recorded.
func checkOrder(call string, o api.OrderCreate) error {
	amount, price := o.AmountKg, float64(o.TotalPriceUSDCents)
	switch {
	case amount != 0 && price != 0:
		return invalid(call, "amount_kg and total_price_usd_cents", "exclude each other")
	case amount == 0 && price == 0:
		return invalid(call, "amount_kg or total_price_usd_cents", "must be set")
	case !(amount+price > 0) || math.IsInf(amount+price, 1):
		return invalid(call, "amount_kg or total_price_usd_cents", "is %v, not a positive number", amount+price)
	}
	for field, text := range map[string]string{"metadata": o.Metadata, "description": o.Description} {
		switch {
		case !utf8.ValidString(text):
			return invalid(call, field, "is not valid UTF-8")
		case utf8.RuneCountInString(text) > maxText:
			return invalid(call, field, "has %d characters, more than %d", utf8.RuneCountInString(text), maxText)
		}
	}
	return nil
}

// isNil reports whether tx is nil or holds a nil pointer.
func isNil(tx Execer) bool {
	v := reflect.ValueOf(tx)
	return tx == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// affected reports whether a statement changed at least one line.
func affected(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
