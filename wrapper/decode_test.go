package cnaught

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// A good status with a body that cannot be used is an error, which keeps the body:
// it may hold a paid order.
func TestUnreadableAnswers(t *testing.T) {
	const json, html = "application/json", "text/html"
	for _, tt := range []struct {
		name              string
		status            int
		contentType, body string
	}{
		{"HTML", 200, html, `<html>Login to the hotel's network</html>`},
		{"HTML that calls itself JSON", 200, json, `<html></html>`},
		{"null", 200, json, `null`},
		{"array", 200, json, `[]`},
		{"array of orders", 200, json, `[` + orderJSON + `]`},
		{"string", 200, json, `"Gre28Fc35bt3"`},
		{"number", 200, json, `1`},
		{"true", 200, json, `true`},
		{"no members", 200, json, `{}`},
		{"another object", 200, json, `{"status":"ok"}`},
		{"null id", 200, json, `{"id":null,"amount_kg":10}`},
		{"empty id", 200, json, `{"id":"","amount_kg":10}`},
		{"trailing garbage", 200, json, orderJSON + `garbage`},
		{"two objects", 200, json, orderJSON + orderJSON},
		{"id of a wrong type", 200, json, `{"id":7}`},
		{"amount of a wrong type", 200, json, `{"id":"x","amount_kg":"ten"}`},
		{"amount out of range", 200, json, `{"id":"x","amount_kg":1e999}`},
		{"allocations of a wrong type", 200, json, `{"id":"x","project_allocations":{}}`},
		{"binary", 200, "application/octet-stream", "\x00\xff\x1f\x8b"},
		{"204 without an order", 204, "", ``},
		{"202 with HTML", 202, html, `<p>accepted</p>`},
		{"202 with a problem document", 202, "application/problem+json", `{"title":"Accepted, but not an order","status":202}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := play(reply(tt.status, tt.body, "Content-Type", tt.contentType, "X-Request-Id", "r-1"))
			var r Response
			order, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey("k"), WithResponse(&r))
			require.Nil(t, order)
			decode := as[*DecodeError](t, err)
			assert.NotErrorAs(t, err, new(*Error), "an answer of 2xx is no problem")
			assert.Equal(t, tt.status, decode.StatusCode)
			assert.Equal(t, tt.body, string(decode.Body), "the body may hold the order")
			assert.Equal(t, "SubmitOrder", decode.Operation)
			assert.Equal(t, "k", decode.IdempotencyKey)
			assert.Equal(t, "r-1", decode.Header.Get("X-Request-Id"))
			assert.Equal(t, 1, decode.Attempts)
			assert.Error(t, decode.Err)
			assert.Equal(t, 1, rt.count(), "the order may have been placed, so the request is not repeated")
			assert.Equal(t, tt.status, r.StatusCode)
			assert.Zero(t, rt.open())
		})
	}
}

// JSON that ends too early means that the body was cut off, whatever the framing
// said, so the request is repeated.
func TestTruncatedJSONIsRepeated(t *testing.T) {
	for _, body := range []string{``, "  \r\n\t", "\ufeff", `{`, `{"id":"Gre28Fc35bt3"`, orderJSON[:50], orderJSON[:len(orderJSON)-1]} {
		for _, status := range []int{200, 201, 206, 299} {
			cut := reply(status, body)
			rt := play(cut, cut, reply(201, orderJSON))
			order, err := newClient(t, rt, quick(3)).PlaceOrder(t.Context(), tenKg)
			require.NoError(t, err, "%d %q", status, body)
			assert.Equal(t, "Gre28Fc35bt3", order.ID)
			keys := keysOf(rt)
			assert.Equal(t, keys[0], keys[2])

			_, err = newClient(t, play(cut), quick(2)).PlaceOrder(t.Context(), tenKg)
			assert.ErrorIs(t, as[*TransportError](t, err), io.ErrUnexpectedEOF)
			assert.ErrorIs(t, err, ErrOutcomeUnknown)
			_, err = newClient(t, play(cut), quick(2)).Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)
			assert.Equal(t, 2, as[*TransportError](t, err).Attempts)

			rt = play(cut)
			_, err = newClient(t, rt, quick(2)).CreateCheckoutSession(t.Context(), anySession)
			assert.ErrorIs(t, err, ErrOutcomeUnknown)
			assert.Equal(t, 1, rt.count(), "a session may have been opened")
		}
	}
}

// placeOrder has each way to place an order of ten kilograms.
var placeOrder = map[string]func(context.Context, *Client) (*api.Order, error){
	"PlaceOrder": func(ctx context.Context, c *Client) (*api.Order, error) { return c.PlaceOrder(ctx, tenKg) },
	"Raw": func(ctx context.Context, c *Client) (*api.Order, error) {
		resp, err := c.Raw().SubmitOrderWithResponse(ctx, nil, tenKg)
		if err != nil {
			return nil, err
		}
		return resp.JSON201, nil
	},
	"Do": func(ctx context.Context, c *Client) (order *api.Order, err error) {
		return order, c.Do(ctx, "POST", "/orders", tenKg, &order)
	},
}

// The media type does not decide whether an answer is good, because proxies and
// old servers write anything. Nor does the status, as long as it is a 2xx.
func TestMediaTypesOfGoodAnswers(t *testing.T) {
	for _, contentType := range []string{
		"", "text/plain", "text/json", "text/html", "application/octet-stream", "application/json", "APPLICATION/JSON", "application/json, application/json",
		"application/json; charset=utf-8", "application/json; charset=utf-8; charset=UTF-8", "application/json;;", "application/hal+json", "application/vnd.api+json", ";;",
	} {
		for _, status := range []int{200, 201, 202, 203, 299} {
			for way, place := range placeOrder {
				if way == "Raw" && status != 201 {
					continue // has a value for the declared status alone
				}
				order, err := place(t.Context(), newClient(t, play(reply(status, orderJSON, "Content-Type", contentType))))
				require.NoError(t, err, "%s: %d %s", way, status, contentType)
				assert.Equal(t, "Gre28Fc35bt3", order.ID, "%s: %d %s", way, status, contentType)
			}
		}
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	const bom = "\ufeff"
	for way, place := range placeOrder {
		order, err := place(t.Context(), newClient(t, play(reply(201, bom+orderJSON))))
		require.NoError(t, err, way)
		assert.Equal(t, "Gre28Fc35bt3", order.ID, way)
	}
	c := newClient(t, play(reply(200, bom+`{"data":[{"id":"a"},{"id":"b"}]}`)))
	ids, err := orderIDs(c.Orders(t.Context(), ListOptions{Limit: 20}), -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, ids)
	ids, err = subaccountIDs(c.Subaccounts(t.Context(), ListOptions{Limit: 20}), -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, ids)
	var undescribed map[string]any
	require.NoError(t, c.Do(t.Context(), "GET", "/receipts", nil, &undescribed))
	assert.Len(t, undescribed["data"], 2)

	c = newClient(t, play(reply(404, bom+notFoundJSON)))
	for way, err := range map[string]error{
		"CancelOrder": errorOf(c.CancelOrder(t.Context(), "x")),
		"Orders":      errorOf(orderIDs(c.Orders(t.Context(), ListOptions{}), -1)),
		"Do":          c.Do(t.Context(), "POST", "/orders/x/cancel", nil, nil),
	} {
		assert.ErrorIs(t, err, ErrNotFound, way)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown, way)
		assert.Equal(t, "Could not find order", as[*Error](t, err).Title, way)
	}
}

func TestEveryMethodRefusesNull(t *testing.T) {
	for _, m := range methods {
		if m.operation == "DeleteSubaccount" {
			continue // there is no value to decode
		}
		for _, body := range []string{`null`, `[]`, `"x"`} {
			value, err := m.call(t.Context(), newClient(t, play(reply(200, body))))
			as[*DecodeError](t, err)
			assert.Nil(t, value, "%s, %s", m.operation, body)
		}
	}
}

// Members and values that a newer API adds are no error, nor is null anywhere.
func TestAnswersOfANewerAPI(t *testing.T) {
	for name, body := range map[string]string{
		"unknown members": `{"id":"x","state":"placed","surprise":{"a":[1,2]},"amount_kg":10}`,
		"unknown state":   `{"id":"x","state":"on_hold"}`,
		"nulls": `{"id":"x","order_number":null,"created_on":null,"metadata":null,"description":null,"amount_kg":null,"state":null,
			"price_usd_cents":null,"callback_url":null,"certificate_public_url":null,"project_allocations":null,"checkout_session_id":null,"subaccount_id":null}`,
		"nulls deep down":  `{"id":"x","project_allocations":[null,{"project":null,"amount_kg":null,"retirements":[null,{"url":null}]}]}`,
		"only an id":       `{"id":"x"}`,
		"fractional times": `{"id":"x","created_on":"2023-09-26T00:18:51.764508Z"}`,
		"offset times":     `{"id":"x","created_on":"2023-09-26T00:18:51+02:00"}`,
		"leading space":    "\r\n\t {\"id\":\"x\"} \n",
		"exponents":        `{"id":"x","amount_kg":1e1}`,
	} {
		order, err := newClient(t, play(reply(200, body))).GetOrder(t.Context(), "x")
		require.NoError(t, err, name)
		assert.Equal(t, "x", order.ID, name)
	}
	order, err := newClient(t, play(reply(200, `{"id":"x","state":"on_hold"}`))).GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, api.OrderState("on_hold"), order.State)
	assert.False(t, order.State.Valid())
}

func TestResponseLimit(t *testing.T) {
	padded := `{"id":"x","metadata":"` + strings.Repeat("m", 1000) + `"}`
	n := int64(len(padded))
	for _, known := range []bool{true, false} {
		for most, ok := range map[int64]bool{n - 1: false, n: true, n + 1: true, 1: false, math.MaxInt64 - 1: true, math.MaxInt64: true} {
			next := reply(200, padded)
			if !known {
				next = replyBody(200, strings.NewReader(padded))
			}
			order, err := newClient(t, play(next), WithMaxResponseBytes(most)).GetOrder(t.Context(), "x")
			if ok {
				require.NoError(t, err, "limit %d, length known: %t", most, known)
				assert.Equal(t, "x", order.ID)
				continue
			}
			decode := as[*DecodeError](t, err)
			assert.ErrorIs(t, err, limit.ErrTooLarge)
			assert.Equal(t, padded[:most], string(decode.Body), "the error keeps the start of the body")
		}
	}
}

// A transport of the caller's may return anything.
func TestOddTransports(t *testing.T) {
	odd := func(change func(*http.Response)) step {
		return func(req *http.Request) (*http.Response, error) {
			resp, err := reply(200, orderJSON)(req)
			change(resp)
			return resp, err
		}
	}
	for _, tt := range []struct {
		name string
		step step
		ok   bool
	}{
		{"neither answer nor error", func(*http.Request) (*http.Response, error) { return nil, nil }, false},
		{"no body", odd(func(r *http.Response) { r.Body = nil }), false},
		{"no header", odd(func(r *http.Response) { r.Header = nil }), true},
		{"status 0", odd(func(r *http.Response) { r.StatusCode = 0 }), false},
		{"negative status", odd(func(r *http.Response) { r.StatusCode = -200 }), false},
		{"length left at 0", odd(func(r *http.Response) { r.ContentLength = 0 }), true},
		{"length too short", odd(func(r *http.Response) { r.ContentLength = 5 }), true},
		{"length too long", odd(func(r *http.Response) { r.ContentLength = 5000 }), true},
		{"length too long, and cut off", odd(func(r *http.Response) {
			r.ContentLength, r.Body = 5000, io.NopCloser(strings.NewReader(orderJSON[:20]))
		}), false},
		{"length unknown", odd(func(r *http.Response) { r.ContentLength = -1 }), true},
		{"most negative length", odd(func(r *http.Response) { r.ContentLength = math.MinInt64 }), true},
		{"no request", odd(func(r *http.Response) { r.Request = nil }), true},
		{"body that fails", odd(func(r *http.Response) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":"x"`), iotest.ErrReader(errReset)))
		}), false},
		{"body that fails at its end", odd(func(r *http.Response) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(orderJSON), iotest.ErrReader(errReset)))
		}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := play(tt.step)
			order, err := newClient(t, rt, quick(2)).GetOrder(t.Context(), "x")
			assert.Zero(t, rt.open())
			if tt.ok {
				require.NoError(t, err)
				assert.Equal(t, "Gre28Fc35bt3", order.ID)
				return
			}
			assert.Nil(t, order)
			assert.ErrorContains(t, err, "cnaught: GetOrder (GetOrderById): ")
		})
	}
}

