package cnaught

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestWithHeader(t *testing.T) {
	rt := play(reply(200, orderJSON))
	c := newClient(t, rt)
	_, err := c.GetOrder(t.Context(), "x", WithHeader("x-trace-id", "7"), WithHeader("X-Empty", ""), WithHeader("X-Trace-Id", "8"))
	require.NoError(t, err)
	h := rt.requests()[0].header
	assert.Equal(t, []string{"8"}, h["X-Trace-Id"], "the last value is sent")
	assert.Equal(t, []string{""}, h["X-Empty"])
	assert.Equal(t, "Bearer "+testKey, h.Get("Authorization"))

	_, err = c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.NotContains(t, rt.requests()[1].header, "X-Trace-Id", "the option is for one call")
}

func TestHeadersThatAreRefused(t *testing.T) {
	for _, h := range [][2]string{
		{"Authorization", "Bearer other"}, {"authorization", "Bearer other"}, {"AUTHORIZATION", ""},
		{"Idempotency-Key", "k"}, {"idempotency-key", "k"}, {"X-Subaccount-Id", "s"}, {"x-subaccount-ID", "s"},
		{"Content-Type", "text/plain"}, {"Content-Length", "0"}, {"Host", "evil.test"}, {"Connection", "close"},
		{"Transfer-Encoding", "chunked"}, {"Trailer", "X"},
		// With this header, net/http would not decompress the body.
		{"Accept-Encoding", "gzip"},
		{"", "x"}, {"X Y", "x"}, {"X:Y", "x"}, {"X\r\nY", "x"}, {"X\x00", "x"}, {"é", "x"}, {"X\x7f", "x"}, {"X(", "x"}, {" X", "x"},
		{"X-A", "a\r\nX-Evil: 1"}, {"X-A", "a\nb"}, {"X-A", "a\x00b"}, {"X-A", "é"}, {"X-A", " a"}, {"X-A", "a\t"}, {"X-A", "\x7f"},
	} {
		invalid := refused(t, h[0]+": "+h[1], func(c *Client) error {
			return errorOf(c.GetOrder(t.Context(), "x", WithHeader(h[0], h[1]), WithHeader("X-Good", "1")))
		})
		assert.Equal(t, "GetOrder", invalid.Call)
		refused(t, h[0]+", through Raw", func(c *Client) error {
			return errorOf(c.Raw().GetOrderByIDWithResponse(WithCallOptions(t.Context(), WithHeader(h[0], h[1])), "x", nil))
		})
	}
}

func TestSubaccountHeader(t *testing.T) {
	for _, m := range methods {
		takes := operationOf(t, m.operation).Subaccount
		rt := play(reply(m.status, m.answer))
		_, err := m.call(t.Context(), newClient(t, rt))
		require.NoError(t, err)
		assert.NotContains(t, rt.requests()[0].header, headerSubaccount, m.operation)

		rt = play(reply(m.status, m.answer))
		_, err = m.call(t.Context(), newClient(t, rt, WithSubaccount("default")))
		require.NoError(t, err)
		if takes {
			assert.Equal(t, []string{"default"}, rt.requests()[0].header[headerSubaccount], m.operation)
		} else {
			assert.NotContains(t, rt.requests()[0].header, headerSubaccount, m.operation)
		}

		rt = play(reply(m.status, m.answer))
		_, err = m.call(t.Context(), newClient(t, rt, WithSubaccount("default")), ForSubaccount("sub"))
		if takes {
			require.NoError(t, err, m.operation)
			assert.Equal(t, []string{"sub"}, rt.requests()[0].header[headerSubaccount], m.operation)
		} else {
			assert.ErrorIs(t, err, ErrInvalidRequest, m.operation)
			assert.Zero(t, rt.count(), m.operation)
		}
	}
}

