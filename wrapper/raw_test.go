package cnaught

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestDeprecatedOperationsThroughRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ``), reply(201, orderJSON), breakWith(errReset), reply(200, quoteJSON))
		c := newClient(t, rt)
		//lint:ignore SA1019 reachable through Raw
		order, err := c.Raw().SubmitRideOrderWithResponse(t.Context(), nil, api.RideOrderCreate{DistanceKm: 10.5})
		require.NoError(t, err)
		assert.Equal(t, "Gre28Fc35bt3", order.JSON201.ID)
		//lint:ignore SA1019 reachable through Raw
		quote, err := c.Raw().RequestRideQuoteWithResponse(t.Context(), nil, api.RideQuoteRequest{DistanceKm: 30})
		require.NoError(t, err)
		assert.Equal(t, api.USDCents(20), quote.JSON200.PriceUSDCents)

		requests := rt.requests()
		assert.Equal(t, testBase+"/orders/ride", requests[0].url)
		assert.JSONEq(t, `{"distance_km":10.5}`, string(requests[1].body))
		assert.Equal(t, requests[0].header[headerIdempotencyKey], requests[1].header[headerIdempotencyKey])
		assert.Equal(t, testBase+"/quotes/ride", requests[2].url)
	})
}

func TestRawErrorsAreTyped(t *testing.T) {
	_, err := newClient(t, play(reply(404, `{"title":`))).Raw().GetOrderByIDWithResponse(t.Context(), "x", nil)
	assert.ErrorIs(t, err, ErrNotFound, "the status survives a broken body")
	_, err = newClient(t, play(reply(201, `<html>`, "Content-Type", "text/html"))).Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)
	assert.Equal(t, "<html>", string(as[*DecodeError](t, err).Body))
	for _, body := range []string{`{"id":7}`, `{"amount_kg":10}`, " null\n"} {
		_, err = newClient(t, play(reply(201, body))).Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)
		e := as[*DecodeError](t, err)
		assert.Equal(t, body, string(e.Body))
		assert.Equal(t, "SubmitOrder", e.Operation)
		assert.Equal(t, 201, e.StatusCode)
		assert.NotEmpty(t, e.IdempotencyKey)
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
	}
	_, err = newClient(t, play(reply(201, `{"id":7}`))).Raw().SubmitOrder(t.Context(), nil, tenKg)
	assert.Equal(t, `{"id":7}`, string(as[*DecodeError](t, err).Body))
	_, err = newClient(t, play(breakWith(errRefused)), quick(2)).Raw().GetListOfPortfoliosWithResponse(t.Context())
	assert.Equal(t, 2, as[*TransportError](t, err).Attempts)
	_, err = newClient(t, play()).Raw().GetOrderByIDWithResponse(t.Context(), "..", nil)
	assert.ErrorIs(t, err, ErrInvalidRequest)
}

// Raw returns an answer that net/http could have returned.
func TestRawAnswer(t *testing.T) {
	rt := play(reply(200, orderJSON, "X-Request-Id", "r-1"))
	client := newClient(t, rt)
	resp, err := client.Raw().GetOrderByIDWithResponse(t.Context(), "x", nil)
	require.NoError(t, err)
	assert.Equal(t, orderJSON, string(resp.Body))
	assert.Equal(t, http.StatusOK, resp.StatusCode())
	assert.Equal(t, "r-1", resp.HTTPResponse.Header.Get("X-Request-Id"))
	assert.Equal(t, int64(len(orderJSON)), resp.HTTPResponse.ContentLength)
	assert.Equal(t, testBase+"/orders/x", resp.HTTPResponse.Request.URL.String())
	assert.NoError(t, resp.HTTPResponse.Body.Close())
	assert.Zero(t, rt.open())

	again, err := client.Raw().GetOrderByIDWithResponse(t.Context(), "x", nil)
	require.NoError(t, err)
	assert.Equal(t, again.HTTPResponse.Body, resp.HTTPResponse.Body, "equal answers compare equal")

	assert.Equal(t, "Bearer "+testKey, rt.requests()[0].header.Get("Authorization"))
	answered := resp.HTTPResponse.Request
	assert.NotContains(t, fmt.Sprintf("%v %+v", answered, answered.Header), testKey)
	var shown printer
	assert.Equal(&shown, new(api.GetOrderByIDResponse), resp)
	assert.Contains(t, shown.String(), "Gre28Fc35bt3")
	assert.NotContains(t, shown.String(), testKey, "a failed comparison prints every field")
}

// printer keeps what a failed assertion prints.
type printer struct{ strings.Builder }

func (p *printer) Errorf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func TestRawUndeclared2xxKeepsTheBody(t *testing.T) {
	resp, err := newClient(t, play(reply(202, orderJSON))).Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)
	require.NoError(t, err)
	assert.Nil(t, resp.JSON201)
	assert.Equal(t, orderJSON, string(resp.Body))
	assert.Equal(t, 202, resp.StatusCode())
}

