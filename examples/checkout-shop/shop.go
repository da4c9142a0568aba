package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	_ "modernc.org/sqlite"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// settleEvery is how often the shop looks for customers who have paid and did not
// come back.
const settleEvery = time.Minute

const schema = `
CREATE TABLE IF NOT EXISTS carts (
	id text NOT NULL PRIMARY KEY, -- random: who knows it may see the cart
	amount_kg integer NOT NULL,
	price_usd_cents integer NOT NULL, -- of the quote
	name text NOT NULL,
	session_id text UNIQUE, -- the checkout session that the customer may pay or has paid
	order_id text           -- the order that this has placed
);`

// shop sells carbon credits.
type shop struct {
	url    string
	db     *sql.DB
	client *cnaught.Client
	books  *ledger.Ledger // what the shop buys itself; the ref is the cart's id
}

// openShop opens the database and makes its tables.
func openShop(file, url string, client *cnaught.Client) (*shop, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(schema + ledger.Schema); err != nil {
		return nil, err
	}
	books, err := ledger.New(db, client, ledger.Options{Logger: slog.Default()})
	return &shop{url, db, client, books}, err
}

// cart is what one customer wants to buy.
type cart struct {
	ID                 string
	AmountKg           int64
	Price              api.USDCents
	Name               string
	SessionID, OrderID string
}

// cart returns a cart, or sql.ErrNoRows.
func (s *shop) cart(ctx context.Context, id string) (*cart, error) {
	c := &cart{ID: id}
	return c, s.db.QueryRowContext(ctx, `SELECT amount_kg, price_usd_cents, name, coalesce(session_id, ''), coalesce(order_id, '')
		FROM carts WHERE id = $1`, id).Scan(&c.AmountKg, &c.Price, &c.Name, &c.SessionID, &c.OrderID)
}

// checkout returns the page on which the customer can pay, or the cart's own page
// if there is nothing to pay. At any time, people know at most one session of a
// cart that can be paid, so it is paid once.
func (s *shop) checkout(ctx context.Context, c *cart) (url string, err error) {
	session, err := s.settle(ctx, c)
	switch {
	case err != nil:
		return "", err
	case session != nil && session.State == api.CheckoutSessionStateOpen:
		return session.CheckoutURL, nil
	case c.SessionID != "":
		return "/carts/" + c.ID, nil
	}
	// A session is lost if the process is killed before it is stored. Nobody
	// knows its page then, and it expires.
	back := s.url + "/carts/" + c.ID
	session, err = s.client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg: float64(c.AmountKg), Description: c.Name, SuccessURL: back, CancelURL: back, NotificationConfig: s.notify(c.ID),
	})
	if err != nil {
		return "", err
	}
	stored, err := s.db.ExecContext(ctx, `UPDATE carts SET session_id = $1 WHERE id = $2 AND session_id IS NULL`, session.ID, c.ID)
	if err != nil {
		return "", err
	}
	if n, err := stored.RowsAffected(); err != nil || n == 0 { // a second click was faster
		return "/carts/" + c.ID, err
	}
	return session.CheckoutURL, nil
}

// settle finds out what has become of a cart whose session has no order yet, and
// books the order. It returns the session, or nil for all other carts.
func (s *shop) settle(ctx context.Context, c *cart) (*api.CheckoutSession, error) {
	if c.SessionID == "" || c.OrderID != "" {
		return nil, nil
	}
	session, err := s.client.GetCheckoutSession(ctx, c.SessionID)
	if err != nil {
		return nil, err
	}
	switch session.State {
	case api.CheckoutSessionStateExpired: // it takes no payment any more
		_, err = s.db.ExecContext(ctx, `UPDATE carts SET session_id = NULL WHERE id = $1 AND session_id = $2`, c.ID, c.SessionID)
		c.SessionID = ""
	case api.CheckoutSessionStateComplete:
		order, err := s.client.OrderOfCheckoutSession(ctx, session)
		if errors.Is(err, cnaught.ErrNotFound) { // the payment is being processed
			return session, nil
		}
		if err != nil {
			return nil, err
		}
		c.OrderID = order.ID
		return session, s.book(ctx, order)
	}
	return session, err
}

// book writes down the order that a customer has paid for and, in the same
// transaction, what the shop buys on top. The same order again changes nothing.
func (s *shop) book(ctx context.Context, order *api.Order) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var id string
	var kg int64
	err = tx.QueryRowContext(ctx, `UPDATE carts SET order_id = $1 WHERE session_id = $2 AND order_id IS NULL RETURNING id, amount_kg`,
		order.ID, order.CheckoutSessionID).Scan(&id, &kg)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case order.State != api.OrderStateCancelled:
		tenth := (kg + 9) / 10 // whole kilograms, rounded up
		if err := s.books.Record(ctx, tx, id, api.OrderCreate{
			AmountKg: float64(tenth), Description: "A tenth on top, from the shop", NotificationConfig: s.notify(id),
		}); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// notify has CNaught tell the shop of an order, at an address that nobody can guess.
func (s *shop) notify(id string) *api.NotificationConfig {
	return &api.NotificationConfig{URL: s.url + "/webhooks/" + id}
}

// observe takes an order that CNaught has told the shop of.
func (s *shop) observe(ctx context.Context, order *api.Order) error {
	if order.CheckoutSessionID != nil {
		return s.book(ctx, order)
	}
	return s.books.Observe(ctx, order)
}

// settleAll settles the carts of customers who did not come back, at the start and
// from time to time.
func (s *shop) settleAll(ctx context.Context) {
	for ; ; time.Sleep(settleEvery) {
		if err := s.settleOpen(ctx); err != nil {
			slog.ErrorContext(ctx, "shop: a cart is not settled", "error", err)
		}
	}
}

// settleOpen settles every cart whose session has no order yet. One that fails does
// not stop the others.
func (s *shop) settleOpen(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT id, session_id FROM carts WHERE session_id IS NOT NULL AND order_id IS NULL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var open []cart
	for rows.Next() {
		var c cart
		if err := rows.Scan(&c.ID, &c.SessionID); err != nil {
			return err
		}
		open = append(open, c)
	}
	failures := []error{rows.Err()}
	for _, c := range open {
		_, err := s.settle(ctx, &c)
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
