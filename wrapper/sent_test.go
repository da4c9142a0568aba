package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// actingCall is a call that may act twice.
type actingCall struct {
	name   string
	keyed  bool
	answer string
	call   func(context.Context, *Client, ...CallOption) error
}

// actingCalls has the operations that may act twice, called in every way.
var actingCalls = []actingCall{
	{"PlaceOrder", true, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.PlaceOrder(ctx, tenKg, o...))
	}},
	{"CancelOrder", true, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.CancelOrder(ctx, "Gre28Fc35bt3", o...))
	}},
	{"CreateSubaccount", true, subaccountJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing"}, o...))
	}},
	{"CreateCheckoutSession", false, sessionJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.CreateCheckoutSession(ctx, anySession, o...))
	}},
	{"Raw SubmitOrder", true, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.Raw().SubmitOrderWithResponse(WithCallOptions(ctx, o...), nil, tenKg))
	}},
	{"Raw SubmitRideOrder", true, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		//lint:ignore SA1019 reachable through Raw
		return errorOf(c.Raw().SubmitRideOrderWithResponse(WithCallOptions(ctx, o...), nil, api.RideOrderCreate{DistanceKm: 10.5}))
	}},
	{"Raw CreateCheckoutSession", false, sessionJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return errorOf(c.Raw().CreateCheckoutSessionWithResponse(WithCallOptions(ctx, o...), nil, anySession))
	}},
	{"Do POST /orders", true, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return c.Do(ctx, "POST", "/orders", tenKg, new(api.Order), o...)
	}},
	{"Do POST of an undescribed path", false, orderJSON, func(ctx context.Context, c *Client, o ...CallOption) error {
		return c.Do(ctx, "POST", "/orders/Gre28Fc35bt3/refund", map[string]int{"amount_kg": 10}, new(api.Order), o...)
	}},
}

// eachActingCall runs a test for every call that may act twice.
func eachActingCall(t *testing.T, test func(t *testing.T, a actingCall)) {
	t.Helper()
	for _, a := range actingCalls {
		t.Run(a.name, func(t *testing.T) { test(t, a) })
	}
}

// The cause of a context may be any error, here a connection of another goroutine
// that was refused.
func TestCauseOfAContextDoesNotSayThatNothingWasSent(t *testing.T) {
	eachActingCall(t, func(t *testing.T, a actingCall) {
		for _, cause := range []error{errRefused, NotSent(io.EOF)} {
			for where, send := range map[string]silent{
				"before the answer": hang,
				"in the answer": func(req *http.Request) (*http.Response, error) {
					return replyBody(201, untilDone{req.Context()})(req)
				},
			} {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(time.Second, func() { cancel(cause) })
					err := a.call(ctx, newClient(t, send))
					assert.ErrorIs(t, err, ErrOutcomeUnknown, where)
					assert.ErrorIs(t, err, context.Canceled, where)
					assert.ErrorIs(t, err, cause, where)
					_, ok := IdempotencyKeyFrom(err)
					assert.Equal(t, a.keyed, ok, where)
				})
			}
		}
	})
}

// untilDone is a body that fails with the cause of a context.
type untilDone struct{ ctx context.Context }

func (b untilDone) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, context.Cause(b.ctx)
}

// An error that comes after the status says nothing about what was sent.
func TestBodyThatFailsWithADialErrorMayHaveActed(t *testing.T) {
	eachActingCall(t, func(t *testing.T, a actingCall) {
		for _, err := range []error{errRefused, NotSent(errRefused)} {
			for _, reports := range []bool{true, false} {
				rt := play(replyBody(201, iotest.ErrReader(err)))
				var transport http.RoundTripper = rt
				if !reports {
					transport = silent(func(req *http.Request) (*http.Response, error) {
						return rt.RoundTrip(req.WithContext(withoutTrace{req.Context()}))
					})
				}
				err := a.call(t.Context(), newClient(t, transport, quick(4)))
				assert.ErrorIs(t, err, ErrOutcomeUnknown)
				if a.keyed {
					assert.Equal(t, 4, rt.count())
				} else {
					assert.Equal(t, 1, rt.count(), "it may have acted, so it is not sent again")
				}
			}
		}
	})
}

// withoutTrace hides the values of a context, httptrace's among them.
type withoutTrace struct{ context.Context }

func (withoutTrace) Value(any) any { return nil }

