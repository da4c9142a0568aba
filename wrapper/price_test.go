package cnaught

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestMaxPrice(t *testing.T) {
	const quote, order = `{"amount_kg":10,"price_usd_cents":500}`, `{"id":"Gre28Fc35bt3","amount_kg":10,"price_usd_cents":500}`
	const dearer = `{"id":"Gre28Fc35bt3","amount_kg":10,"price_usd_cents":501}`
	for name, test := range map[string]struct {
		limit        api.USDCents
		quote, order string
		requests     int
		ordered      bool
		says         string // empty: no error
	}{
		"under the limit":                         {600, quote, order, 2, true, ""},
		"exactly the limit":                       {500, quote, order, 2, true, ""},
		"a cent over it":                          {499, quote, order, 1, false, "cnaught: PlaceOrder (SubmitOrder): not ordered: 10 kg cost $5.00, more than the limit of $4.99"},
		"cheaper than the quote":                  {500, quote, orderJSON, 2, true, ""},
		"dearer than the quote, within the limit": {501, quote, dearer, 2, true, ""},
		"dearer than the limit":                   {500, quote, dearer, 2, true, "cnaught: PlaceOrder (SubmitOrder): order Gre28Fc35bt3 was placed, and costs $5.01, more than the limit of $5.00: the quote was $5.00"},
	} {
		t.Run(name, func(t *testing.T) {
			rt := play(reply(200, test.quote), reply(201, test.order))
			placed, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithMaxPrice(test.limit))
			assert.Equal(t, test.requests, rt.count())
			assert.Equal(t, test.ordered, placed != nil)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.says)
			limit := as[*PriceLimitError](t, err)
			assert.Equal(t, test.limit, limit.Limit)
			assert.Equal(t, api.Quote{AmountKg: 10, PriceUSDCents: 500}, limit.Quote)
			assert.Equal(t, placed, limit.Order)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			key, _ := IdempotencyKeyFrom(err)
			assert.Equal(t, test.ordered, key != "", "only a key that was sent is in the error")
			assert.Zero(t, rt.open())
		})
	}
}

func TestMaxPriceSaysAMassInDigits(t *testing.T) {
	rt := play(reply(200, `{"amount_kg":1000000.5,"price_usd_cents":2000001}`))
	_, err := newClient(t, rt).PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 1000000.5}, WithMaxPrice(500))
	assert.ErrorContains(t, err, "not ordered: 1000000.5 kg cost $20,000.01")
}

// The quote is for exactly what is ordered.
func TestMaxPriceQuotesTheOrder(t *testing.T) {
	rt := play(reply(200, quoteJSON), reply(201, orderJSON))
	var response Response
	_, err := newClient(t, rt, WithSubaccount("default")).PlaceOrder(t.Context(),
		api.OrderCreate{AmountKg: 10, PortfolioID: "mHvNvWbq", Metadata: "cart 4711"},
		ForSubaccount("5nubL0NS"), WithIdempotencyKey("k"), WithHeader("X-Trace", "1"), WithMaxPrice(500), WithResponse(&response))
	require.NoError(t, err)
	requests := rt.requests()
	require.Len(t, requests, 2)
	assert.Equal(t, testBase+"/quotes", requests[0].url)
	assert.JSONEq(t, `{"amount_kg":10,"portfolio_id":"mHvNvWbq","source":"api"}`, string(requests[0].body))
	assert.Equal(t, testBase+"/orders", requests[1].url)
	for _, request := range requests {
		assert.Equal(t, http.MethodPost, request.method)
		assert.Equal(t, "5nubL0NS", request.header.Get("X-Subaccount-Id"))
		assert.Equal(t, "1", request.header.Get("X-Trace"))
	}
	assert.Empty(t, requests[0].header.Values("Idempotency-Key"))
	assert.Equal(t, "k", requests[1].header.Get("Idempotency-Key"))
	assert.Equal(t, 201, response.StatusCode)
	assert.Equal(t, "k", response.IdempotencyKey)

	rt = play(reply(200, quoteJSON), reply(201, orderJSON))
	_, err = newClient(t, rt, WithSubaccount("default")).PlaceOrder(t.Context(), tenKg, WithMaxPrice(500))
	require.NoError(t, err)
	assert.Equal(t, "default", rt.requests()[0].header.Get("X-Subaccount-Id"))
	rt = play(reply(200, quoteJSON), reply(201, orderJSON))
	_, err = newClient(t, rt, WithSubaccount("default")).PlaceOrder(t.Context(), tenKg, ForAccount(), WithMaxPrice(500))
	require.NoError(t, err)
	assert.Empty(t, rt.requests()[0].header.Values("X-Subaccount-Id"))
}