func TestSubaccountsThatAreRefused(t *testing.T) {
	for _, id := range []string{"", "a\nb", " a", "a ", "é", "\x00"} {
		refused(t, id, func(c *Client) error { return errorOf(c.GetOrder(t.Context(), "x", ForSubaccount(id))) })
		if id == "" {
			continue // an empty parameter is not sent
		}
		refused(t, id+", through Raw", func(c *Client) error {
			return errorOf(c.Raw().GetOrderByIDWithResponse(t.Context(), "x", &api.GetOrderByIDParams{XSubaccountID: &id}))
		})
	}
}

func TestIdempotencyKeyForUnkeyedOperations(t *testing.T) {
	for _, m := range methods {
		rt := play(reply(m.status, m.answer))
		_, err := m.call(t.Context(), newClient(t, rt), WithIdempotencyKey("k"))
		if operationOf(t, m.operation).IdempotencyKey {
			require.NoError(t, err, m.operation)
			continue
		}
		assert.ErrorIs(t, err, ErrInvalidRequest, "%s: the caller would trust a protection that is not there", m.operation)
		assert.Zero(t, rt.count(), m.operation)
	}
}

func TestWithResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(s step) step {
			return func(req *http.Request) (*http.Response, error) { time.Sleep(time.Second); return s(req) }
		}
		r := Response{StatusCode: 999, Replayed: true, IdempotencyKey: "old"}
		c := newClient(t, play(slow(reply(503, ``)), slow(reply(200, orderJSON, "X-Request-Id", "r-1"))))
		_, err := c.GetOrder(t.Context(), "x", WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, 200, r.StatusCode)
		assert.Equal(t, 2, r.Attempts)
		assert.Equal(t, "r-1", r.Header.Get("X-Request-Id"))
		assert.Equal(t, orderJSON, string(r.Body))
		assert.False(t, r.Replayed)
		assert.Empty(t, r.IdempotencyKey)
		assert.Equal(t, 2*time.Second+250*time.Millisecond, r.Elapsed)

		_, err = newClient(t, play(reply(404, notFoundJSON, "X-Request-Id", "r-2"))).GetOrder(t.Context(), "x", WithResponse(&r))
		require.Error(t, err)
		assert.Equal(t, Response{StatusCode: 404, Attempts: 1, Header: as[*Error](t, err).Header, Body: []byte(notFoundJSON)}, r)

		_, err = newClient(t, play(reply(200, `null`))).GetOrder(t.Context(), "x", WithResponse(&r))
		require.Error(t, err)
		assert.Equal(t, 200, r.StatusCode)

		_, err = newClient(t, play(breakWith(errReset))).PlaceOrder(t.Context(), tenKg, WithResponse(&r), WithIdempotencyKey("k"))
		require.Error(t, err)
		assert.Equal(t, Response{Attempts: 4, IdempotencyKey: "k", Elapsed: 1750 * time.Millisecond}, r)

		_, err = newClient(t, play(reply(200, orderJSON))).GetOrder(t.Context(), "x", WithResponse(nil))
		assert.NoError(t, err)
	})
}

func TestCallOptionsReachRaw(t *testing.T) {
	rt := play(reply(201, orderJSON, headerReplay, "true"))
	var r Response
	ctx := WithCallOptions(t.Context(), ForSubaccount("sub"), WithIdempotencyKey("k"), WithHeader("X-A", "1"), WithResponse(&r))
	_, err := newClient(t, rt).Raw().SubmitOrderWithResponse(ctx, nil, tenKg)
	require.NoError(t, err)
	h := rt.requests()[0].header
	assert.Equal(t, "sub", h.Get(headerSubaccount))
	assert.Equal(t, "k", h.Get(headerIdempotencyKey))
	assert.Equal(t, "1", h.Get("X-A"))
	assert.True(t, r.Replayed)
	assert.Equal(t, "k", r.IdempotencyKey)
}

