package cnaught

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// A cache that stores answers to POST by their URL returns somebody else's order.
func TestCacheThatKeepsAnswersToPosts(t *testing.T) {
	var mu sync.Mutex
	var cached []byte
	cache := silent(func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if cached == nil {
			var order map[string]any
			if err := json.NewDecoder(req.Body).Decode(&order); err != nil {
				return nil, err
			}
			order["id"] = "Gre28Fc35bt3"
			cached, _ = json.Marshal(order)
		}
		return reply(201, string(cached))(req)
	})
	c := newClient(t, cache)
	own := 0
	for i := range 20 {
		order, err := c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10, Metadata: fmt.Sprint("cart ", i)})
		if err == nil {
			assert.Equal(t, fmt.Sprint("cart ", i), Value(order.Metadata))
			own++
			continue
		}
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
		assert.Contains(t, string(as[*DecodeError](t, err).Body), "cart 0")
	}
	assert.Equal(t, 1, own)
}

func TestAnswersAboutAnotherRequest(t *testing.T) {
	order := func(o api.OrderCreate) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { return errorOf(c.PlaceOrder(ctx, o)) }
	}
	raw := func(ctx context.Context, c *Client) error {
		return errorOf(c.Raw().SubmitOrderWithResponse(ctx, nil, api.OrderCreate{AmountKg: 10, Metadata: "mine"}))
	}
	rawDo := func(ctx context.Context, c *Client) error {
		return c.Do(ctx, "POST", "/orders", json.RawMessage(`{"amount_kg":10,"metadata":"mine"}`), nil)
	}
	cancel := func(ctx context.Context, c *Client) error { return errorOf(c.CancelOrder(ctx, "a/b")) }
	create := func(ctx context.Context, c *Client) error {
		return errorOf(c.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing"}))
	}
	session := func(ctx context.Context, c *Client) error { return errorOf(c.CreateCheckoutSession(ctx, anySession)) }
	for _, tt := range []struct {
		name, answer string
		call         func(context.Context, *Client) error
		want         string // what differs; empty for an answer that is accepted
	}{
		{"another metadata", `{"id":"x","metadata":"theirs"}`, order(api.OrderCreate{AmountKg: 10, Metadata: "mine"}), "its metadata differs"},
		{"another metadata, through Raw", `{"id":"x","metadata":"theirs"}`, raw, "its metadata differs"},
		{"another amount, through Raw", `{"id":"x","amount_kg":11}`, raw, "its amount_kg is 11, not 10"},
		{"metadata within white space", `{"id":"x","metadata":"mine"}`, order(api.OrderCreate{AmountKg: 10, Metadata: " mine\n"}), ""},
		{"no metadata in the answer", `{"id":"x","metadata":null}`, order(api.OrderCreate{AmountKg: 10, Metadata: "mine"}), ""},
		{"metadata that was not sent", `{"id":"x","metadata":"theirs"}`, order(tenKg), ""},
		{"another amount", `{"id":"x","amount_kg":11}`, order(tenKg), "its amount_kg is 11, not 10"},
		{"the amount in another notation", `{"id":"x","amount_kg":1e1}`, order(tenKg), ""},
		{"a fraction that is rounded", `{"id":"x","amount_kg":11}`, order(api.OrderCreate{AmountKg: 10.5}), ""},
		{"an amount for a price", `{"id":"x","amount_kg":7}`, order(api.OrderCreate{TotalPriceUSDCents: 100}), ""},
		{"another order is cancelled", `{"id":"a-b"}`, cancel, `its id is "a-b", not "a/b"`},
		{"the order is cancelled", `{"id":"a/b"}`, cancel, ""},
		{"another subaccount", `{"id":"s","name":"Sales"}`, create, "its name differs"},
		{"the subaccount", `{"id":"s","name":"Marketing"}`, create, ""},
		{"another session", `{"id":"s","amount_kg":7}`, session, "its amount_kg is 7, not 100"},
		{"another metadata, through Do", `{"id":"x","metadata":"theirs"}`, rawDo, "its metadata differs"},
		{"another amount, through Do", `{"id":"x","amount_kg":11}`, rawDo, "its amount_kg is 11, not 10"},
	} {
		rt := play(reply(201, tt.answer))
		err := tt.call(t.Context(), newClient(t, rt, quick(3)))
		assert.Equal(t, 1, rt.count(), tt.name)
		if tt.want == "" {
			assert.NoError(t, err, tt.name)
			continue
		}
		assert.ErrorContains(t, err, "the answer is about another request: "+tt.want, tt.name)
		assert.ErrorIs(t, err, ErrOutcomeUnknown, tt.name)
		assert.Equal(t, tt.answer, string(as[*DecodeError](t, err).Body), tt.name)
	}
}

// The answer of an endpoint outside the description is not compared with the
// request, because its members may mean anything.
func TestUndescribedAnswersAreNotCompared(t *testing.T) {
	c := newClient(t, play(reply(200, `{"name":"job-7","amount_kg":3}`)))
	var into map[string]any
	err := c.Do(t.Context(), "POST", "/transfers", map[string]any{"name": "mine", "amount_kg": 10}, &into, WithIdempotencyKey("k"))
	require.NoError(t, err)
	assert.Equal(t, "job-7", into["name"])
	err = c.Do(t.Context(), "POST", "/orders", tenKg, nil)
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "an operation of the description")
}
