package cnaught

import (
	"context"
	"fmt"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// CreateCheckoutSession opens a hosted checkout in which a customer pays for
// AmountKg kilograms; send the customer to its CheckoutURL. They must cost at least
// 50 US cents (else ErrInvalidParameters); to price them first, call
// [Client.QuoteMass] with Source [api.QuoteSourceCheckout]. Both URLs must be
// absolute https (else ErrInvalidRequest); against the sandbox on this machine they
// may be http://localhost, too. "{CHECKOUT_SESSION_ID}" in SuccessURL becomes the
// session's id. Write it as it stands here: whether the API replaces one with
// escaped braces, as url.Values makes them, is not documented.
// [Client.OrderOfCheckoutSession] leads to the order that was paid for.
//
// The API has no idempotency for sessions, so this call is repeated only if the
// connection was never made, or after 429 or 503. After ErrOutcomeUnknown, or behind
// a gateway whose 503 hides an answer, a session may exist that nobody has the URL
// of; it expires by itself and costs nothing, so it is safe to call again.
//
// Operation CreateCheckoutSession: https://docs.cnaught.com/api-reference/checkout-sessions/create-checkout-session
func (c *Client) CreateCheckoutSession(ctx context.Context, session api.CheckoutSessionCreate, opts ...CallOption) (*api.CheckoutSession, error) {
	call := c.newCall(ctx, "CreateCheckoutSession", opts)
	call.positive("amount_kg", session.AmountKg)
	call.returnURL("success_url", session.SuccessURL)
	call.returnURL("cancel_url", session.CancelURL)
	call.text("description", session.Description)
	call.notification(session.NotificationConfig)
	call.build(api.NewCreateCheckoutSessionRequest(c.server, nil, session))
	return do(call, opCreateCheckoutSession)
}

// GetCheckoutSession returns the session with the given id, or ErrNotFound.
//
// By the published description, complete means that the checkout is done and the
// payment may still be processing: thank the customer, but take the purchase for
// certain once [Client.OrderOfCheckoutSession] finds its order. Whether an order
// can appear and then be cancelled because the payment failed is not documented.
// The sandbox places the order when the session is paid, or later with its option
// WithOrderDelay. An expired session takes no payment any more.
//
// Operation GetCheckoutSessionById: https://docs.cnaught.com/api-reference/checkout-sessions/get-checkout-session
func (c *Client) GetCheckoutSession(ctx context.Context, id string, opts ...CallOption) (*api.CheckoutSession, error) {
	call := c.newCall(ctx, "GetCheckoutSession", opts)
	call.id(idOfGetCheckoutSessionByID, id)
	call.build(api.NewGetCheckoutSessionByIDRequest(c.server, id))
	return do(call, opGetCheckoutSessionByID)
}

// OrderOfCheckoutSession returns the order that was placed when the customer paid
// for a session, and ErrNotFound while there is none; never because the list could
// not be read to its end. The API cannot be asked for it, so each call looks
// through the orders, newest first, back to the time when the session was created;
// those of the session's subaccount if it has one, else those that [Client.Orders]
// lists with the same options. So store the order's id once it is found. The order
// is fit for [Client.DownloadCertificate]. The session's order webhook is the faster
// way to hear of it.
func (c *Client) OrderOfCheckoutSession(ctx context.Context, session *api.CheckoutSession, opts ...CallOption) (*api.Order, error) {
	const name = "OrderOfCheckoutSession"
	if session == nil || session.ID == "" {
		return nil, &InvalidRequestError{name, "session", "has no id"}
	}
	if id := Value(session.SubaccountID); id != "" {
		opts = append([]CallOption{ForSubaccount(id)}, opts...)
	}
	paidFor := func(order *api.Order) bool { return Value(order.CheckoutSessionID) == session.ID }
	order, _, err := c.searchOrders(ctx, name, paidFor, session.CreatedOn, opts)
	if err == nil && order == nil {
		err = &kindError{fmt.Sprintf("cnaught: %s: session %q has no order yet", name, sanitize.Text(c.secret.Mask(session.ID))), ErrNotFound}
	}
	return order, err
}