// An option of the call does not replace those of the context. Otherwise an order
// for a subaccount would be charged to the account.
func TestCallOptionsAddToThoseOfTheContext(t *testing.T) {
	rt := play(reply(201, orderJSON))
	c := newClient(t, rt)
	outer := WithCallOptions(t.Context(), ForSubaccount("sub"), WithHeader("X-A", "outer"))
	var r Response
	_, err := c.PlaceOrder(outer, tenKg, WithResponse(&r), WithHeader("X-B", "1"))
	require.NoError(t, err)
	_, err = c.PlaceOrder(WithCallOptions(outer, WithIdempotencyKey("k"), WithHeader("X-A", "inner")), tenKg)
	require.NoError(t, err)
	_, err = c.PlaceOrder(outer, tenKg, ForSubaccount("other"))
	require.NoError(t, err)
	_, err = c.PlaceOrder(outer, tenKg)
	require.NoError(t, err)

	sent := rt.requests()
	for i, want := range []struct{ subaccount, a, b string }{{"sub", "outer", "1"}, {"sub", "inner", ""}, {"other", "outer", ""}, {"sub", "outer", ""}} {
		h := sent[i].header
		assert.Equal(t, want.subaccount, h.Get(headerSubaccount), i)
		assert.Equal(t, want.a, h.Get("X-A"), i)
		assert.Equal(t, want.b, h.Get("X-B"), i)
	}
	assert.Equal(t, "k", sent[1].header.Get(headerIdempotencyKey))
	assert.NotEqual(t, "k", sent[3].header.Get(headerIdempotencyKey))
	assert.Equal(t, 201, r.StatusCode)
	_, err = c.PlaceOrder(WithCallOptions(t.Context(), ForSubaccount("")), tenKg, WithResponse(&r))
	assert.ErrorIs(t, err, ErrInvalidRequest, "a bad option of the context is refused")
}

func TestProtectedHeadersNameTheirOption(t *testing.T) {
	for name, want := range map[string]string{
		"idempotency-key": "header Idempotency-Key is set by the client: use WithIdempotencyKey",
		"X-Subaccount-ID": "header X-Subaccount-Id is set by the client: use ForSubaccount",
		"Authorization":   "header Authorization is set by the client",
	} {
		invalid := refused(t, name, func(c *Client) error { return errorOf(c.GetOrder(t.Context(), "x", WithHeader(name, "v"))) })
		assert.EqualError(t, invalid, "cnaught: GetOrder: "+want)
	}
}