// A retrying transport that builds its own requests drops the context, so that
// httptrace sees nothing of its first sending.
func TestTransportThatDropsTheContext(t *testing.T) {
	eachActingCall(t, func(t *testing.T, a actingCall) {
		for name, second := range map[string]step{"refused": breakWith(errRefused), "429": reply(429, ``)} {
			var acted atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				acted.Add(1)
				panic(http.ErrAbortHandler)
			}))
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			retrying := silent(func(req *http.Request) (*http.Response, error) {
				again := req.Clone(context.Background())
				if resp, err := transport.RoundTrip(again); err == nil {
					return resp, nil
				}
				return second(req)
			})
			for kind, c := range map[string]*Client{
				"as the http.Client's transport": newClient(t, retrying, WithBaseURL(server.URL), WithRetryPolicy(NoRetry())),
				"as middleware": newClient(t, transport, WithBaseURL(server.URL), WithRetryPolicy(NoRetry()), WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
					return silent(func(req *http.Request) (*http.Response, error) {
						if resp, err := next.RoundTrip(req.Clone(context.Background())); err == nil {
							return resp, nil
						}
						return second(req)
					})
				})),
			} {
				before := acted.Load()
				err := a.call(t.Context(), c)
				assert.Equal(t, before+1, acted.Load())
				assert.ErrorIs(t, err, ErrOutcomeUnknown, "%s, %s", name, kind)
			}
		}
	})
}

// The outcome is known if a circuit breaker was open, as the transport or as
// middleware.
func TestNotSent(t *testing.T) {
	errOpen := errors.New("the circuit is open")
	broken := silent(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("breaker: %w", NotSent(errOpen)) })
	eachActingCall(t, func(t *testing.T, a actingCall) {
		for name, c := range map[string]*Client{
			"transport":  newClient(t, broken, quick(3)),
			"middleware": newClient(t, play(), quick(3), WithMiddleware(func(http.RoundTripper) http.RoundTripper { return broken })),
		} {
			err := a.call(t.Context(), c)
			assert.Equal(t, 3, as[*TransportError](t, err).Attempts, name)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown, name)
			assert.ErrorIs(t, err, errOpen, name)
		}
		// NotSent proves nothing once the request has been sent.
		c := newClient(t, play(reply(500, ``)), WithRetryPolicy(NoRetry()), WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return silent(func(req *http.Request) (*http.Response, error) {
				next.RoundTrip(req)
				return nil, NotSent(errOpen)
			})
		}))
		assert.ErrorIs(t, a.call(t.Context(), c), ErrOutcomeUnknown)
	})
	assert.EqualError(t, NotSent(errOpen), "the circuit is open")
}

// passOn is middleware that does nothing.
func passOn(next http.RoundTripper) http.RoundTripper {
	return silent(func(req *http.Request) (*http.Response, error) { return next.RoundTrip(req) })
}

// The client still knows what its transport sent when there is middleware around
// it.
func TestOutcomesWithMiddleware(t *testing.T) {
	base := "https://" + listen(t, abort)
	eachActingCall(t, func(t *testing.T, a actingCall) {
		c := newTestClient(t, base+"/v1", quick(3), WithMiddleware(passOn))
		err := a.call(t.Context(), c)
		assert.Equal(t, 3, as[*TransportError](t, err).Attempts, "a reset in the TLS handshake")
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)

		rt := play(breakWith(errReset), reply(201, a.answer))
		err = a.call(t.Context(), newClient(t, rt, quick(3), WithMiddleware(passOn)))
		if a.keyed {
			assert.NoError(t, err)
			return
		}
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, 1, rt.count())
	})
}

func TestMiddlewareOrder(t *testing.T) {
	var order []string
	named := func(name string) Option {
		return WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return silent(func(req *http.Request) (*http.Response, error) {
				order = append(order, name)
				return next.RoundTrip(req)
			})
		})
	}
	c := newClient(t, play(reply(503, ``), reply(200, orderJSON)), quick(2), named("first"), named("second"), WithMiddleware(nil), named("third"))
	_, err := c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, []string{"first", "second", "third", "first", "second", "third"}, order, "for each attempt")

	_, err = New(testKey, WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil }))
	assert.EqualError(t, err, "cnaught: New: middleware returned nil")
}

