package books

import (
	"encoding/json"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// The types in this file are the records in the books. A record is never modified after
// it was committed: a change replaces it with a new record, so that it can be read
// without the lock. Their JSON is that of the state file; other packages encode the
// JSON that clients see.

// OrderState is the state of an order. Its values are those of the API.
type OrderState string

// The states of an order.
const (
	OrderPlaced    OrderState = "placed"
	OrderFulfilled OrderState = "fulfilled"
	OrderCancelled OrderState = "cancelled"
)

// Order is an order for carbon credits.
type Order struct {
	ID          string       `json:"id"`
	CreatedOn   time.Time    `json:"created_on"`
	Metadata    *string      `json:"metadata,omitempty"`
	Description *string      `json:"description,omitempty"`
	AmountKg    float64      `json:"amount_kg"`
	State       OrderState   `json:"state"`
	PriceCents  api.USDCents `json:"price_usd_cents"`
	CallbackURL *string      `json:"callback_url,omitempty"`
	SessionID   *string      `json:"checkout_session_id,omitempty"`
	Subaccount  *string      `json:"subaccount_id,omitempty"`
	FulfillOn   *time.Time   `json:"fulfill_on,omitempty"` // nil if only on command
}

// SessionState is the state of a checkout session. Its values are those of the API.
type SessionState string

// The states of a checkout session.
const (
	SessionOpen     SessionState = "open"
	SessionComplete SessionState = "complete"
	SessionExpired  SessionState = "expired"
)

// Session is a checkout session.
type Session struct {
	ID          string       `json:"id"`
	AmountKg    float64      `json:"amount_kg"`
	PriceCents  api.USDCents `json:"price_usd_cents"`
	SuccessURL  string       `json:"success_url"`
	CancelURL   string       `json:"cancel_url"`
	CheckoutURL string       `json:"checkout_url,omitempty"` // empty for the sandbox's own page
	State       SessionState `json:"state"`
	CreatedOn   time.Time    `json:"created_on"`
	ExpiresOn   time.Time    `json:"expires_on"`
	CompletedOn *time.Time   `json:"completed_on,omitempty"`
	PortfolioID string       `json:"portfolio_id"`
	Subaccount  *string      `json:"subaccount_id,omitempty"`
	Description *string      `json:"order_description,omitempty"`
	WebhookURL  *string      `json:"order_webhook_url,omitempty"`
	Timeless    bool         `json:"timeless,omitempty"` // whether it never expires
	OrderOn     *time.Time   `json:"order_on,omitempty"` // when the order of a paid session is placed; nil afterwards
}

// mayBecomeOrder reports whether an order may still come of the session.
func (s *Session) mayBecomeOrder() bool { return s.State == SessionOpen || s.OrderOn != nil }

// Subaccount is a subaccount of the account.
type Subaccount struct {
	ID          string    `json:"id"`
	CreatedOn   time.Time `json:"created_on"`
	Name        string    `json:"name"`
	Email       *string   `json:"email,omitempty"`
	PortfolioID *string   `json:"default_portfolio_id,omitempty"`
	LogoID      string    `json:"logo_id,omitempty"` // empty if there is no logo
}

// Logo is the image of a subaccount. It is a separate record so that renaming the
// subaccount does not write the image again.
type Logo struct {
	ID          string `json:"id"`
	ContentType string `json:"content_type"`
	Data        []byte `json:"data"`
}

// Price is the price of a portfolio in US cents per kilogram, if it differs from
// the default.
type Price struct {
	PortfolioID string  `json:"portfolio_id"`
	API         float64 `json:"api"`
	Checkout    float64 `json:"checkout"`
}

// KeyRecord is the answer to the first request with an idempotency key. As long as it
// is kept, a second request with the key does not act again.
type KeyRecord struct {
	Path   string          `json:"path"`
	Key    string          `json:"key"`
	Digest string          `json:"digest"` // a digest of the payload
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	Stored time.Time       `json:"stored_on"`
}

// KeyID identifies an idempotency key. A key that is used on two paths counts as two
// different keys.
type KeyID struct{ Path, Key string }
