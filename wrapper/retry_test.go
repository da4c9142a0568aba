package cnaught

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
)

func TestPausesAreExact(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy RetryPolicy
		want   []time.Duration
	}{
		{"default", RetryPolicy{}, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		{"capped", RetryPolicy{MaxAttempts: 6, BaseDelay: time.Second, MaxDelay: 3 * time.Second}, []time.Duration{
			time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second,
		}},
		{"none", NoRetry(), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(reply(503, `{"title":"Down"}`))
				_, err := newClient(t, rt, WithRetryPolicy(tt.policy)).GetOrder(t.Context(), "x")
				answer := as[*Error](t, err)
				assert.Equal(t, len(tt.want)+1, answer.Attempts)
				assert.Equal(t, tt.want, rt.pauses())
				assert.NoError(t, errors.Unwrap(err), "nothing ended the retries early")
			})
		})
	}
}

func TestPausesWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		different := map[time.Duration]bool{}
		for range 20 {
			rt := play(breakWith(errReset))
			c := newClient(t, rt)
			c.jitter = delay.FullJitter
			c.GetOrder(t.Context(), "x")
			for n, pause := range rt.pauses() {
				assert.LessOrEqual(t, pause, delay.Backoff(c.policy.BaseDelay, c.policy.MaxDelay, n))
				different[pause] = true
			}
		}
		assert.Greater(t, len(different), 50, "of 60 random pauses")
	})
}

func TestWhatIsRetried(t *testing.T) {
	get := func(ctx context.Context, c *Client) error { _, err := c.GetOrder(ctx, "x"); return err }
	place := func(ctx context.Context, c *Client) error { _, err := c.PlaceOrder(ctx, tenKg); return err }
	checkout := func(ctx context.Context, c *Client) error {
		_, err := c.CreateCheckoutSession(ctx, anySession)
		return err
	}
	for _, tt := range []struct {
		name  string
		call  func(context.Context, *Client) error
		steps []step
		count int
		want  error // nil: success
	}{
		{"read after a reset", get, []step{breakWith(errReset), reply(200, orderJSON)}, 2, nil},
		{"read after every kind", get, []step{reply(408, ``), reply(504, ``), breakWith(io.ErrUnexpectedEOF), reply(200, orderJSON)}, 4, nil},
		{"order after a 500", place, []step{reply(500, ``), reply(201, orderJSON)}, 2, nil},
		{"order after a reset", place, []step{breakWith(errReset), reply(201, orderJSON)}, 2, nil},
		{"session after a 429", checkout, []step{reply(429, ``), reply(201, sessionJSON)}, 2, nil},
		{"session after a 503", checkout, []step{reply(503, ``), reply(201, sessionJSON)}, 2, nil},
		{"session after a refused connection", checkout, []step{breakWith(errRefused), reply(201, sessionJSON)}, 2, nil},
		{"session, not after a 500", checkout, []step{reply(500, ``), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session, not after a 502", checkout, []step{reply(502, ``), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session, not after a 504", checkout, []step{reply(504, ``), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session, not after a 408", checkout, []step{reply(408, ``), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session, not after a reset", checkout, []step{breakWith(errReset), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session, not after an EOF", checkout, []step{breakWith(io.EOF), reply(201, sessionJSON)}, 1, ErrOutcomeUnknown},
		{"session: 429, then a 500", checkout, []step{reply(429, ``), reply(500, ``), reply(201, sessionJSON)}, 2, ErrOutcomeUnknown},
		{"session, not after a body that is not JSON", checkout, []step{reply(201, `<html>`, "Content-Type", "text/html"), reply(201, sessionJSON)}, 1, errAnyDecode},
		{"not after a 400", get, []step{reply(400, ``), reply(200, orderJSON)}, 1, errAnyAnswer},
		{"not after a 401", place, []step{reply(401, ``), reply(201, orderJSON)}, 1, ErrUnauthorized},
		{"not after a 403", place, []step{reply(403, ``), reply(201, orderJSON)}, 1, ErrForbidden},
		{"not after a 404", get, []step{reply(404, ``), reply(200, orderJSON)}, 1, ErrNotFound},
		{"not after a 302", get, []step{reply(302, ``, "Location", "/"), reply(200, orderJSON)}, 1, errAnyAnswer},
		{"not after a 501", get, []step{reply(501, ``), reply(200, orderJSON)}, 1, ErrServer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(tt.steps...)
				err := tt.call(t.Context(), newClient(t, rt))
				assert.Equal(t, tt.count, rt.count())
				assert.Zero(t, rt.open(), "every body is closed")
				switch tt.want {
				case nil:
					assert.NoError(t, err)
				case errAnyAnswer:
					as[*Error](t, err)
				case errAnyDecode:
					as[*DecodeError](t, err)
				default:
					assert.ErrorIs(t, err, tt.want)
				}
			})
		})
	}
}

func TestPostsAreRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	for _, m := range methods {
		if m.verb != http.MethodPost {
			continue
		}
		rt := play(breakWith(errReset))
		_, err := m.call(t.Context(), newClient(t, rt, quick(3)))
		require.Error(t, err)
		op := operationOf(t, m.operation)
		switch {
		case op.class() == retryUnsafe:
			assert.Equal(t, 1, rt.count(), m.operation)
		case op.class() == retryKeyed:
			assert.Equal(t, 3, rt.count(), m.operation)
			assert.NotEmpty(t, keysOf(rt)[2], m.operation)
		default:
			assert.True(t, strings.HasPrefix(op.Path, "/quotes") || strings.HasSuffix(op.Path, "/logo"), "%s is safe, but neither a quote nor a logo", m.operation)
		}
	}
}