// With HTTP/1.0, with "Connection: close" and with HTTP/2, an answer can end early
// without any sign of it.
func TestTruncatedAnswersWithoutASign(t *testing.T) {
	half := orderJSON[:len(orderJSON)/2]
	for name, head := range map[string]string{
		"HTTP/1.0":                   "HTTP/1.0 201 Created\r\nContent-Type: application/json\r\n\r\n" + half,
		"closed connection":          "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + half,
		"an empty body":              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"a length that is too short": "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 20\r\nConnection: close\r\n\r\n" + orderJSON[:20],
	} {
		var n atomic.Int32
		addr := listen(t, func(conn *net.TCPConn) {
			readRequest(conn)
			if n.Add(1)%3 != 0 {
				io.WriteString(conn, head)
			} else {
				fmt.Fprintf(conn, "HTTP/1.0 201 Created\r\nContent-Type: application/json\r\n\r\n%s", orderJSON)
			}
		})
		checkTruncated(t, name, newTestClient(t, "http://"+addr+"/v1", quick(3)))
	}
	var n atomic.Int32
	server := startHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		jsonHeader(w, 201)
		if n.Add(1)%3 != 0 {
			write(w, half)
		} else {
			write(w, orderJSON)
		}
	})
	c := newTestClient(t, server.URL+"/v1", quick(3))
	c.ownTransport.TLSClientConfig.RootCAs = rootsOf(server)
	checkTruncated(t, "HTTP/2", c)
}

