package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// The records that the books hold. They are never changed once committed: a
// change puts a new record in the place of the old one, so readers need no
// lock. The JSON here is that of the state file; what clients see is made from
// it elsewhere.

type orderState string

const (
	orderPlaced    orderState = "placed"
	orderFulfilled orderState = "fulfilled"
	orderCancelled orderState = "cancelled"
)

type order struct {
	ID          string       `json:"id"`
	CreatedOn   time.Time    `json:"created_on"`
	Metadata    *string      `json:"metadata,omitempty"`
	Description *string      `json:"description,omitempty"`
	AmountKg    float64      `json:"amount_kg"`
	State       orderState   `json:"state"`
	PriceCents  api.USDCents `json:"price_usd_cents"`
	CallbackURL *string      `json:"callback_url,omitempty"`
	SessionID   *string      `json:"checkout_session_id,omitempty"`
	Subaccount  *string      `json:"subaccount_id,omitempty"`
	FulfillOn   *time.Time   `json:"fulfill_on,omitempty"` // nil: on command only
}

func (o *order) with(state orderState) *order {
	changed := *o
	changed.State = state
	return &changed
}

type sessionState string

const (
	sessionOpen     sessionState = "open"
	sessionComplete sessionState = "complete"
	sessionExpired  sessionState = "expired"
)

type session struct {
	ID          string       `json:"id"`
	AmountKg    float64      `json:"amount_kg"`
	PriceCents  api.USDCents `json:"price_usd_cents"`
	SuccessURL  string       `json:"success_url"`
	CancelURL   string       `json:"cancel_url"`
	CheckoutURL string       `json:"checkout_url,omitempty"` // empty: the sandbox's own page
	State       sessionState `json:"state"`
	CreatedOn   time.Time    `json:"created_on"`
	ExpiresOn   time.Time    `json:"expires_on"`
	CompletedOn *time.Time   `json:"completed_on,omitempty"`
	PortfolioID string       `json:"portfolio_id"`
	Subaccount  *string      `json:"subaccount_id,omitempty"`
	Description *string      `json:"order_description,omitempty"`
	WebhookURL  *string      `json:"order_webhook_url,omitempty"`
	Timeless    bool         `json:"timeless,omitempty"` // the clock does not expire it
}

type subaccount struct {
	ID          string    `json:"id"`
	CreatedOn   time.Time `json:"created_on"`
	Name        string    `json:"name"`
	Email       *string   `json:"email,omitempty"`
	PortfolioID *string   `json:"default_portfolio_id,omitempty"`
	LogoID      string    `json:"logo_id,omitempty"` // empty: no logo
}

// logo is apart from its subaccount, so that renaming one does not write the
// image again.
type logo struct {
	ID          string `json:"id"`
	ContentType string `json:"content_type"`
	Data        []byte `json:"data"`
}

// delivery is one notification; what came of it is told by its attempts.
type delivery struct {
	ID        string          `json:"id"`
	OrderID   string          `json:"order_id"`
	State     orderState      `json:"order_state"`
	URL       string          `json:"url"`
	Body      json.RawMessage `json:"body"`
	CreatedOn time.Time       `json:"created_on"`
	Refused   string          `json:"refused,omitempty"` // why it is never sent

	attempts []attempt // in memory, from the attempts' own lines
}

// dueOn is when the delivery is tried next; the zero time if never.
func (d *delivery) dueOn() time.Time {
	if len(d.attempts) == 0 {
		return d.CreatedOn
	}
	if next := d.attempts[len(d.attempts)-1].Next; next != nil {
		return *next
	}
	return time.Time{}
}

type attempt struct {
	Delivery string     `json:"delivery"`
	On       time.Time  `json:"on"`
	Status   int        `json:"status,omitempty"`
	Error    string     `json:"error,omitempty"`
	Next     *time.Time `json:"next,omitempty"` // nil: delivered or given up
}

// keyRecord is the first answer to an Idempotency-Key, kept as long as the
// books: it is what makes a second request with the key not act again.
type keyRecord struct {
	Path   string          `json:"path"`
	Key    string          `json:"key"`
	Digest string          `json:"digest"` // of the payload
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// change is one committed step: one line of the state file, whole or not at
// all. An order and the answer stored for its Idempotency-Key stand in one.
type change struct {
	Clock       *int64        `json:"clock_offset_ns,omitempty"`
	Orders      []*order      `json:"orders,omitempty"`
	Sessions    []*session    `json:"sessions,omitempty"`
	Subaccounts []*subaccount `json:"subaccounts,omitempty"`
	Removed     []string      `json:"removed_subaccounts,omitempty"`
	Logos       []*logo       `json:"logos,omitempty"`
	LogosGone   []string      `json:"removed_logos,omitempty"`
	Deliveries  []*delivery   `json:"deliveries,omitempty"`
	Attempts    []attempt     `json:"attempts,omitempty"`
	Keys        []*keyRecord  `json:"keys,omitempty"`
}

// holdsNull finds what json.Unmarshal lets pass and nothing here ever wrote.
func (c *change) holdsNull() bool {
	return slices.Contains(c.Orders, nil) || slices.Contains(c.Sessions, nil) ||
		slices.Contains(c.Subaccounts, nil) || slices.Contains(c.Logos, nil) ||
		slices.Contains(c.Deliveries, nil) || slices.Contains(c.Keys, nil)
}

func (c *change) empty() bool {
	return c.Clock == nil && len(c.Orders) == 0 && len(c.Sessions) == 0 &&
		len(c.Subaccounts) == 0 && len(c.Removed) == 0 && len(c.Logos) == 0 &&
		len(c.LogosGone) == 0 && len(c.Deliveries) == 0 && len(c.Attempts) == 0 && len(c.Keys) == 0
}