// errAnyAnswer and errAnyDecode stand for any *Error and any *DecodeError in tables.
var (
	errAnyAnswer = errors.New("any *Error")
	errAnyDecode = errors.New("any *DecodeError")
)

func TestLastAnswerIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(breakWith(errReset), reply(500, `{"title":"first"}`), breakWith(io.EOF), reply(429, `{"title":"last"}`, "Retry-After", "1"))
		_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
		answer := as[*Error](t, err)
		assert.Equal(t, 429, answer.StatusCode)
		assert.Equal(t, "last", answer.Title)
		assert.Equal(t, 4, answer.Attempts)
		assert.Equal(t, time.Second, answer.RetryAfter)
		assert.ErrorIs(t, err, ErrRateLimited)
		assert.ErrorIs(t, err, ErrOutcomeUnknown, "an earlier attempt may have placed the order")
	})
}

func TestRefusalsHaveAKnownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, steps := range [][]step{
			{reply(429, ``)}, {breakWith(errRefused)}, {reply(400, `{"title":"T"}`)}, {reply(425, `{"status":425}`)},
			{breakWith(errRefused), reply(425, `{"status":425}`), reply(429, ``), reply(400, `{"type":"about:blank"}`)},
		} {
			rt := play(steps...)
			_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
			assert.Error(t, err)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			assert.NotContains(t, err.Error(), "outcome unknown")
		}
	})
}

func TestNoPauseReachesPastTheDeadline(t *testing.T) {
	for _, tt := range []struct {
		name     string
		deadline time.Duration
		step     step
		elapsed  time.Duration
		attempts int
		want     error
	}{
		{"second pause", 600 * time.Millisecond, reply(500, `{"title":"Broken"}`), 250 * time.Millisecond, 2, ErrServer},
		{"second pause, which ends with the deadline", 750 * time.Millisecond, reply(500, `{"title":"Broken"}`), 250 * time.Millisecond, 2, ErrServer},
		{"first pause", 100 * time.Millisecond, reply(429, `{"title":"Broken"}`), 0, 1, ErrRateLimited},
		{"Retry-After", 5 * time.Second, reply(429, `{"title":"Broken"}`, "Retry-After", "10"), 0, 1, ErrRateLimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(tt.step)
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				start := time.Now()
				_, err := newClient(t, rt).GetOrder(ctx, "x")
				assert.Equal(t, tt.elapsed, time.Since(start), "at once")
				answer := as[*Error](t, err)
				assert.ErrorIs(t, err, tt.want)
				assert.ErrorContains(t, err, "Broken", "the server's own answer")
				assert.Equal(t, tt.attempts, answer.Attempts)
				assert.NotErrorIs(t, err, context.DeadlineExceeded, "the deadline has not passed")
				assert.Contains(t, err.Error(), "the context ends before the next attempt")
			})
		})
	}
}

func TestDeadlineStopsRetriesOfTransportErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := newClient(t, play(breakWith(errReset))).PlaceOrder(ctx, tenKg)
		transport := as[*TransportError](t, err)
		assert.ErrorIs(t, err, errReset)
		assert.Equal(t, 1, transport.Attempts)
		assert.ErrorIs(t, err, ErrOutcomeUnknown)
	})
}

func TestEveryAttemptSendsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ``), breakWith(errReset), reply(503, ``), reply(201, orderJSON))
		order := tenKg
		order.Metadata = strings.Repeat("é", 512)
		_, err := newClient(t, rt).PlaceOrder(t.Context(), order, WithHeader("X-Trace", "7"), ForSubaccount("sub"))
		require.NoError(t, err)
		requests := rt.requests()
		require.Len(t, requests, 4)
		for _, r := range requests[1:] {
			r.at = requests[0].at
			assert.Equal(t, requests[0], r)
		}
		assert.Len(t, requests[0].body, int(requests[0].length))
		assert.NotEmpty(t, requests[0].header.Get(headerIdempotencyKey))
	})
}

// A raw body is read into memory, so every attempt sends it.
func TestRawBodyOfAReaderIsSentAgain(t *testing.T) {
	rt := play(reply(500, ``), breakWith(errReset), reply(201, orderJSON))
	body := struct{ io.Reader }{strings.NewReader(`{"amount_kg":10}`)}
	_, err := newClient(t, rt, quick(3)).Raw().SubmitOrderWithBodyWithResponse(t.Context(), nil, "application/json", body)
	require.NoError(t, err)
	for _, r := range rt.requests() {
		assert.JSONEq(t, `{"amount_kg":10}`, string(r.body))
		assert.Equal(t, int64(len(`{"amount_kg":10}`)), r.length)
	}
	refused(t, "too large", func(c *Client) error {
		return errorOf(c.Raw().SubmitOrderWithBodyWithResponse(t.Context(), nil, "application/json", endless(maxBody+1, ' ')))
	})
}

func TestDeleteSubaccountThatIsGone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []step
		want  error
	}{
		{"404 at once", []step{reply(404, ``)}, ErrNotFound},
		{"404 after a reset", []step{breakWith(errReset), reply(404, ``)}, nil},
		{"404 after a 500", []step{reply(500, ``), reply(404, ``)}, nil},
		{"404 after a timeout and a 503", []step{reply(504, ``), reply(503, ``), reply(404, ``)}, nil},
		{"404 after a refused connection", []step{breakWith(errRefused), reply(404, ``)}, ErrNotFound},
		{"404 after a 429", []step{reply(429, ``), reply(404, ``)}, ErrNotFound},
		{"404 page of a gateway after a 502", []step{reply(502, ``), reply(404, `<html>nginx</html>`, "Content-Type", "text/html")}, ErrNotFound},
		{"403 after a reset", []step{breakWith(errReset), reply(403, ``)}, ErrForbidden},
		{"204", []step{reply(204, ``)}, nil},
		{"204 after a reset", []step{breakWith(errReset), reply(204, ``)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(tt.steps...)
				var r Response
				err := newClient(t, rt).DeleteSubaccount(t.Context(), "s", WithResponse(&r))
				if tt.want == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, tt.want)
				}
				assert.Equal(t, len(tt.steps), r.Attempts)
				assert.NotZero(t, r.StatusCode)
				assert.Zero(t, rt.open())
			})
		})
	}
}

func TestNotFoundIsSuccessOnlyForADeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []step{breakWith(errReset), reply(404, notFoundJSON)}
		_, err := newClient(t, play(steps...)).GetOrder(t.Context(), "x")
		assert.ErrorIs(t, err, ErrNotFound)
		_, err = newClient(t, play(steps...)).RemoveSubaccountLogo(t.Context(), "x")
		assert.ErrorIs(t, err, ErrNotFound, "the subaccount was not found, and not its logo")
		_, err = newClient(t, play(steps...)).CancelOrder(t.Context(), "x")
		assert.ErrorIs(t, err, ErrNotFound)
	})
}
