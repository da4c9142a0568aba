package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A transport may write into the request of its attempt, and may still do so
// when the next attempt has begun, as HTTP/2 does.
func TestAttemptsShareNothing(t *testing.T) {
	for name, call := range map[string]func(*Client) error{
		"PlaceOrder": func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), tenKg, WithHeader("X-A", "1"))) },
		"Raw":        func(c *Client) error { return errorOf(c.Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)) },
		"Do":         func(c *Client) error { return c.Do(t.Context(), "PUT", "/receipts/7?a=b", tenKg, nil) },
	} {
		var before []string
		var late sync.WaitGroup
		gateway := silent(func(req *http.Request) (*http.Response, error) {
			before = append(before, fmt.Sprint(req.Method, req.URL, req.Host, len(req.Header), req.Header["X-Tenant"]))
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			before[len(before)-1] += string(body)
			req.Header.Add("X-Tenant", "acme")
			req.URL.Path = "/gateway" + req.URL.Path
			late.Go(func() { // goes on when the attempt is over
				for range 1000 {
					req.Header.Set("X-Late", "1")
					req.Header["Authorization"] = nil
					req.URL.Path += "x"
				}
			})
			return reply(503, ``)(req)
		})
		assert.ErrorIs(t, call(newClient(t, gateway, quick(4))), ErrServer, name)
		late.Wait()
		require.Len(t, before, 4, name)
		for _, later := range before {
			assert.Equal(t, before[0], later, name)
		}
	}
}

// The usual idiom finds an attempt's timeout.
func TestAttemptTimeoutIsANetError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := newClient(t, play(hang)).GetOrder(t.Context(), "x")
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		//lint:ignore SA1019 a net.Error has it
		assert.True(t, timeout.Temporary())
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

// The cause of a context stands beside its error, wherever the call was.
func TestCauseOfTheContextIsKept(t *testing.T) {
	cause := errors.New("the shop closed")
	for name, tt := range map[string]struct {
		after time.Duration
		step  step
		call  func(context.Context, *Client) error
	}{
		"before the first attempt": {0, reply(200, orderJSON), func(ctx context.Context, c *Client) error { return errorOf(c.GetOrder(ctx, "x")) }},
		"before Do":                {0, reply(200, orderJSON), func(ctx context.Context, c *Client) error { return c.Do(ctx, "GET", "/x", nil, nil) }},
		"before an iterator":       {0, reply(200, orderJSON), func(ctx context.Context, c *Client) error { return errorOf(orderIDs(c.Orders(ctx, ListOptions{}), 1)) }},
		"in the attempt":           {time.Second, hang, func(ctx context.Context, c *Client) error { return errorOf(c.GetOrder(ctx, "x")) }},
		"in the pause":             {time.Second, reply(503, ``, "Retry-After", "30"), func(ctx context.Context, c *Client) error { return errorOf(c.GetOrder(ctx, "x")) }},
		"in the pause of Raw": {time.Second, reply(503, ``, "Retry-After", "30"), func(ctx context.Context, c *Client) error {
			return errorOf(c.Raw().SubmitOrderWithResponse(ctx, nil, tenKg))
		}},
		"in the waiter for an order":  {time.Minute, in("placed"), func(ctx context.Context, c *Client) error { return errorOf(c.WaitForOrder(ctx, "x")) }},
		"in the waiter for a session": {time.Minute, in("open"), func(ctx context.Context, c *Client) error { return errorOf(c.WaitForCheckoutSession(ctx, "x")) }},
		"before the waiter":           {0, in("placed"), func(ctx context.Context, c *Client) error { return errorOf(c.WaitForOrder(ctx, "x")) }},
		"in the poll of a waiter":     {time.Second, hang, func(ctx context.Context, c *Client) error { return errorOf(c.WaitForOrder(ctx, "x")) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			if tt.after == 0 {
				cancel(cause)
			} else {
				time.AfterFunc(tt.after, func() { cancel(cause) })
			}
			err := tt.call(ctx, newClient(t, play(tt.step)))
			assert.ErrorIs(t, err, cause, name)
			assert.ErrorIs(t, err, context.Canceled, name)
		})
	}
}
