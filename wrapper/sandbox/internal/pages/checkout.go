package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// checkoutPage is the hosted checkout page of one session.
type checkoutPage struct {
	frame
	State       books.SessionState
	AmountKg    float64
	PriceCents  api.USDCents
	Portfolio   string
	Description string
	PayPath     string
	CancelURL   string
	SuccessURL  string  // with the session's id in place of the placeholder
	OrderOn     *moment // when the order of a paid session is placed; nil afterwards
}

func (s *Site) session(id string) (c *books.Session) {
	s.Books.Look(func(tx *books.Tx) { c = tx.Sessions().Get(id) })
	return c
}

func (s *Site) showCheckout(w http.ResponseWriter, r *http.Request) {
	c := s.session(r.PathValue("id"))
	if c == nil {
		s.noCheckout(w)
		return
	}
	// After a click on Pay, the browser is redirected to the shop's success URL, which
	// is https unless the shop is on this machine.
	formAction := "'self' https:"
	if strings.HasPrefix(c.SuccessURL, "http:") {
		formAction += " http:"
	}
	showForm(w, http.StatusOK, "pay.html", checkoutPage{
		frame: s.frame("Checkout - CNaught sandbox"),
		State: c.State, AmountKg: c.AmountKg, PriceCents: c.PriceCents, Portfolio: s.PortfolioName(c.PortfolioID),
		Description: orEmpty(c.Description), PayPath: s.payPath(c.ID), CancelURL: c.CancelURL, SuccessURL: successURL(c),
		OrderOn: momentPtr(c.OrderOn),
	}, formAction)
}

func (s *Site) noCheckout(w http.ResponseWriter) {
	s.showMessage(w, http.StatusNotFound, "This checkout session does not exist", "Check the link, or go back to the shop and start again.")
}

// payPath returns the path of a session's checkout page on the sandbox. The published
// session has one, too, although its checkout_url leads to the vendor.
func (s *Site) payPath(id string) string { return s.root() + "/pay/" + url.PathEscape(id) }

// payCheckout completes the session and redirects the customer to the shop. A customer
// who pays twice, with a double click or the browser's Back button, is redirected, too,
// because the session is complete. It is paid only once.
func (s *Site) payCheckout(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	_, err := s.Books.CompleteSession(id)
	c := s.session(id)
	switch {
	case err != nil && !errors.Is(err, books.ErrState) && !errors.Is(err, books.ErrNotFound):
		s.showError(w, err)
	case c == nil:
		s.noCheckout(w)
	case c.State == books.SessionComplete:
		http.Redirect(w, r, successURL(c), http.StatusSeeOther)
	default: // The session has expired, and its page shows that.
		http.Redirect(w, r, s.payPath(c.ID), http.StatusSeeOther)
	}
}

// sessionPlaceholder is the placeholder that the API replaces in a success_url. Whether
// it also replaces one with escaped braces is not documented.
const sessionPlaceholder = "{CHECKOUT_SESSION_ID}"

// successURL returns the URL to which the customer is redirected after paying. It is
// the success_url with the session's id in place of the placeholder.
func successURL(c *books.Session) string {
	return strings.ReplaceAll(c.SuccessURL, sessionPlaceholder, url.PathEscape(c.ID))
}
