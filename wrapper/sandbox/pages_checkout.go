package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"github.com/cnaught-go/cnaught/api"
)

// checkoutPage is the hosted checkout page of one session.
type checkoutPage struct {
	frame
	State       sessionState
	AmountKg    float64
	PriceCents  api.USDCents
	Portfolio   string
	Description string
	PayPath     string
	BackURL     string
	SuccessURL  string // filled in
}

func (s *Server) session(id string) (c *session) {
	s.look(func(tx *tx) { c = tx.sessions.get(id) })
	return c
}

func (s *Server) showCheckout(w http.ResponseWriter, r *http.Request) {
	c := s.session(r.PathValue("id"))
	if c == nil {
		s.noCheckout(w)
		return
	}
	showPage(w, http.StatusOK, "pay.html", s.newCheckoutPage(c))
}

func (s *Server) noCheckout(w http.ResponseWriter) {
	s.showTrouble(w, http.StatusNotFound, "There is no such checkout session", "Check the link, or start again from the shop.")
}

func (s *Server) newCheckoutPage(c *session) checkoutPage {
	p := checkoutPage{
		frame: s.frame("Checkout - CNaught sandbox"),
		State: c.State, AmountKg: c.AmountKg, PriceCents: c.PriceCents, Portfolio: c.PortfolioID,
		Description: orEmpty(c.Description), PayPath: s.payPath(c.ID), BackURL: c.CancelURL, SuccessURL: successURL(c),
	}
	if portfolio := s.catalog.portfolios[c.PortfolioID]; portfolio != nil {
		p.Portfolio = portfolio.Name
	}
	return p
}

// payPath is where a session's hosted page is on this server. It differs from
// the session's checkout_url for the published session, whose checkout_url is
// the vendor's.
func (s *Server) payPath(id string) string { return s.root() + "/pay/" + url.PathEscape(id) }

// payCheckout completes the session and sends the customer back to the shop.
// Who pays twice, by a double click or the browser's Back, comes to the shop
// as well: the session is complete and has one order.
func (s *Server) payCheckout(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	_, err := s.CompleteCheckout(id)
	c := s.session(id)
	switch {
	case err != nil && !errors.Is(err, ErrState) && !errors.Is(err, ErrNotFound):
		s.showError(w, err)
	case c == nil:
		s.noCheckout(w)
	case c.State == sessionComplete:
		http.Redirect(w, r, successURL(c), http.StatusSeeOther)
	default: // expired: its page says so
		http.Redirect(w, r, s.payPath(c.ID), http.StatusSeeOther)
	}
}

// sessionPlaceholder is the placeholder that the API knows in success_url, as
// written or as a URL library encodes its braces.
var sessionPlaceholder = regexp.MustCompile(`(?:\{|%7[Bb])CHECKOUT_SESSION_ID(?:\}|%7[Dd])`)

// successURL is where the customer goes after paying. Nothing in it changes
// but the placeholder.
func successURL(c *session) string {
	return sessionPlaceholder.ReplaceAllLiteralString(c.SuccessURL, url.PathEscape(c.ID))
}
