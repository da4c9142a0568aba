package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

const (
	// sessionLifetime is how long the session of the published example is open.
	sessionLifetime = 24 * time.Hour
	// minCheckoutCents is the smallest total of a checkout session.
	minCheckoutCents = 50
	// publishedSession is the checkout session of the published reference page.
	publishedSession = "zpQ6QSNRQh"
)

// sessionJSON is the JSON form of a checkout session. Its members are in the order of
// the published example.
type sessionJSON struct {
	ID               string             `json:"id"`
	AmountKg         float64            `json:"amount_kg"`
	PriceUSDCents    api.USDCents       `json:"price_usd_cents"`
	SuccessURL       string             `json:"success_url"`
	CancelURL        string             `json:"cancel_url"`
	CheckoutURL      string             `json:"checkout_url"`
	State            books.SessionState `json:"state"`
	CreatedOn        apijson.Time       `json:"created_on"`
	ExpiresOn        apijson.Time       `json:"expires_on"`
	CompletedOn      *apijson.Time      `json:"completed_on"`
	PortfolioID      string             `json:"portfolio_id"`
	SubaccountID     *string            `json:"subaccount_id"`
	OrderDescription *string            `json:"order_description"`
	OrderWebhookURL  *string            `json:"order_webhook_url"`
}

func (s *Server) showSession(c *books.Session) sessionJSON {
	j := sessionJSON{
		ID: c.ID, AmountKg: c.AmountKg, PriceUSDCents: c.PriceCents,
		SuccessURL: c.SuccessURL, CancelURL: c.CancelURL, CheckoutURL: c.CheckoutURL,
		State: c.State, CreatedOn: apijson.Time(c.CreatedOn), ExpiresOn: apijson.Time(c.ExpiresOn),
		CompletedOn: apijson.TimePtr(c.CompletedOn), PortfolioID: c.PortfolioID, SubaccountID: c.Subaccount,
		OrderDescription: c.Description, OrderWebhookURL: c.WebhookURL,
	}
	if j.CheckoutURL == "" {
		j.CheckoutURL = s.baseURL + "/pay/" + c.ID
	}
	return j
}

// CreateCheckoutSession answers POST /checkout/sessions.
func (op operations) CreateCheckoutSession(w http.ResponseWriter, r *http.Request, p api.CreateCheckoutSessionParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(tx *books.Tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		portfolio := f.portfolio(op.s.catalog, tx, p.XSubaccountID)
		kg := f.positive("amount_kg")
		c := &books.Session{
			ID: books.NewID(10), AmountKg: kg.value, PriceCents: f.priceOf("amount_kg", kg, portfolio.checkoutPrice(tx)),
			SuccessURL: f.returnURL("success_url", op.s.loopback), CancelURL: f.returnURL("cancel_url", op.s.loopback),
			State: books.SessionOpen, CreatedOn: tx.Now, ExpiresOn: tx.Now.Add(sessionLifetime),
			PortfolioID: portfolio.ID, Subaccount: p.XSubaccountID,
			Description: f.shortText("description"), WebhookURL: f.notificationURL(),
		}
		if kg.value > 0 && c.PriceCents < minCheckoutCents {
			f.refuse("amount_kg", fmt.Sprintf("the total price must be at least %d US cents", minCheckoutCents))
		}
		if refusal := f.refusal(); refusal != nil {
			return refusal
		}
		tx.PutSession(c)
		return jsonAnswer(http.StatusCreated, op.s.showSession(c))
	})
}

// GetCheckoutSessionByID answers GET /checkout/sessions/{id}.
func (op operations) GetCheckoutSessionByID(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{}, func(tx *books.Tx) *answer {
		c := tx.Sessions().Get(id)
		if c == nil {
			return notFound("checkout session")
		}
		return jsonAnswer(http.StatusOK, op.s.showSession(c))
	})
}

// CompleteCheckout pays an open session, as the customer does on the hosted page,
// and returns the resulting order, which is nil if it comes later ([WithOrderDelay]).
// CompleteCheckout returns [ErrNotFound] if there is no such
// session and [ErrState] if it is complete or expired.
func (s *Server) CompleteCheckout(id string) (*api.Order, error) {
	o, err := s.books.CompleteSession(id)
	if err != nil {
		return nil, commandError("CompleteCheckout", err)
	}
	if o == nil {
		return nil, nil
	}
	shown := convert[api.Order](s.showOrder(o))
	return &shown, nil
}

// ExpireCheckout makes an open session expire now. It returns [ErrNotFound] if
// there is no such session and [ErrState] if it is complete or expired.
func (s *Server) ExpireCheckout(id string) error {
	return commandError("ExpireCheckout", s.books.ExpireSession(id))
}

// CheckoutSessions returns all checkout sessions, newest first.
func (s *Server) CheckoutSessions() []api.CheckoutSession {
	var records []*books.Session
	s.books.Look(func(tx *books.Tx) { records = tx.Sessions().All() })
	return convertAll[api.CheckoutSession](records, s.showSession)
}

// CheckoutSession returns the checkout session with this id. It reports false if
// there is none.
func (s *Server) CheckoutSession(id string) (c api.CheckoutSession, ok bool) {
	var record *books.Session
	s.books.Look(func(tx *books.Tx) { record = tx.Sessions().Get(id) })
	if record == nil {
		return c, false
	}
	return convert[api.CheckoutSession](s.showSession(record)), true
}

// examplePublishedSession returns the session that the published reference page
// shows. It never expires, so that it reads the same on every day.
func examplePublishedSession() *books.Session {
	created := time.Date(2022, 7, 31, 18, 0, 0, 0, time.UTC)
	description, webhook := "on behalf of Jane Smith", "https://www.example.com/callback"
	return &books.Session{
		ID: publishedSession, AmountKg: 100, PriceCents: 200,
		SuccessURL:  "https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}",
		CancelURL:   "https://www.example.com/purchase-credits",
		CheckoutURL: "https://checkout.cnaught.com/pay/" + publishedSession,
		State:       books.SessionOpen, CreatedOn: created, ExpiresOn: created.Add(sessionLifetime),
		PortfolioID: "mHvNvWbq", Description: &description, WebhookURL: &webhook, Timeless: true,
	}
}