// The context that carries the options is otherwise like the one that it was made of.
func TestCallContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	with := WithCallOptions(ctx, WithHeader("X-A", "1"))
	assert.Equal(t, "v", with.Value(key{}))
	assert.NoError(t, with.Err())
	cancel()
	assert.ErrorIs(t, with.Err(), context.Canceled)
	_, err := newClient(t, play(reply(200, orderJSON))).Raw().GetOrderByIDWithResponse(with, "x", nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestNilOptionsAreIgnored(t *testing.T) {
	rt := play(reply(200, orderJSON))
	c := newClient(t, rt, nil)
	_, err := c.GetOrder(t.Context(), "x", nil, WithHeader("X-A", "1"), nil)
	require.NoError(t, err)
	assert.Equal(t, "1", rt.requests()[0].header.Get("X-A"))
}

func TestFirstInvalidOptionIsReported(t *testing.T) {
	invalid := refused(t, "two", func(c *Client) error {
		return errorOf(c.GetOrder(t.Context(), "x", WithHeader("Host", "a"), ForSubaccount("")))
	})
	assert.True(t, strings.Contains(invalid.Reason, "Host"), invalid)
}

func TestForAccount(t *testing.T) {
	for _, m := range methods {
		if !operationOf(t, m.operation).Subaccount {
			continue
		}
		rt := play(reply(m.status, m.answer))
		_, err := m.call(t.Context(), newClient(t, rt, WithSubaccount("default")), ForAccount())
		require.NoError(t, err, m.operation)
		assert.NotContains(t, rt.requests()[0].header, headerSubaccount, m.operation)
	}
	rt := play(reply(200, orderJSON))
	c := newClient(t, rt, WithSubaccount("default"))
	ctx := WithCallOptions(t.Context(), ForAccount())
	require.NoError(t, errorOf(c.Raw().GetOrderByIDWithResponse(ctx, "x", &api.GetOrderByIDParams{XSubaccountID: Ptr("sub")})))
	require.NoError(t, errorOf(c.GetOrder(ctx, "x", ForSubaccount("sub"))))
	assert.NotContains(t, rt.requests()[0].header, headerSubaccount)
	assert.Equal(t, "sub", rt.requests()[1].header.Get(headerSubaccount), "the later option counts")
}

func TestWithCallRetryPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(hang)
		c := newClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 3, AttemptTimeout: time.Second, BaseDelay: time.Minute, Budget: RetryBudget{Capacity: 7}}))
		for _, tt := range []struct {
			policy   RetryPolicy
			attempts int
			elapsed  time.Duration
		}{
			{NoRetry(), 1, time.Second},
			{RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Hour, BaseDelay: time.Second}, 2, 2*time.Hour + time.Second},
			{RetryPolicy{MaxDelay: time.Millisecond}, 3, 3*time.Second + 2*time.Millisecond},
			{RetryPolicy{MaxAttempts: 9, MaxDelay: 1, Budget: RetryBudget{Capacity: 1e9}}, 6, 0}, // the rest of the client's budget
		} {
			var r Response
			begun := time.Now()
			_, err := c.GetOrder(t.Context(), "x", WithCallRetryPolicy(tt.policy), WithResponse(&r))
			as[*TransportError](t, err)
			assert.Equal(t, tt.attempts, r.Attempts)
			if tt.elapsed != 0 {
				assert.Equal(t, tt.elapsed, time.Since(begun))
			}
		}
	})
	rt := play(reply(500, ``))
	c := newClient(t, rt, quick(5))
	require.Error(t, errorOf(c.Raw().GetListOfPortfoliosWithResponse(WithCallOptions(t.Context(), WithCallRetryPolicy(NoRetry())))))
	require.Error(t, c.Do(t.Context(), "GET", "/receipts", nil, nil, WithCallRetryPolicy(NoRetry())))
	assert.Equal(t, 2, rt.count())
	require.Error(t, errorOf(c.GetOrder(t.Context(), "x")))
	assert.Equal(t, 7, rt.count(), "the option is for one call")
	for name, p := range map[string]RetryPolicy{"MaxAttempts": {MaxAttempts: -1}, "MaxDelay": {MaxDelay: -1}, "Budget.PerMinute": {Budget: RetryBudget{PerMinute: -1}}} {
		invalid := refused(t, name, func(c *Client) error { return errorOf(c.GetOrder(t.Context(), "x", WithCallRetryPolicy(p))) })
		assert.Equal(t, "RetryPolicy."+name, invalid.Field)
		assert.Equal(t, "GetOrder", invalid.Call)
	}
}

// Response.Body has the members that the types do not know.
func TestResponseBodyHoldsNewMembers(t *testing.T) {
	const body = "\ufeff" + `{"id":"x", "created_on":"2022-08-01", "receipt_url":"https://a.example/r"}`
	for name, call := range map[string]func(*Client, *Response) error{
		"GetOrder": func(c *Client, r *Response) error { return errorOf(c.GetOrder(t.Context(), "x", WithResponse(r))) },
		"Do": func(c *Client, r *Response) error {
			return c.Do(t.Context(), "GET", "/orders/x", nil, new(api.Order), WithResponse(r))
		},
		"Raw": func(c *Client, r *Response) error {
			return errorOf(c.Raw().GetOrderByIDWithResponse(WithCallOptions(t.Context(), WithResponse(r)), "x", nil))
		},
	} {
		var r Response
		require.NoError(t, call(newClient(t, play(reply(200, body))), &r), name)
		assert.Equal(t, body, string(r.Body), "as it came")
	}
	var r Response
	_, err := newClient(t, play(reply(200, `{"id":7}`))).GetOrder(t.Context(), "x", WithResponse(&r))
	require.Error(t, err)
	assert.Equal(t, `{"id":7}`, string(r.Body))
	_, err = newClient(t, play(reply(200, `{"id":"x","echo":"`+testKey+`"}`))).GetOrder(t.Context(), "x", WithResponse(&r))
	require.NoError(t, err)
	assert.NotContains(t, string(r.Body), testKey)
}