// checkTruncated calls a server of which only every third answer is whole.
func checkTruncated(t *testing.T, name string, c *Client) {
	t.Helper()
	var r Response
	order, err := c.PlaceOrder(t.Context(), tenKg, WithResponse(&r))
	require.NoError(t, err, name)
	assert.Equal(t, "Gre28Fc35bt3", order.ID, name)
	assert.Equal(t, 3, r.Attempts, name)
	_, err = c.CreateCheckoutSession(t.Context(), anySession, WithResponse(&r))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
	assert.ErrorIs(t, err, ErrOutcomeUnknown, name)
	assert.Equal(t, 1, r.Attempts, name)
	_, err = c.CancelOrder(t.Context(), "Gre28Fc35bt3", WithCallRetryPolicy(NoRetry()))
	assert.ErrorIs(t, as[*TransportError](t, err), io.ErrUnexpectedEOF, name)
}

func TestEmptyLists(t *testing.T) {
	for _, body := range []string{`{"data":null}`, `{"data":[]}`} {
		list, err := newClient(t, play(reply(200, body))).ListOrders(t.Context(), ListOptions{})
		require.NoError(t, err, body)
		assert.Empty(t, list.Data)
	}
}

// An answer that is no list must not end an iteration as if there were no more
// items, and an item without an id is of no use.
func TestListsThatCannotBeUsed(t *testing.T) {
	ctx := t.Context()
	for body, want := range map[string]string{
		`{}`: "the body has no data", `{"Items":[]}`: "the body has no data",
		`{"data":[null]}`: "].id", `{"data":[{}]}`: "].id", `{"data":[{"id":""}]}`: "].id", `{"data":[{"id":"a"},null]}`: "].id",
	} {
		c := newClient(t, play(reply(200, body)))
		for name, err := range map[string]error{
			"ListOrders":      errorOf(c.ListOrders(ctx, ListOptions{})),
			"ListSubaccounts": errorOf(c.ListSubaccounts(ctx, ListOptions{})),
			"ListPortfolios":  errorOf(c.ListPortfolios(ctx)),
			"Orders":          errorOf(orderIDs(c.Orders(ctx, ListOptions{}), 10)),
			"Raw":             errorOf(c.Raw().GetListOfOrderWithResponse(ctx, nil)),
			"Do":              c.Do(ctx, "GET", "/orders", nil, new(api.OrderList)),
		} {
			as[*DecodeError](t, err)
			assert.ErrorContains(t, err, want, "%s, %s", name, body)
		}
	}
}

func TestQuotesOfZeroAndOfNothing(t *testing.T) {
	quote, err := newClient(t, play(reply(200, `{"amount_kg":0,"price_usd_cents":0}`))).QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: 0.1})
	require.NoError(t, err)
	assert.Zero(t, quote.AmountKg)
	_, err = newClient(t, play(reply(200, `{"price_usd_cents":20}`))).QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: 10})
	assert.ErrorContains(t, as[*DecodeError](t, err), "the body has no amount_kg")
}
