package cnaught

import (
	"context"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
)

// PlaceOrder buys carbon credits: AmountKg kilograms, or as many whole kilograms
// as TotalPriceUSDCents US cents buy. Set exactly one of them. The order comes
// back in state placed; see [Client.WaitForOrder]. The published sources disagree
// about fractions of a kilogram: whole ones are safe, and the API decides.
//
// No amount or both, one that is not positive, and texts of more than 512
// characters give ErrInvalidRequest; what the API refuses, ErrInvalidParameters;
// a subaccount that it does not know, ErrInvalidSubaccount; a key that was used
// for another order, ErrIdempotencyMismatch.
//
// However often the network makes the client repeat the request, the order is
// placed once, because every attempt carries one Idempotency-Key. If the call
// fails with ErrOutcomeUnknown, the order may have been placed: take the key
// with [IdempotencyKeyFrom] and call again with it ([WithIdempotencyKey]) and
// the same order.
//
// Operation SubmitOrder: https://docs.cnaught.com/api-reference/orders/create-carbon-credits-order
func (c *Client) PlaceOrder(ctx context.Context, order api.OrderCreate, opts ...CallOption) (*api.Order, error) {
	in := input{op: "SubmitOrder"}
	switch {
	case order.AmountKg != 0 && order.TotalPriceUSDCents != 0:
		in.refuse("amount_kg and total_price_usd_cents", "exclude each other")
	case order.AmountKg == 0 && order.TotalPriceUSDCents == 0:
		in.refuse("amount_kg or total_price_usd_cents", "must be set")
	case order.AmountKg != 0:
		in.positive("amount_kg", order.AmountKg)
	default:
		in.positive("total_price_usd_cents", float64(order.TotalPriceUSDCents))
	}
	in.text("metadata", order.Metadata)
	in.text("description", order.Description)
	in.notification(order.NotificationConfig)
	if in.err != nil {
		return nil, in.err
	}
	return do[api.Order](ctx, c, in.op, opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.SubmitOrder(ctx, nil, order)
	})
}

// GetOrder returns the order with the given id, or ErrNotFound.
//
// Operation GetOrderById: https://docs.cnaught.com/api-reference/orders/get-order-by-id
func (c *Client) GetOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	return byID[api.Order](ctx, c, opGetOrderByID, id, opts)
}

// CancelOrder cancels an order, a fulfilled one too: its price is then credited
// on the current invoice. An order that is cancelled already gives
// ErrForbidden, an unknown one ErrNotFound. Repeating and unknown outcomes are
// as for [Client.PlaceOrder].
//
// Operation CancelOrder: https://docs.cnaught.com/api-reference/orders/cancel-order
func (c *Client) CancelOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	return byID[api.Order](ctx, c, opCancelOrder, id, opts)
}

// ListOrders returns one page of orders, newest first; see [Client.Orders] for
// all of them. A cursor that the API does not accept gives
// ErrInvalidPagination.
//
// Operation GetListOfOrder: https://docs.cnaught.com/api-reference/orders/get-list-of-orders
func (c *Client) ListOrders(ctx context.Context, o ListOptions, opts ...CallOption) (*api.OrderList, error) {
	if err := o.check("GetListOfOrder"); err != nil {
		return nil, err
	}
	params := new(api.GetListOfOrderParams)
	params.Limit, params.StartingAfter, params.EndingBefore = o.params()
	return do[api.OrderList](ctx, c, "GetListOfOrder", opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.GetListOfOrder(ctx, params)
	})
}
