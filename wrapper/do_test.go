package cnaught

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// A request outside the description is repeated if its HTTP method allows that, or
// if the caller gives a key.
func TestDoOfUndescribedPaths(t *testing.T) {
	for _, tt := range []struct {
		method string
		key    bool
		sent   int // requests, of three, after a reset
		want   error
	}{
		{"GET", false, 3, nil}, {"HEAD", false, 3, nil}, {"PUT", false, 3, nil}, {"DELETE", false, 3, nil},
		{"POST", false, 1, ErrOutcomeUnknown}, {"PATCH", false, 1, ErrOutcomeUnknown},
		{"POST", true, 3, ErrOutcomeUnknown}, {"PATCH", true, 3, ErrOutcomeUnknown}, {"patch", true, 3, ErrOutcomeUnknown},
	} {
		var opts []CallOption
		if tt.key {
			opts = []CallOption{WithIdempotencyKey("k")}
		}
		rt := play(breakWith(errReset))
		err := newClient(t, rt, quick(3)).Do(t.Context(), tt.method, "/receipts/7?format=short&a=b%20c", nil, nil, opts...)
		assert.Equal(t, tt.sent, rt.count(), "%s, key: %t", tt.method, tt.key)
		assert.Equal(t, tt.want != nil, as[*TransportError](t, err).OutcomeUnknown, "%s, key: %t", tt.method, tt.key)
		key, _ := IdempotencyKeyFrom(err)
		for _, r := range rt.requests() {
			assert.Equal(t, testBase+"/receipts/7?format=short&a=b%20c", r.url)
			assert.Equal(t, "Bearer "+testKey, r.header.Get("Authorization"))
			assert.Equal(t, key, r.header.Get(headerIdempotencyKey))
			assert.Equal(t, tt.key, key == "k")
		}
	}
	err := newClient(t, play(reply(404, notFoundJSON))).Do(t.Context(), "GET", "/receipts/7", nil, nil)
	assert.ErrorIs(t, err, ErrNotFound)
	assert.EqualError(t, err, "cnaught: Do (GET /receipts/7): 404 Not Found: Could not find order")
}

// An operation of the description keeps its own rules.
func TestDoOfDescribedPaths(t *testing.T) {
	rt := play(breakWith(errReset), reply(201, orderJSON))
	var order api.Order
	c := newClient(t, rt, quick(3), WithSubaccount("default"))
	require.NoError(t, c.Do(t.Context(), "post", "/orders", tenKg, &order))
	assert.Equal(t, "Gre28Fc35bt3", order.ID)
	keys := keysOf(rt)
	require.Len(t, keys, 2)
	assert.Len(t, keys[0], 26, "a purchase has a key")
	assert.Equal(t, keys[0], keys[1])
	assert.Equal(t, "default", rt.requests()[0].header.Get(headerSubaccount))
	assert.Equal(t, "POST", rt.requests()[0].method)

	rt = play(breakWith(errReset), reply(200, quoteJSON))
	require.NoError(t, newClient(t, rt, quick(3)).Do(t.Context(), "POST", "/quotes", map[string]int{"amount_kg": 10}, nil), "a quote may be repeated")
	rt = play(breakWith(errReset))
	err := newClient(t, rt, quick(3)).Do(t.Context(), "POST", "/checkout/sessions", anySession, nil)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, 1, rt.count())
	rt = play(breakWith(errReset), reply(404, notFoundJSON))
	assert.NoError(t, newClient(t, rt, quick(3)).Do(t.Context(), "DELETE", "/subaccounts/s", nil, nil), "the first attempt had deleted it")

	assert.ErrorContains(t, c.Do(t.Context(), "GET", "/orders/x", nil, nil, WithIdempotencyKey("k")), "is not taken by this operation")
	assert.ErrorContains(t, c.Do(t.Context(), "GET", "/projects/x", nil, nil, ForSubaccount("s")), "is not taken by this operation")
}

