package cnaught

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// in answers with an order or a session in a state.
func in(state string) step { return reply(200, `{"id":"x","state":"`+state+`"}`) }

func TestWaitForOrder(t *testing.T) {
	for _, state := range []string{"fulfilled", "cancelled"} {
		synctest.Test(t, func(t *testing.T) {
			rt := play(in("placed"), in("placed"), in("on_hold"), in(""), in(state))
			order, err := newClient(t, rt).WaitForOrder(t.Context(), "x")
			require.NoError(t, err)
			assert.Equal(t, api.OrderState(state), order.State)
			assert.Equal(t, 5, rt.count())
		})
	}
}

func TestWaitForCheckoutSession(t *testing.T) {
	for _, state := range []string{"complete", "expired", "state of a newer API"} {
		synctest.Test(t, func(t *testing.T) {
			rt := play(in("open"), in("open"), in(state))
			session, err := newClient(t, rt).WaitForCheckoutSession(t.Context(), "x")
			require.NoError(t, err)
			assert.Equal(t, api.CheckoutSessionState(state), session.State)
			assert.Equal(t, 3, rt.count())
		})
	}
}

func TestWaitReturnsAtOnceInAFinalState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newClient(t, play(in("fulfilled"))).WaitForOrder(t.Context(), "x")
		require.NoError(t, err)
		assert.Zero(t, time.Since(start))
	})
}

func TestWaitPausesGrowAndAreRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		rt := play(in("placed"))
		newClient(t, rt).WaitForOrder(ctx, "x")
		pauses := rt.pauses()
		bound := 500 * time.Millisecond
		for i, pause := range pauses {
			require.GreaterOrEqual(t, pause, bound/2, "pause %d", i)
			require.Less(t, pause, bound, "pause %d", i)
			bound = min(30*time.Second, bound*3/2)
		}
		assert.Greater(t, len(pauses), 120, "never slower than twice a minute")
		assert.Less(t, len(pauses), 300)
		tail := pauses[20:]
		different := map[time.Duration]bool{}
		for _, pause := range tail {
			different[pause] = true
		}
		assert.Greater(t, len(different), len(tail)/2, "the pauses are random")
	})
}

func TestWaitSurvivesFailedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ``), reply(502, ``), reply(503, ``), reply(504, ``), reply(520, ``), reply(429, ``), reply(408, ``), reply(425, ``),
			breakWith(errReset), breakWith(errRefused), hang, reply(200, `<html>`, "Content-Type", "text/html"), reply(200, `null`), in("fulfilled"))
		order, err := newClient(t, rt, WithRetryPolicy(NoRetry())).WaitForOrder(t.Context(), "x")
		require.NoError(t, err)
		assert.Equal(t, "x", order.ID)
	})
}

func TestWaitEndsWithALastingError(t *testing.T) {
	untrusted := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	for _, tt := range []struct {
		step step
		want error
	}{
		{reply(404, notFoundJSON), ErrNotFound},
		{reply(401, ``), ErrUnauthorized},
		{reply(403, ``), ErrForbidden},
		{reply(400, ``), errAnyAnswer},
		{breakWith(untrusted), untrusted},
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := play(in("placed"), tt.step)
			order, err := newClient(t, rt, WithRetryPolicy(NoRetry())).WaitForOrder(t.Context(), "x")
			if tt.want == errAnyAnswer {
				as[*Error](t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
			assert.Equal(t, 2, rt.count())
			assert.Equal(t, "x", order.ID, "the order is returned as it was last seen")
		})
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
		seen  bool
	}{
		{"seen", []step{in("placed")}, `cnaught: WaitForOrder: "x" is placed: context deadline exceeded`, true},
		{"never seen", []step{reply(503, ``)}, `cnaught: WaitForOrder: "x" was never seen: context deadline exceeded; last poll: cnaught: GetOrder (GetOrderById): 503 Service Unavailable`, false},
		{"seen, then broken", []step{in("placed"), reply(503, ``)}, `cnaught: WaitForOrder: "x" is placed: context deadline exceeded; last poll: cnaught: GetOrder (GetOrderById): 503 Service Unavailable`, true},
		{"during the poll", []step{in("placed"), hang}, `cnaught: WaitForOrder: "x" is placed: context deadline exceeded`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				start := time.Now()
				order, err := newClient(t, play(tt.steps...), WithRetryPolicy(NoRetry())).WaitForOrder(ctx, "x")
				assert.Equal(t, 20*time.Second, time.Since(start), "the wait ends with the deadline")
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, tt.want)
				assert.Equal(t, tt.seen, order != nil)
			})
		})
	}
}

func TestWaitWithAnEndedContext(t *testing.T) {
	rt := play(in("placed"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	order, err := newClient(t, rt).WaitForOrder(ctx, "x")
	assert.Nil(t, order)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, rt.count())
}

func TestWaitTakesCallOptions(t *testing.T) {
	rt := play(in("fulfilled"))
	_, err := newClient(t, rt).WaitForOrder(t.Context(), "x", ForSubaccount("sub"))
	require.NoError(t, err)
	assert.Equal(t, "sub", rt.requests()[0].header.Get(headerSubaccount))
}