// Nothing is bought without a quote, and the error names the operation that failed.
func TestMaxPriceWithoutAQuote(t *testing.T) {
	rt := play(reply(503, ``), reply(200, quoteJSON), reply(201, orderJSON))
	_, err := newClient(t, rt, quick(2)).PlaceOrder(t.Context(), tenKg, WithMaxPrice(20))
	require.NoError(t, err, "the quote is repeated")

	for name, answer := range map[string]step{
		"an error":        reply(503, ``),
		"no answer":       breakWith(errReset),
		"no quote at all": reply(200, `{"price_usd_cents":20}`),
	} {
		rt := play(answer)
		_, err := newClient(t, rt, quick(2)).PlaceOrder(t.Context(), tenKg, WithMaxPrice(20))
		require.ErrorContains(t, err, "cnaught: PlaceOrder (RequestQuote): ", name)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown, name)
		for _, request := range rt.requests() {
			assert.Equal(t, testBase+"/quotes", request.url, name)
		}
	}
}

// An earlier call with the caller's key may have bought. Neither a price over the
// limit nor a failed quote says that it did not.
func TestMaxPriceWithTheCallersKey(t *testing.T) {
	for name, answer := range map[string]step{
		"too dear":   reply(200, `{"amount_kg":10,"price_usd_cents":21}`),
		"no quote":   reply(404, notFoundJSON),
		"no answer":  breakWith(errReset),
		"unreadable": reply(200, `<html>`),
	} {
		_, err := newClient(t, play(answer), quick(1)).PlaceOrder(t.Context(), tenKg, WithMaxPrice(20), WithIdempotencyKey("cart 4711"))
		require.ErrorIs(t, err, ErrOutcomeUnknown, name)
		require.ErrorContains(t, err, `an earlier call`, name)
		require.ErrorContains(t, err, `idempotency key "cart 4711"`, name)
		key, _ := IdempotencyKeyFrom(errors.Join(err))
		assert.Equal(t, "cart 4711", key, name)
	}
	_, err := newClient(t, play(reply(200, `{"amount_kg":10,"price_usd_cents":21}`))).PlaceOrder(t.Context(), tenKg, WithMaxPrice(20), WithIdempotencyKey("k"))
	assert.True(t, as[*PriceLimitError](t, err).EarlierCall)
	assert.ErrorContains(t, err, "look for it with FindOrder", "the same call would compare the price again")

	// Once there is an order, the outcome is known.
	order, err := newClient(t, play(reply(200, quoteJSON), reply(201, `{"id":"Gre28Fc35bt3","amount_kg":10,"price_usd_cents":21}`))).
		PlaceOrder(t.Context(), tenKg, WithMaxPrice(20), WithIdempotencyKey("k"))
	assert.Equal(t, order, as[*PriceLimitError](t, err).Order)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
}

func TestMaxPriceRefusesBadInput(t *testing.T) {
	for name, call := range map[string]func(c *Client) error{
		"zero":      func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), tenKg, WithMaxPrice(0))) },
		"negative":  func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), tenKg, WithMaxPrice(-1))) },
		"bad order": func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), api.OrderCreate{}, WithMaxPrice(1))) },
		"order by price": func(c *Client) error {
			return errorOf(c.PlaceOrder(t.Context(), api.OrderCreate{TotalPriceUSDCents: 100}, WithMaxPrice(100)))
		},
		"bad key": func(c *Client) error {
			return errorOf(c.PlaceOrder(t.Context(), tenKg, WithMaxPrice(100), WithIdempotencyKey("")))
		},
		"a read": func(c *Client) error { return errorOf(c.GetOrder(t.Context(), "x", WithMaxPrice(100))) },
		"a list": func(c *Client) error {
			_, err := Collect(c.Orders(t.Context(), ListOptions{}, WithMaxPrice(100)), 0)
			return err
		},
		"a raw order": func(c *Client) error {
			_, err := c.Raw().SubmitOrderWithResponse(WithCallOptions(t.Context(), WithMaxPrice(100)), nil, tenKg)
			return err
		},
		"any order": func(c *Client) error {
			return c.Do(t.Context(), "POST", "/orders", tenKg, nil, WithMaxPrice(100))
		},
	} {
		refused(t, name, call)
	}
}