// rawByIDs has operations that take an id, called through Raw, by operationId.
var rawByIDs = map[string]func(ctx context.Context, c *Client, id string) error{
	"GetOrderById": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.Raw().GetOrderByIDWithResponse(ctx, id, nil))
	},
	"CancelOrder": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.Raw().CancelOrderWithResponse(ctx, id, nil))
	},
	"DeleteSubaccount": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.Raw().DeleteSubaccountWithResponse(ctx, id))
	},
	"RemoveSubaccountLogo": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.Raw().RemoveSubaccountLogoWithResponse(ctx, id))
	},
	"GetProjectById": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.Raw().GetProjectByIDWithResponse(ctx, id))
	},
}

func TestRawIDsReachTheirEndpoint(t *testing.T) {
	for name, call := range rawByIDs {
		for _, id := range []string{"", ".", "..", "/..", "a/../../orders"} {
			refused(t, name+" "+id, func(c *Client) error { return call(t.Context(), c, id) })
		}
		for _, id := range []string{"%2e%2e", "a/b", "..%2f"} {
			rt := play(reply(200, fmt.Sprintf(`{"id":%q}`, id)))
			require.NoError(t, call(t.Context(), newClient(t, rt), id), "%s %s", name, id)
			assert.Equal(t, 1, rt.count())
		}
	}
}

// A request that an editor of Raw has changed is checked like any other input.
func TestRawRefusesPathsOfNoOperation(t *testing.T) {
	for _, path := range []string{"", "/", "/v1", "/v1/", "/v1/orders/", "/v1/orders/x/", "/v1/orders//", "/v1/orders/x/refund", "/v1/secrets",
		"/v1/./orders", "/v1/../v1/orders", "//v1/orders", "/v1//orders", "/V1/orders", "/v1/Orders", "/v1/orders/.", "/v1/orders/..", "/v1/orders/%2e%2e", "/v1/orders/%2E", "/v1/orders/x/cancel/now"} {
		refused(t, path, func(c *Client) error {
			return errorOf(c.Raw().GetListOfOrderWithResponse(t.Context(), nil, func(_ context.Context, req *http.Request) error {
				u, err := req.URL.Parse("https://api.test" + path)
				if strings.Contains(path, "//") || strings.Contains(path, "/.") {
					*u = *req.URL // URL.Parse would clean the path
					u.Path, u.RawPath = path, ""
					if strings.Contains(path, "%") {
						u.Path, u.RawPath = strings.NewReplacer("%2e", ".", "%2E", ".").Replace(path), path
					}
				}
				req.URL = u
				return err
			}))
		})
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "get", ""} {
		refused(t, method, func(c *Client) error {
			return errorOf(c.Raw().GetListOfOrderWithResponse(t.Context(), nil, func(_ context.Context, req *http.Request) error {
				req.Method = method
				return nil
			}))
		})
	}
}

func TestLiteralSegmentsWinOverIDs(t *testing.T) {
	assert.Equal(t, "SubmitRideOrder", findOperation("POST", "/orders/ride").describe().ID)
	assert.Equal(t, "GetOrderById", findOperation("GET", "/orders/ride").describe().ID)
	assert.Equal(t, "GetImpactData", findOperation("GET", "/impact/data").describe().ID)
	assert.Nil(t, findOperation("GET", "/impact/other"))
	assert.Nil(t, findOperation("GET", "orders"))
}

func TestRawEditorThatFails(t *testing.T) {
	rt := play()
	_, err := newClient(t, rt).Raw().GetListOfPortfoliosWithResponse(t.Context(), func(context.Context, *http.Request) error { return errReset })
	assert.ErrorIs(t, err, errReset)
	assert.Zero(t, rt.count())
}

// An editor of Raw changes every attempt.
func TestRawEditorsChangeEveryAttempt(t *testing.T) {
	rt := play(reply(500, ``), reply(201, orderJSON))
	c := newClient(t, rt, WithSubaccount("default"), quick(2))
	_, err := c.Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg, func(_ context.Context, r *http.Request) error {
		r.Header["idempotency-key"], r.Header["x-subaccount-id"], r.Header["authorization"] = []string{"mine"}, []string{"sub"}, []string{"Bearer other"}
		r.Body = io.NopCloser(strings.NewReader(`{"amount_kg":10,"new":true}`)) // GetBody stays as it was
		r.ContentLength = int64(len(`{"amount_kg":10,"new":true}`))
		return nil
	})
	require.NoError(t, err)
	sent := rt.requests()
	require.Len(t, sent, 2)
	for _, r := range sent {
		assert.Equal(t, `{"amount_kg":10,"new":true}`, string(r.body))
		for name, want := range map[string]string{headerIdempotencyKey: "mine", headerSubaccount: "sub", "Authorization": "Bearer " + testKey} {
			var all []string
			for other, values := range r.header {
				if strings.EqualFold(other, name) {
					all = append(all, values...)
				}
			}
			assert.Equal(t, []string{want}, all, name)
		}
	}
	_, err = c.Raw().GetProjectByIDWithResponse(t.Context(), "x", func(_ context.Context, r *http.Request) error {
		r.Header["idempotency-key"] = []string{"mine"}
		return nil
	})
	assert.ErrorIs(t, err, ErrInvalidRequest, "this operation takes no key, however the header is spelled")
}
