package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

// PlaceOrder buys carbon credits: AmountKg kilograms, or as many whole kilograms
// as TotalPriceUSDCents buys. Set exactly one of them; [WithMaxPrice] bounds what
// a mass may cost. The order comes back in state placed; see
// [Client.WaitForOrder]. The published sources disagree about fractions of a
// kilogram, so whole ones are safe, and the API decides.
//
// No amount or both, one that is not positive, and texts of more than 512 characters
// give ErrInvalidRequest; what the API refuses, ErrInvalidParameters; an unknown
// subaccount, ErrInvalidSubaccount; another order's key, ErrIdempotencyMismatch.
//
// However often the request is repeated, the order is placed once, because every
// attempt carries one Idempotency-Key. After ErrOutcomeUnknown it may have been
// placed. Take the key with [IdempotencyKeyFrom], and call again with it
// ([WithIdempotencyKey]) and the same order.
//
// Operation SubmitOrder: https://docs.cnaught.com/api-reference/orders/create-carbon-credits-order
func (c *Client) PlaceOrder(ctx context.Context, order api.OrderCreate, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "PlaceOrder", opts)
	switch {
	case order.AmountKg != 0 && order.TotalPriceUSDCents != 0:
		call.refuse("amount_kg and total_price_usd_cents", "exclude each other")
	case order.AmountKg == 0 && order.TotalPriceUSDCents == 0:
		call.refuse("amount_kg or total_price_usd_cents", "must be set")
	case order.AmountKg != 0:
		call.positive("amount_kg", order.AmountKg)
	default:
		call.positive("total_price_usd_cents", float64(order.TotalPriceUSDCents))
	}
	call.text("metadata", order.Metadata)
	call.text("description", order.Description)
	call.notification(order.NotificationConfig)
	call.build(api.NewSubmitOrderRequest(c.server, nil, order))
	limit := call.limitPrice(order)
	placed, err := do(call, opSubmitOrder)
	if err != nil {
		return nil, err
	}
	return placed, limit.check(placed)
}

// GetOrder returns the order with the given id, or ErrNotFound.
//
// Operation GetOrderById: https://docs.cnaught.com/api-reference/orders/get-order-by-id
func (c *Client) GetOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "GetOrder", opts)
	call.id(idOfGetOrderByID, id)
	call.build(api.NewGetOrderByIDRequest(c.server, id, nil))
	return do(call, opGetOrderByID)
}

// CancelOrder cancels an order, a fulfilled one too: its price is then credited
// on the current invoice, which may be that of a later period than the order's.
// No fee and no deadline are documented, and the sandbox has none; nor is what
// becomes of PriceUSDCents, which the sandbox leaves as it was. The certificate is
// gone. An order that is cancelled already gives ErrForbidden, an unknown one
// ErrNotFound. Repeating and unknown outcomes are as for [Client.PlaceOrder].
//
// Operation CancelOrder: https://docs.cnaught.com/api-reference/orders/cancel-order
func (c *Client) CancelOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "CancelOrder", opts)
	call.id(idOfCancelOrder, id)
	call.build(api.NewCancelOrderRequest(c.server, id, nil))
	return do(call, opCancelOrder)
}

// ListOrders returns one page of orders, newest first; see [Client.Orders] for
// all of them. With [ForSubaccount] they are that subaccount's alone. Whether the
// account's own list holds the orders of its subaccounts is not documented; in the
// sandbox it does. A program that adds up both counts each order id once. A cursor
// that the API does not accept gives ErrInvalidPagination.
//
// Operation GetListOfOrder: https://docs.cnaught.com/api-reference/orders/get-list-of-orders
func (c *Client) ListOrders(ctx context.Context, o ListOptions, opts ...CallOption) (*api.OrderList, error) {
	call := c.newCall(ctx, "ListOrders", opts)
	call.page(o)
	params := new(api.GetListOfOrderParams)
	params.Limit, params.StartingAfter, params.EndingBefore = o.params()
	call.build(api.NewGetListOfOrderRequest(c.server, params))
	return do(call, opGetListOfOrder)
}
