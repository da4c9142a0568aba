package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

// CreateCheckoutSession opens a hosted checkout in which a customer pays for
// AmountKg kilograms; send the customer to its CheckoutURL. The total price must
// be at least 50 US cents (else ErrInvalidParameters), and both URLs absolute
// https (else ErrInvalidRequest). "{CHECKOUT_SESSION_ID}" in SuccessURL becomes
// the session's id.
//
// The API has no idempotency for sessions, so this call is repeated only if the
// connection was never made, or after 429 or 503. If it fails with
// ErrOutcomeUnknown, or behind a gateway whose 503 hides an answer, a session may
// exist that nobody has the URL of; it expires by itself and costs nothing, so it
// is safe to call again.
//
// Operation CreateCheckoutSession: https://docs.cnaught.com/api-reference/checkout-sessions/create-checkout-session
func (c *Client) CreateCheckoutSession(ctx context.Context, session api.CheckoutSessionCreate, opts ...CallOption) (*api.CheckoutSession, error) {
	call := c.newCall(ctx, "CreateCheckoutSession", opts)
	call.positive("amount_kg", session.AmountKg)
	call.returnURL("success_url", session.SuccessURL)
	call.returnURL("cancel_url", session.CancelURL)
	call.text("description", session.Description)
	call.notification(session.NotificationConfig)
	call.build(api.NewCreateCheckoutSessionRequest(relative, nil, session))
	return do(call, opCreateCheckoutSession)
}

// GetCheckoutSession returns the session with the given id, or ErrNotFound.
//
// Operation GetCheckoutSessionById: https://docs.cnaught.com/api-reference/checkout-sessions/get-checkout-session
func (c *Client) GetCheckoutSession(ctx context.Context, id string, opts ...CallOption) (*api.CheckoutSession, error) {
	call := c.newCall(ctx, "GetCheckoutSession", opts)
	call.id(idOfGetCheckoutSessionByID, id)
	call.build(api.NewGetCheckoutSessionByIDRequest(relative, id))
	return do(call, opGetCheckoutSessionByID)
}
