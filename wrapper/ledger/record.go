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
	maxRef  = 255 // characters
	maxText = 512 // characters; the API's limit
)

// Execer is a [*sql.Tx], a [*sql.Conn] or a [*sql.DB].
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// RecordOption changes what is recorded.
type RecordOption func(*recording)

// ForSubaccount records a purchase of a subaccount, whatever the client's own
// subaccount is.
func ForSubaccount(id string) RecordOption {
	return func(r *recording) { r.subaccount, r.given = id, true }
}

// recording is a purchase about to be recorded.
type recording struct {
	subaccount string
	given      bool
	mark, key  string
	body       string
}

// Record writes down a purchase, in the transaction of the caller: it is made
// if that commits, and never if it does not. [Ledger.Run] takes it up, or
// [Ledger.Settle] at once. The ref is the caller's name for the purchase, such
// as the cart's id, of at most 255 characters.
//
// The same ref again changes nothing. With another order or subaccount it
// gives [ErrConflict]. Input that the API would refuse gives
// [cnaught.ErrInvalidRequest]. The order at the API has the ledger's mark in front
// of its metadata, which takes 34 of the 512 characters and the namespace;
// [Purchase] shows the caller's own text alone.
//
// On PostgreSQL above READ COMMITTED, a ref that somebody else has recorded
// since the transaction began fails with SQLSTATE 40001, and the transaction
// has to be repeated. On SQLite a transaction that reads before it writes
// should begin with BEGIN IMMEDIATE; see [New].
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

// Buy records a purchase and settles it; see [Ledger.Record] and
// [Ledger.Settle]. It uses a connection of its own, so the ref must not be part
// of a transaction that is still open. The same ref again, as after a crash or
// a second click, comes to the same purchase.
//
// A nil error does not mean that it is bought. Look at the purchase's State: it
// may be Pending, which [Ledger.Run] settles, Refused or Stuck, and Order is nil
// unless it is [Bought].
//
// Another order under the same ref gives [ErrConflict]. So where the amount comes
// from a quote, which may give another one the next time, call [Ledger.Get] first,
// and Buy only after [ErrNotRecorded].
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

// prepare checks the input and makes the line's mark, key and body.
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
		return nil, invalid(call, "metadata", "has %d characters; beside the ledger's mark there is room for %d",
			utf8.RuneCountInString(order.Metadata), room)
	}
	body, err := encode(order, r.mark)
	r.body = body
	return r, err
}

func encode(order api.OrderCreate, mark string) (string, error) {
	order.Metadata = mark + " " + order.Metadata
	body, err := json.Marshal(order)
	if err != nil {
		return "", invalid("Record", "order", "can't be encoded: %v", err)
	}
	return string(body), nil
}

// compare tells a purchase that is recorded already from another one of the
// same ref. It compares by meaning: another release of this package may write
// the members in another order.
func (l *Ledger) compare(ctx context.Context, tx Execer, call, ref string, r *recording) error {
	var mark, subaccount, body string
	if err := tx.QueryRowContext(ctx, l.sql.same, ref).Scan(&mark, &subaccount, &body); err != nil {
		if errors.Is(err, sql.ErrNoRows) { // withdrawn since
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

// Withdraw takes a purchase back, in the transaction of the caller, before the
// first request for it is sent; after that it gives [ErrSent]. The ref is free
// again. To cancel an order that was bought, call the client's CancelOrder
// with a key of your own.
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
		return invalid(call, "subaccount", "is %q, not printable ASCII without white space around it", id)
	}
	return nil
}

// checkOrder refuses what PlaceOrder does, before it is written down.
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

// isNil tells a nil interface and one that holds a nil pointer.
func isNil(tx Execer) bool {
	v := reflect.ValueOf(tx)
	return tx == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// affected reports whether a statement changed a line.
func affected(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
