package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write sends text to the client at once.
func write(w http.ResponseWriter, text string) {
	io.WriteString(w, text)
	w.(http.Flusher).Flush()
}

// jsonHeader sends the status and the header of a JSON answer at once.
func jsonHeader(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.(http.Flusher).Flush()
}

// trickle writes a byte a second until the client goes away.
func trickle(w http.ResponseWriter, r *http.Request) {
	for {
		select {
		case <-time.After(time.Second):
			write(w, " ")
		case <-r.Context().Done():
			return
		}
	}
}

func TestCancellationEndsTheCallAtOnce(t *testing.T) {
	const after = 1234 * time.Millisecond
	for name, start := range map[string]func(t *testing.T) *Client{
		"in the pause between attempts": func(t *testing.T) *Client {
			return newClient(t, play(reply(503, ``, "Retry-After", "30")))
		},
		"while dialing": func(t *testing.T) *Client {
			t.Cleanup(func() { time.Sleep(2 * time.Minute) }) // until the dial is over
			// A dialer that ignores its context does not hold up the caller either.
			transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				time.Sleep(time.Minute)
				return nil, errRefused
			}}
			return newClient(t, transport, WithBaseURL("http://localhost/v1"))
		},
		"before the header": func(t *testing.T) *Client {
			return pipeClient(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		},
		"in the body": func(t *testing.T) *Client {
			return pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
				jsonHeader(w, 200)
				write(w, `{"id":`)
				<-r.Context().Done()
			})
		},
		"in the body of an error": func(t *testing.T) *Client {
			return pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
				jsonHeader(w, 500)
				write(w, `{"title":`)
				<-r.Context().Done()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t)
				for _, kind := range []string{"cancel", "deadline"} {
					ctx, cancel := context.WithCancel(t.Context())
					want := context.Canceled
					if kind == "deadline" {
						ctx, cancel = context.WithTimeout(t.Context(), after)
						want = context.DeadlineExceeded
						if name == "in the pause between attempts" {
							cancel()
							continue // a pause that would outlast the deadline never begins
						}
					} else {
						time.AfterFunc(after, cancel)
					}
					begun := time.Now()
					order, err := c.GetOrder(ctx, "x")
					cancel()
					assert.Nil(t, order)
					assert.Equal(t, after, time.Since(begun), kind)
					assert.ErrorIs(t, err, want, kind)
					assert.Contains(t, err.Error(), "cnaught: GetOrder (GetOrderById): ")
				}
			})
		})
	}
}

func TestCancellationKeepsTheAnswerThatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := newClient(t, play(reply(503, `{"title":"Down"}`, "Retry-After", "30"))).PlaceOrder(ctx, tenKg)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, ErrServer)
		assert.Equal(t, "Down", as[*Error](t, err).Title)
	})
}

func TestCallWithAnEndedContext(t *testing.T) {
	rt := play(reply(201, orderJSON))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, rt).PlaceOrder(ctx, tenKg)
	transport := as[*TransportError](t, err)
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown, "nothing was sent")
	assert.Zero(t, transport.Attempts)
	assert.Zero(t, rt.count())
}

func TestAttemptTimeoutCoversTheBody(t *testing.T) {
	for _, status := range []int{200, 500} {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			c := pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
				attempts++
				jsonHeader(w, status)
				if attempts == 1 {
					trickle(w, r)
					return
				}
				write(w, orderJSON)
			}, WithRetryPolicy(RetryPolicy{MaxAttempts: 2, AttemptTimeout: 5500 * time.Millisecond}))
			start := time.Now()
			order, err := c.GetOrder(t.Context(), "x")
			assert.Equal(t, 2, attempts)
			assert.Equal(t, 5750*time.Millisecond, time.Since(start), "one timeout and one pause")
			if status == 200 {
				require.NoError(t, err)
				assert.Equal(t, "Gre28Fc35bt3", order.ID)
			} else {
				assert.ErrorIs(t, err, ErrServer)
			}
		})
	}
}

func TestAttemptsThatTimeOutAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		rt := play(hang, hang, reply(200, orderJSON))
		start := time.Now()
		order, err := newClient(t, rt).GetOrder(ctx, "x")
		require.NoError(t, err)
		assert.Equal(t, "Gre28Fc35bt3", order.ID)
		assert.Equal(t, time.Minute+750*time.Millisecond, time.Since(start))
	})
}

func TestAttemptTimeoutIsNotTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, rt, WithRetryPolicy(RetryPolicy{AttemptTimeout: 5 * time.Second})).PlaceOrder(ctx, tenKg)
		assert.Equal(t, 20*time.Second+1750*time.Millisecond, time.Since(start))
		transport := as[*TransportError](t, err)
		assert.Equal(t, 4, transport.Attempts)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's deadline has not passed")
		assert.NotErrorIs(t, err, context.Canceled)
		assert.Contains(t, err.Error(), "no whole answer within 5s (4 attempts)")
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
		timeout := as[net.Error](t, err)
		assert.True(t, timeout.Timeout())
		//lint:ignore SA1019 It is part of net.Error.
		assert.True(t, timeout.Temporary())
	})
}

func TestCallersDeadlineEndsTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(hang)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := newClient(t, rt).PlaceOrder(ctx, tenKg)
		transport := as[*TransportError](t, err)
		assert.Equal(t, 1, transport.Attempts)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, rt.requests()[0].header.Get(headerIdempotencyKey), transport.IdempotencyKey)
	})
}

// A whole answer is returned even if the context ends before the client has looked
// at it.
func TestWholeAnswerIsReturnedAfterCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rt := play(func(req *http.Request) (*http.Response, error) {
		defer cancel()
		return reply(201, orderJSON)(req)
	})
	order, err := newClient(t, rt).PlaceOrder(ctx, tenKg)
	require.NoError(t, err)
	assert.Equal(t, "Gre28Fc35bt3", order.ID)
}

// A transport may have a deadline of its own. The caller's has not passed then, so
// the error is not context.DeadlineExceeded.
func TestDeadlineOfTheTransportIsNotTheCallers(t *testing.T) {
	rt := silent(breakWith(fmt.Errorf("a proxy's own time: %w", context.DeadlineExceeded)))
	_, err := newClient(t, rt, WithRetryPolicy(NoRetry())).GetOrder(t.Context(), "x")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "cnaught: GetOrder (GetOrderById): a proxy's own time: context deadline exceeded")

	// The "i/o timeout" of package net is such an error, too. A transport that dials
	// by itself may have done more than that.
	dialer := net.Dialer{Timeout: 1}
	rt = func(r *http.Request) (*http.Response, error) {
		_, err := dialer.DialContext(r.Context(), "tcp", "127.0.0.1:1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return nil, err
	}
	_, err = newClient(t, rt, WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	as[*net.OpError](t, err)
}

// The cause of the context is in the error, wherever the call was when it ended.
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
