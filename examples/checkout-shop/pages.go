package main

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

const (
	maxKg                   = 100_000
	maxName                 = 100 // characters; CNaught takes 512
	leastPrice api.USDCents = 50  // that the checkout takes
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

// view is what the page shows: the form, a cart, an order or a message.
type view struct {
	Title, Text string
	Refresh     string           // when the browser loads which page again; empty: never
	Next        string           // where a message leads; empty: nowhere
	Kg, Name    string           // in the form
	Cart        *cart            // nil for the form and for a message
	Order       *api.Order       // nil until the customer has paid
	OnTop       *ledger.Purchase // nil unless the shop buys something on top
}

// handler serves the customers, and CNaught's webhooks.
func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, form("", "", "")) })
	mux.HandleFunc("POST /carts", orFail(s.newCart))
	mux.HandleFunc("GET /carts/{id}", orFail(s.showCart))
	mux.HandleFunc("POST /carts/{id}/pay", orFail(s.pay))
	events := s.client.OrderEventHandler(s.observe)
	mux.HandleFunc("POST /webhooks/{id}", orFail(func(w http.ResponseWriter, r *http.Request) error {
		_, err := s.cart(r.Context(), r.PathValue("id"))
		if err == nil {
			events.ServeHTTP(w, r)
		}
		return err
	}))
	return http.NewCrossOriginProtection().Handler(mux)
}

// newCart writes down what the customer wants, unless the checkout would refuse it.
func (s *shop) newCart(w http.ResponseWriter, r *http.Request) error {
	typed, name := r.PostFormValue("kg"), r.PostFormValue("name")
	kg, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || kg < 1 || kg > maxKg || utf8.RuneCountInString(name) > maxName {
		show(w, http.StatusUnprocessableEntity, form(typed, name,
			fmt.Sprintf("We sell 1 to %d whole kilograms, with a name of up to %d characters.", maxKg, maxName)))
		return nil
	}
	quote, err := s.client.QuoteMass(r.Context(), api.MassQuoteRequest{AmountKg: float64(kg), Source: api.QuoteSourceCheckout})
	if err != nil {
		return err
	}
	if quote.PriceUSDCents < leastPrice {
		show(w, http.StatusUnprocessableEntity, form(typed, name,
			fmt.Sprintf("%d kg cost %v, and the checkout takes no less than %v.", kg, quote.PriceUSDCents, leastPrice)))
		return nil
	}
	id := rand.Text()
	if _, err := s.db.ExecContext(r.Context(), `INSERT INTO carts (id, amount_kg, price_usd_cents, name) VALUES ($1, $2, $3, $4)`,
		id, kg, quote.PriceUSDCents, name); err != nil {
		return err
	}
	http.Redirect(w, r, "/carts/"+id, http.StatusSeeOther)
	return nil
}

// pay sends the customer to the checkout.
func (s *shop) pay(w http.ResponseWriter, r *http.Request) error {
	c, err := s.cart(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	url, err := s.checkout(r.Context(), c)
	if err != nil {
		return err
	}
	http.Redirect(w, r, url, http.StatusSeeOther)
	return nil
}

// showCart shows how far a cart has come. Customers come back to it from the
// checkout, whether they have paid or not.
func (s *shop) showCart(w http.ResponseWriter, r *http.Request) error {
	c, err := s.cart(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	session, err := s.settle(r.Context(), c)
	if err != nil {
		return err
	}
	v := view{Title: "Your cart", Cart: c}
	switch {
	case c.OrderID != "":
		v.Title = "Thank you!"
		if v.Order, err = s.client.GetOrder(r.Context(), c.OrderID); err != nil {
			return err
		}
		v.OnTop, err = s.books.Get(r.Context(), c.ID)
		if err != nil && !errors.Is(err, ledger.ErrNotRecorded) {
			return err
		}
		if v.OnTop != nil && v.OnTop.State == ledger.Pending {
			v.Refresh = "2"
		}
	case c.SessionID != "" && session.State != api.CheckoutSessionStateOpen:
		v = view{Title: "Thank you!", Text: "Your payment is being processed. This page reloads until your order is there.", Refresh: "2"}
	}
	show(w, http.StatusOK, v)
	return nil
}

// orFail makes a handler of a function. An error becomes a page that says that
// there is no such cart, or that asks the customer to try again.
func orFail(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch err := f(w, r); {
		case errors.Is(err, sql.ErrNoRows):
			show(w, http.StatusNotFound, view{Title: "There is no such cart", Text: "Please check the address.", Next: "/"})
		case err != nil:
			slog.ErrorContext(r.Context(), "shop: no page", "path", r.URL.Path, "error", err)
			v := view{Title: "Please try again", Text: "Something does not work right now. Nothing is lost, and nothing is paid twice.", Next: "/"}
			if id := r.PathValue("id"); id != "" {
				v.Refresh, v.Next = "5; url=/carts/"+id, "/carts/"+id
			}
			show(w, http.StatusServiceUnavailable, v)
		}
	}
}

// form is the form for a new cart, with what was wrong with the last one.
func form(kg, name, text string) view {
	return view{Title: "Offset your carbon emissions", Kg: cmp.Or(kg, "100"), Name: name, Text: text}
}

func show(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if v.Refresh != "" {
		w.Header().Set("Refresh", v.Refresh)
	}
	w.WriteHeader(status)
	if err := page.Execute(w, v); err != nil {
		slog.Error("shop: a page broke off", "error", err)
	}
}
