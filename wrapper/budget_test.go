package cnaught

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// drain empties a bucket, and returns how many tokens it had.
func drain(b *limit.Bucket) (n int) {
	for b.Withdraw() {
		n++
	}
	return n
}

// A server that is down gets one request per call, and at most as many more as
// the capacity, however many goroutines call.
func TestOutageCostsAtMostTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, calls, capacity = 16, 25, 10
		rt := play(reply(503, ``))
		c := newClient(t, rt, WithRetryPolicy(RetryPolicy{Budget: RetryBudget{Capacity: capacity, PerSuccess: 0.1}}))
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range calls {
					_, err := c.GetOrder(t.Context(), "x")
					assert.ErrorIs(t, err, ErrServer)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, callers*calls+capacity, rt.count())
	})
}

// Reads share one budget and calls that can act twice share another, so that reads
// during an outage leave a purchase its retries.
func TestReadsAndPurchasesHaveSeparateBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ``))
		c := newClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 3, Budget: RetryBudget{Capacity: 3}}))
		attempts := func(err error) int { t.Helper(); return as[*Error](t, err).Attempts }
		_, err := c.GetOrder(t.Context(), "x")
		assert.Equal(t, 3, attempts(err))
		_, err = c.ListPortfolios(t.Context())
		assert.Equal(t, 2, attempts(err), "one token was left")
		assert.Contains(t, err.Error(), "the client's retry budget is exhausted")
		start := time.Now()
		_, err = c.QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: 1})
		assert.Equal(t, 1, attempts(err))
		assert.Zero(t, time.Since(start), "without a token there is no pause either")

		_, err = c.PlaceOrder(t.Context(), tenKg)
		assert.Equal(t, 3, attempts(err))
		_, err = c.CancelOrder(t.Context(), "x")
		assert.Equal(t, 2, attempts(err))
		_, err = c.CreateSubaccount(t.Context(), api.SubaccountCreate{Name: "n"})
		assert.Equal(t, 1, attempts(err))
	})
}

// A program that makes few calls a day has its retries back minutes after an
// outage.
func TestBudgetRefillsWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(500, ``))
		c := newClient(t, rt)
		attempts := func() int {
			_, err := c.PlaceOrder(t.Context(), tenKg)
			return as[*Error](t, err).Attempts
		}
		for range 4 {
			attempts()
		}
		assert.Equal(t, 1, attempts(), "the bucket is empty")
		time.Sleep(time.Minute)
		assert.Equal(t, 2, attempts(), "one retry a minute")
		time.Sleep(3 * time.Minute)
		assert.Equal(t, 4, attempts())
		time.Sleep(24 * time.Hour)
		for range 3 {
			assert.Equal(t, 4, attempts())
		}
		assert.Less(t, attempts(), 4, "no more than the capacity")
	})
}

func TestSuccessRefillsTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		rt := play()
		rt.steps = []step{nil}
		c := newClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 2, Budget: RetryBudget{Capacity: 1, PerSuccess: 0.5}}))
		call := func() int {
			if down {
				rt.steps[0] = reply(500, ``)
			} else {
				rt.steps[0] = reply(200, orderJSON)
			}
			var r Response
			c.GetOrder(t.Context(), "x", WithResponse(&r))
			return r.Attempts
		}
		assert.Equal(t, 2, call(), "the bucket was full")
		assert.Equal(t, 1, call(), "the bucket is empty now")
		down = false
		call()
		down = true
		assert.Equal(t, 1, call(), "one success brings half a token")
		down = false
		call()
		down = true
		assert.Equal(t, 2, call(), "two bring a whole token")
	})
}

func TestStatusesThatRefillTheBudget(t *testing.T) {
	for status, refills := range map[int]bool{200: true, 400: true, 401: true, 404: true, 422: true, 302: true, 500: false, 501: false, 503: false, 429: false, 408: false} {
		rt := play(reply(status, orderJSON))
		c := newClient(t, rt, WithRetryPolicy(RetryPolicy{MaxAttempts: 1, Budget: RetryBudget{Capacity: 2, PerSuccess: 1}}))
		c.reads.Withdraw()
		c.GetOrder(t.Context(), "x")
		assert.Equal(t, refills, drain(c.reads) == 2, "%d", status)
	}
}

func TestClientsDoNotShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := WithRetryPolicy(RetryPolicy{MaxAttempts: 2, Budget: RetryBudget{Capacity: 1}})
		for range 2 {
			rt := play(reply(500, ``))
			newClient(t, rt, policy).GetOrder(t.Context(), "x")
			assert.Equal(t, 2, rt.count())
		}
	})
}
