package cnaught

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPauseIsAtLeastRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers []string
		jitter  time.Duration
		want    time.Duration
	}{
		{"no jitter", []string{"Retry-After", "3"}, 0, 3 * time.Second},
		{"jitter is added", []string{"Retry-After", "3"}, 100 * time.Millisecond, 3100 * time.Millisecond},
		{"zero seconds", []string{"Retry-After", "0"}, 100 * time.Millisecond, 100 * time.Millisecond},
		{"negative", []string{"Retry-After", "-7"}, 100 * time.Millisecond, 100 * time.Millisecond},
		{"exactly the maximum", []string{"Retry-After", "60"}, 0, 60 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(reply(429, `{}`, tt.headers...), reply(200, orderJSON))
				c := newClient(t, rt)
				c.jitter = func(time.Duration) time.Duration { return tt.jitter }
				_, err := c.GetOrder(t.Context(), "x")
				require.NoError(t, err)
				assert.Equal(t, []time.Duration{tt.want}, rt.pauses())
			})
		})
	}
}

func TestRetryAfterWithJitterDoesNotOverflow(t *testing.T) {
	c := newClient(t, play(reply(200, orderJSON)), WithRetryPolicy(RetryPolicy{MaxRetryAfter: math.MaxInt64}))
	d, again, err := anyCall(t, c).pause(&result{retryAfter: math.MaxInt64 - 5}, outcome{repeatable: true})
	require.NoError(t, err)
	assert.True(t, again)
	assert.Equal(t, time.Duration(math.MaxInt64-5), d)
}

func TestRetryAfterOverTheMaximumEndsTheCall(t *testing.T) {
	for _, header := range []string{"61", "3600", "1735689600", "9223372037", "99999999999999999999", strings.Repeat("9", 400), "Fri, 31 Dec 9999 23:59:59 GMT"} {
		for status, want := range map[int]error{429: ErrRateLimited, 503: ErrServer} {
			t.Run(fmt.Sprintf("%d %.20s", status, header), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rt := play(reply(status, `{"title":"Slow down"}`, "Retry-After", header))
					start := time.Now()
					_, err := newClient(t, rt).GetOrder(t.Context(), "x")
					assert.Zero(t, time.Since(start))
					assert.Equal(t, 1, rt.count())
					require.ErrorIs(t, err, want)
					answer := as[*Error](t, err)
					assert.Equal(t, "Slow down", answer.Title)
					assert.Greater(t, answer.RetryAfter, time.Minute)
					assert.Contains(t, err.Error(), "the server asks to wait")
				})
			})
		}
	}
}

func TestRetryAfterDateCountsFromTheServersClock(t *testing.T) {
	for _, ahead := range []time.Duration{-3 * time.Hour, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			serverNow := time.Now().Add(ahead).UTC()
			rt := play(reply(503, ``, "Date", serverNow.Format(http.TimeFormat),
				"Retry-After", serverNow.Add(20*time.Second).Format(http.TimeFormat)), reply(200, orderJSON))
			_, err := newClient(t, rt).GetOrder(t.Context(), "x")
			require.NoError(t, err)
			assert.Equal(t, []time.Duration{20*time.Second + 250*time.Millisecond}, rt.pauses())
		})
	}
}