// A stored purchase is sent byte for byte, because the API takes another notation
// of the same order for another payload.
func TestDoSendsBytesAsTheyAre(t *testing.T) {
	const stored = "{ \"amount_kg\" : 10.0,\n\t\"metadata\":\"\\u003c\", \"new\":true }"
	for name, body := range map[string]any{"json.RawMessage": json.RawMessage(stored), "[]byte": []byte(stored)} {
		rt := play(reply(503, ``), reply(201, orderJSON))
		require.NoError(t, newClient(t, rt, quick(2)).Do(t.Context(), "POST", "/orders", body, nil, WithIdempotencyKey("k")))
		require.Equal(t, 2, rt.count())
		for _, r := range rt.requests() {
			assert.Equal(t, stored, string(r.body), name)
			assert.Equal(t, int64(len(stored)), r.length)
			assert.Equal(t, "application/json", r.header.Get("Content-Type"))
			assert.Equal(t, "k", r.header.Get(headerIdempotencyKey))
		}
	}
	rt := play(reply(200, `{}`))
	c := newClient(t, rt)
	require.NoError(t, c.Do(t.Context(), "POST", "/receipts", struct {
		A int `json:"a"`
	}{7}, nil))
	require.NoError(t, c.Do(t.Context(), "POST", "/receipts", nil, nil))
	assert.JSONEq(t, `{"a":7}`, string(rt.requests()[0].body))
	assert.Empty(t, rt.requests()[1].body)
	assert.NotContains(t, rt.requests()[1].header, "Content-Type")
}

func TestDoDecodesTheAnswer(t *testing.T) {
	c := newClient(t, play(reply(200, `{"id":"r","total":7}`)))
	var members map[string]any
	require.NoError(t, c.Do(t.Context(), "GET", "/receipts/r", nil, &members))
	assert.Equal(t, map[string]any{"id": "r", "total": 7.0}, members)
	var raw json.RawMessage
	require.NoError(t, c.Do(t.Context(), "GET", "/receipts/r", nil, &raw))
	assert.Equal(t, `{"id":"r","total":7}`, string(raw))
	var wrong []int
	as[*DecodeError](t, c.Do(t.Context(), "GET", "/receipts/r", nil, &wrong))
	require.NoError(t, newClient(t, play(reply(204, ``))).Do(t.Context(), "DELETE", "/receipts/r", nil, nil))
	as[*DecodeError](t, newClient(t, play(reply(200, `<html>`))).Do(t.Context(), "DELETE", "/receipts/r", nil, nil))
}

func TestDoActsForSubaccounts(t *testing.T) {
	for _, path := range []string{"/orders", "/receipts"} {
		for want, opts := range map[string][]CallOption{"default": nil, "sub": {ForSubaccount("sub")}, "": {ForAccount()}} {
			rt := play(reply(201, orderJSON))
			require.NoError(t, newClient(t, rt, WithSubaccount("default")).Do(t.Context(), "POST", path, tenKg, nil, opts...))
			assert.Equal(t, want, rt.requests()[0].header.Get(headerSubaccount), path)
			if want == "" {
				assert.NotContains(t, rt.requests()[0].header, headerSubaccount, path)
			}
		}
	}
}

func TestDoRefusesBadInput(t *testing.T) {
	for _, path := range []string{
		"", "orders", "//evil.test/orders", "https://evil.test/orders", "/orders#top", "/orders/", "/orders//x", "/orders/../subaccounts", "/orders/%2e%2e",
		"/orders/./x", "/", "/orders/%zz", "/orders/\x00", "/..",
	} {
		invalid := refused(t, path, func(c *Client) error { return c.Do(t.Context(), "GET", path, nil, nil) })
		assert.Equal(t, "path", invalid.Field)
		assert.Equal(t, "Do", invalid.Call)
	}
	for name, call := range map[string]func(*Client) error{
		"body that is no JSON": func(c *Client) error { return c.Do(t.Context(), "POST", "/receipts", func() {}, nil) },
		"method with a space":  func(c *Client) error { return c.Do(t.Context(), "PO ST", "/receipts", nil, nil) },
		"value":                func(c *Client) error { return c.Do(t.Context(), "GET", "/receipts", nil, api.Order{}) },
		"nil pointer":          func(c *Client) error { return c.Do(t.Context(), "GET", "/receipts", nil, (*api.Order)(nil)) },
		"key with a line break": func(c *Client) error {
			return c.Do(t.Context(), "POST", "/receipts", nil, nil, WithIdempotencyKey("a\nb"))
		},
		"empty subaccount": func(c *Client) error { return c.Do(t.Context(), "POST", "/receipts", nil, nil, ForSubaccount("")) },
		"header of the client's": func(c *Client) error {
			return c.Do(t.Context(), "GET", "/receipts", nil, nil, WithHeader("Host", "evil.test"))
		},
	} {
		refused(t, name, call)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	rt := play(reply(http.StatusOK, `{}`))
	assert.ErrorIs(t, newClient(t, rt).Do(ended, "GET", "/receipts", nil, nil), context.Canceled)
	assert.Zero(t, rt.count())
}
