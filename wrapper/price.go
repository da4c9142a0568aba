package cnaught

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// WithMaxPrice lets [Client.PlaceOrder] buy AmountKg kilograms only if they cost
// at most limit. It asks for a quote first, for the same portfolio and
// subaccount, and returns a [*PriceLimitError] in place of an order that would be
// dearer. A quote reserves nothing, so the price may still rise before the order
// is placed: then the order comes back together with a [*PriceLimitError] that
// holds it, and it is the caller who cancels it or not.
//
// An order by TotalPriceUSDCents states its price itself. It refuses this option
// with ErrInvalidRequest, as every other method does.
func WithMaxPrice(limit api.USDCents) CallOption {
	return func(call *call) {
		if limit <= 0 {
			call.refuse("the maximum price", "is %v, not a positive amount", limit)
		}
		call.maxPrice = limit
	}
}

// PriceLimitError says that an order costs more than [WithMaxPrice] allows.
//
// While Order is nil, this call has bought nothing. With a key of the caller's
// ([WithIdempotencyKey]) an earlier call may have, so the error then matches
// ErrOutcomeUnknown and EarlierCall is set. To call again would only compare the
// price again: look for the order with [Client.FindOrder].
type PriceLimitError struct {
	CallInfo
	Limit api.USDCents
	Quote api.Quote  // for the mass of the order
	Order *api.Order // nil unless it was placed, dearer than the quote
}

// Error names the call, the price and the limit, and what was bought.
func (e *PriceLimitError) Error() string {
	var b strings.Builder
	e.begin(&b)
	if e.Order != nil {
		fmt.Fprintf(&b, "order %s was placed, and costs %v, more than the limit of %v: the quote was %v",
			sanitize.Text(e.Order.ID), e.Order.PriceUSDCents, e.Limit, e.Quote.PriceUSDCents)
		return b.String()
	}
	fmt.Fprintf(&b, "not ordered: %s kg cost %v, more than the limit of %v",
		strconv.FormatFloat(e.Quote.AmountKg, 'f', -1, 64), e.Quote.PriceUSDCents, e.Limit) // %v writes 1e+06
	if e.EarlierCall {
		fmt.Fprintf(&b, "; an earlier call with idempotency key %q may have placed its order: look for it with FindOrder", e.IdempotencyKey)
	}
	return b.String()
}

// priceLimit holds one order to the limit of WithMaxPrice.
type priceLimit struct {
	call  *call // of PlaceOrder
	mass  api.MassQuoteRequest
	quote *api.Quote
}

// limitPrice lets the call ask for a quote before it sends the order.
func (call *call) limitPrice(order api.OrderCreate) *priceLimit {
	if call.maxPrice == 0 {
		return nil
	}
	if order.TotalPriceUSDCents != 0 {
		call.refuse("the maximum price", "is for an order by amount_kg: total_price_usd_cents states the price itself")
	}
	limit := &priceLimit{
		call: call,
		mass: api.MassQuoteRequest{AmountKg: order.AmountKg, PortfolioID: order.PortfolioID, Source: api.QuoteSourceAPI},
	}
	call.before = limit.ask
	return limit
}

// ask gets the quote and compares it. The quote is a call of its own, with what
// the options say of both.
func (l *priceLimit) ask() error {
	order := l.call
	quoting := *order // with its options, but those that are for the order alone
	quoting.maxPrice, quoting.before = 0, nil
	quoting.idempotencyKey, quoting.key, quoting.callerKey = nil, "", false
	quoting.build(api.NewRequestQuoteRequest(order.client.server, nil, l.mass))
	var err error
	if l.quote, err = do(&quoting, opRequestQuote); err == nil && l.quote.PriceUSDCents > order.maxPrice {
		err = l.exceeded(nil)
	}
	// Nothing was sent with the caller's key, so what an earlier call did is as unknown
	// as before.
	if failed, ok := err.(interface{ callInfo() *CallInfo }); ok && order.callerKey {
		info := failed.callInfo()
		info.IdempotencyKey, info.OutcomeUnknown, info.EarlierCall = order.key, true, true
	}
	return err
}

// check compares the order that was placed.
func (l *priceLimit) check(order *api.Order) error {
	if l == nil || order.PriceUSDCents <= l.call.maxPrice {
		return nil
	}
	err := l.exceeded(order)
	err.Attempts, err.IdempotencyKey = l.call.attempts, l.call.key
	return err
}

func (l *priceLimit) exceeded(order *api.Order) *PriceLimitError {
	return &PriceLimitError{
		CallInfo: CallInfo{Call: l.call.name, Operation: l.call.op.ID},
		Limit:    l.call.maxPrice, Quote: *l.quote, Order: order,
	}
}