// Middleware does not replace the client's own transport, which keeps a connection
// for each of 64 callers.
func TestMiddlewareKeepsConnections(t *testing.T) {
	var arrived sync.WaitGroup
	var warm atomic.Bool
	server, conns := countConnections(t, func(w http.ResponseWriter, _ *http.Request) {
		if !warm.Load() { // all at once, so that each has a connection
			arrived.Done()
			arrived.Wait()
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"x"}`)
	})
	c := newTestClient(t, server.URL+"/v1", WithMiddleware(passOn))
	const callers = 64
	arrived.Add(callers)
	for range 9 {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				_, err := c.GetOrder(t.Context(), "x")
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		warm.Store(true)
	}
	assert.Equal(t, callers, conns.opened(), "of %d calls", 9*callers)
}

func TestAttemptFrom(t *testing.T) {
	var seen []Attempt
	record := WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return silent(func(req *http.Request) (*http.Response, error) {
			a, ok := AttemptFrom(req.Context())
			assert.True(t, ok)
			seen = append(seen, a)
			return next.RoundTrip(req)
		})
	})
	key := WithIdempotencyKey("k")
	c := newClient(t, play(reply(503, ``), reply(201, orderJSON)), quick(2), record)
	_, err := c.CancelOrder(t.Context(), "Gre28Fc35bt3", key)
	require.NoError(t, err)
	_, err = c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	_, err = c.Raw().SubmitOrderWithResponse(WithCallOptions(t.Context(), key), nil, tenKg)
	require.NoError(t, err)
	require.NoError(t, c.Do(t.Context(), "post", "/orders", tenKg, nil, key))
	require.NoError(t, c.Do(t.Context(), "GET", "/orders/x/receipt?short=1", nil, nil))
	assert.Equal(t, []Attempt{
		{Call: "CancelOrder", Operation: "CancelOrder", HTTPMethod: "POST", PathTemplate: "/orders/{id}/cancel", IdempotencyKey: "k", Number: 1},
		{Call: "CancelOrder", Operation: "CancelOrder", HTTPMethod: "POST", PathTemplate: "/orders/{id}/cancel", IdempotencyKey: "k", Number: 2},
		{Call: "GetOrder", Operation: "GetOrderById", HTTPMethod: "GET", PathTemplate: "/orders/{id}", Number: 1},
		{Call: "SubmitOrder", Operation: "SubmitOrder", HTTPMethod: "POST", PathTemplate: "/orders", IdempotencyKey: "k", Number: 1},
		{Call: "Do", Operation: "SubmitOrder", HTTPMethod: "POST", PathTemplate: "/orders", IdempotencyKey: "k", Number: 1},
		{Call: "Do", Operation: "GET /orders/x/receipt", HTTPMethod: "GET", PathTemplate: "/orders/x/receipt", Number: 1},
	}, seen)
	_, ok := AttemptFrom(t.Context())
	assert.False(t, ok)
}

// retrying sends every request up to n times, as go-retryablehttp does.
func retrying(n int, next http.RoundTripper) silent {
	return func(req *http.Request) (resp *http.Response, err error) {
		for range n {
			again := req.Clone(req.Context())
			if req.GetBody != nil {
				again.Body, _ = req.GetBody()
			}
			if resp, err = next.RoundTrip(again); err == nil && resp.StatusCode < 500 {
				return resp, nil
			}
			if err == nil {
				resp.Body.Close()
			}
		}
		return resp, err
	}
}

func TestWarningOfATransportThatResends(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }))
	defer server.Close()
	below := &http.Transport{}
	defer below.CloseIdleConnections()
	const warning = "cnaught: the transport sends more requests than it was asked to"
	for name, tt := range map[string]struct {
		rt   http.RoundTripper
		want int // warnings of two attempts
	}{
		"a retrying transport": {retrying(5, below), 2},
		"net/http's own":       {below, 0},
		"a plain wrapper":      {passOn(below), 0},
	} {
		var log strings.Builder
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		c := newTestClient(t, server.URL+"/v1", WithHTTPClient(&http.Client{Transport: tt.rt}), quick(2), WithLogger(logger))
		_, err := c.GetOrder(t.Context(), "x")
		assert.ErrorIs(t, err, ErrServer)
		assert.Equal(t, tt.want, strings.Count(log.String(), warning), name)
		if tt.want == 0 {
			continue
		}
		var line struct {
			Msg, Level, Call, Operation string
			Attempt, Requests           int
		}
		require.NoError(t, json.Unmarshal([]byte(strings.SplitN(log.String(), "\n", 2)[0]), &line))
		assert.Equal(t, "GetOrder GetOrderById WARN 1 5", fmt.Sprint(line.Call, " ", line.Operation, " ", line.Level, " ", line.Attempt, " ", line.Requests))
		_, err = newTestClient(t, server.URL+"/v1", WithHTTPClient(&http.Client{Transport: tt.rt}), quick(2)).GetOrder(t.Context(), "x")
		assert.ErrorIs(t, err, ErrServer, "without a logger")
	}
}
