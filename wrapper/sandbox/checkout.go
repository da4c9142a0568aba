package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

const (
	// sessionLifetime is that of the published example.
	sessionLifetime = 24 * time.Hour
	// minCheckoutCents is the least total of a checkout session.
	minCheckoutCents = 50
	// publishedSession is the checkout session of the published reference page.
	publishedSession = "zpQ6QSNRQh"
)

// sessionJSON is a checkout session as clients see it, in the order of the
// published example.
type sessionJSON struct {
	ID               string       `json:"id"`
	AmountKg         float64      `json:"amount_kg"`
	PriceUSDCents    api.USDCents `json:"price_usd_cents"`
	SuccessURL       string       `json:"success_url"`
	CancelURL        string       `json:"cancel_url"`
	CheckoutURL      string       `json:"checkout_url"`
	State            sessionState `json:"state"`
	CreatedOn        wireTime     `json:"created_on"`
	ExpiresOn        wireTime     `json:"expires_on"`
	CompletedOn      *wireTime    `json:"completed_on"`
	PortfolioID      string       `json:"portfolio_id"`
	SubaccountID     *string      `json:"subaccount_id"`
	OrderDescription *string      `json:"order_description"`
	OrderWebhookURL  *string      `json:"order_webhook_url"`
}

func (s *Server) showSession(c *session) sessionJSON {
	j := sessionJSON{
		ID: c.ID, AmountKg: c.AmountKg, PriceUSDCents: c.PriceCents,
		SuccessURL: c.SuccessURL, CancelURL: c.CancelURL, CheckoutURL: c.CheckoutURL,
		State: c.State, CreatedOn: wireTime(c.CreatedOn), ExpiresOn: wireTime(c.ExpiresOn),
		CompletedOn: wireTimePtr(c.CompletedOn), PortfolioID: c.PortfolioID, SubaccountID: c.Subaccount,
		OrderDescription: c.Description, OrderWebhookURL: c.WebhookURL,
	}
	if j.CheckoutURL == "" {
		j.CheckoutURL = s.baseURL + "/pay/" + c.ID
	}
	return j
}

// CreateCheckoutSession answers POST /checkout/sessions.
func (op operations) CreateCheckoutSession(w http.ResponseWriter, r *http.Request, p api.CreateCheckoutSessionParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(tx *tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		portfolio := f.portfolio(tx, p.XSubaccountID)
		kg := f.positive("amount_kg")
		c := &session{
			ID: newID(10), AmountKg: kg.value, PriceCents: f.priceOf("amount_kg", kg, portfolio.checkoutPrice),
			SuccessURL: f.httpsURL("success_url"), CancelURL: f.httpsURL("cancel_url"),
			State: sessionOpen, CreatedOn: tx.now, ExpiresOn: tx.now.Add(sessionLifetime),
			PortfolioID: portfolio.ID, Subaccount: p.XSubaccountID,
			Description: f.shortText("description"), WebhookURL: f.notificationURL(),
		}
		if kg.value > 0 && c.PriceCents < minCheckoutCents {
			f.refuse("amount_kg", fmt.Sprintf("the total price must be at least %d US cents", minCheckoutCents))
		}
		if refusal := f.refusal(); refusal != nil {
			return refusal
		}
		tx.putSession(c)
		return jsonAnswer(http.StatusCreated, op.s.showSession(c))
	})
}

// GetCheckoutSessionByID answers GET /checkout/sessions/{id}.
func (op operations) GetCheckoutSessionByID(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{}, func(tx *tx) *answer {
		c := tx.sessions.get(id)
		if c == nil {
			return notFound("checkout session")
		}
		return jsonAnswer(http.StatusOK, op.s.showSession(c))
	})
}

func (tx *tx) expire(c *session) {
	changed := *c
	changed.State = sessionExpired
	tx.putSession(&changed)
}

// openSession is for commands: they need one that is still open.
func (tx *tx) openSession(id string) (*session, error) {
	c := tx.sessions.get(id)
	switch {
	case c == nil:
		return nil, fmt.Errorf("checkout session %q: %w", id, ErrNotFound)
	case c.State != sessionOpen:
		return nil, fmt.Errorf("checkout session %q is %s: %w", id, c.State, ErrState)
	}
	return c, nil
}

// CompleteCheckout pays an open session, as the customer does on the hosted
// page, and returns the order that this creates. Errors: ErrNotFound, and
// ErrState for a session that is complete or expired.
func (s *Server) CompleteCheckout(id string) (*api.Order, error) {
	var o *order
	err := s.command("CompleteCheckout", func(tx *tx) error {
		c, err := tx.openSession(id)
		if err != nil {
			return err
		}
		changed := *c
		changed.State, changed.CompletedOn = sessionComplete, &tx.now
		tx.putSession(&changed)
		o = &order{
			AmountKg: c.AmountKg, PriceCents: c.PriceCents, Description: c.Description,
			CallbackURL: c.WebhookURL, SessionID: &changed.ID, Subaccount: c.Subaccount,
		}
		tx.newOrder(o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown := convert[api.Order](s.catalog.showOrder(o))
	return &shown, nil
}

// ExpireCheckout ends an open session before its time. Errors: ErrNotFound,
// and ErrState for a session that is complete or expired.
func (s *Server) ExpireCheckout(id string) error {
	return s.command("ExpireCheckout", func(tx *tx) error {
		c, err := tx.openSession(id)
		if err != nil {
			return err
		}
		tx.expire(c)
		return nil
	})
}

// CheckoutSessions returns all sessions, newest first.
func (s *Server) CheckoutSessions() []api.CheckoutSession {
	var records []*session
	s.look(func(tx *tx) { records = tx.sessions.all() })
	return convertAll[api.CheckoutSession](records, s.showSession)
}

// CheckoutSession returns one session; ok is false if there is none with this
// id.
func (s *Server) CheckoutSession(id string) (c api.CheckoutSession, ok bool) {
	var record *session
	s.look(func(tx *tx) { record = tx.sessions.get(id) })
	if record == nil {
		return c, false
	}
	return convert[api.CheckoutSession](s.showSession(record)), true
}

// examplePublishedSession is what the published reference page shows. The
// clock does not expire it, so that it reads the same on every day.
func examplePublishedSession() *session {
	created := time.Date(2022, 7, 31, 18, 0, 0, 0, time.UTC)
	description, webhook := "on behalf of Jane Smith", "https://www.example.com/callback"
	return &session{
		ID: publishedSession, AmountKg: 100, PriceCents: 200,
		SuccessURL:  "https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}",
		CancelURL:   "https://www.example.com/purchase-credits",
		CheckoutURL: "https://checkout.cnaught.com/pay/" + publishedSession,
		State:       sessionOpen, CreatedOn: created, ExpiresOn: created.Add(sessionLifetime),
		PortfolioID: "mHvNvWbq", Description: &description, WebhookURL: &webhook, Timeless: true,
	}
}
