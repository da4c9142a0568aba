package cnaught_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func countOrders(t *testing.T, c *cnaught.Client) int {
	t.Helper()
	n := 0
	for _, err := range c.Orders(t.Context(), cnaught.ListOptions{}) {
		require.NoError(t, err)
		n++
	}
	return n
}

// A filter may replace the answer to a paid order with a page of its own. The key
// settles the outcome, and the order is placed once.
func TestFilterPageAfterAnOrder(t *testing.T) {
	order := api.OrderCreate{AmountKg: 10, Metadata: "cart 4711"}
	for name, call := range map[string]func(context.Context, *cnaught.Client, ...cnaught.CallOption) error{
		"PlaceOrder": func(ctx context.Context, c *cnaught.Client, o ...cnaught.CallOption) error {
			_, err := c.PlaceOrder(ctx, order, o...)
			return err
		},
		"Raw": func(ctx context.Context, c *cnaught.Client, o ...cnaught.CallOption) error {
			_, err := c.Raw().SubmitOrderWithResponse(cnaught.WithCallOptions(ctx, o...), nil, order)
			return err
		},
		"Do": func(ctx context.Context, c *cnaught.Client, o ...cnaught.CallOption) error {
			return c.Do(ctx, "POST", "/orders", order, nil, o...)
		},
	} {
		for _, status := range []int{400, 401, 403, 404, 406, 413, 451} {
			server := sandbox.New()
			client := server.Client()
			before := countOrders(t, client)
			server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: status, AfterActing: true, Body: []byte("<h1>Forbidden</h1>")})
			err := call(t.Context(), client)
			require.ErrorIs(t, err, cnaught.ErrOutcomeUnknown, "%s, %d", name, status)
			key, ok := cnaught.IdempotencyKeyFrom(err)
			require.True(t, ok)
			var r cnaught.Response
			require.NoError(t, call(t.Context(), client, cnaught.WithIdempotencyKey(key), cnaught.WithResponse(&r)))
			assert.True(t, r.Replayed)
			assert.Equal(t, before+1, countOrders(t, client), "%s, %d", name, status)
			server.Close()
		}
	}
}

// Over the sandbox's transport in memory, an outcome is known or unknown as it is
// over a network.
func TestOutcomesOverTheSandboxInMemory(t *testing.T) {
	server := sandbox.New()
	defer server.Close()
	client, err := cnaught.New(server.APIKey(), cnaught.WithBaseURL(server.URL()),
		cnaught.WithHTTPClient(&http.Client{Transport: server.Transport()}), cnaught.WithRetryPolicy(cnaught.NoRetry()))
	require.NoError(t, err)
	before := countOrders(t, client)
	for status, unknown := range map[int]bool{400: false, 403: false, 429: false, 500: true, 503: true} {
		server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: status})
		_, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
		require.Error(t, err)
		if unknown {
			assert.ErrorIs(t, err, cnaught.ErrOutcomeUnknown, status)
		} else {
			assert.NotErrorIs(t, err, cnaught.ErrOutcomeUnknown, status)
		}
	}
	assert.Equal(t, before, countOrders(t, client))
}

// A replayed answer shows the order as it was placed, and GetOrder as it is now.
func TestReplayAfterTheOrderWasCancelled(t *testing.T) {
	server := sandbox.New()
	defer server.Close()
	client := server.Client()
	key := cnaught.WithIdempotencyKey("cart 4711")
	placed, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10}, key)
	require.NoError(t, err)
	_, err = client.CancelOrder(t.Context(), placed.ID)
	require.NoError(t, err)
	var r cnaught.Response
	again, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10}, key, cnaught.WithResponse(&r))
	require.NoError(t, err)
	assert.True(t, r.Replayed)
	assert.Equal(t, placed.ID, again.ID)
	assert.Equal(t, api.OrderStatePlaced, again.State)
	now, err := client.GetOrder(t.Context(), placed.ID)
	require.NoError(t, err)
	assert.Equal(t, api.OrderStateCancelled, now.State)
}
