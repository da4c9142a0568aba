package delay_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
)

func TestBackoff(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		base, max time.Duration
		want      []time.Duration
	}{
		{250 * ms, 8000 * ms, []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 8000 * ms}},
		{250 * ms, 300 * ms, []time.Duration{250 * ms, 300 * ms, 300 * ms}},
		{300 * ms, 1000 * ms, []time.Duration{300 * ms, 600 * ms, 1000 * ms, 1000 * ms}},
		{2000 * ms, 1000 * ms, []time.Duration{1000 * ms, 1000 * ms}},
		{1, math.MaxInt64, []time.Duration{1, 2, 4, 8}},
		{math.MaxInt64, math.MaxInt64, []time.Duration{math.MaxInt64, math.MaxInt64}},
	} {
		for n, want := range tt.want {
			assert.Equal(t, want, delay.Backoff(tt.base, tt.max, n), "base %v, max %v, n %d", tt.base, tt.max, n)
		}
		for _, n := range []int{63, 64, 100, 1 << 20} {
			d := delay.Backoff(tt.base, tt.max, n)
			assert.Equal(t, tt.max, d, "base %v, max %v, n %d", tt.base, tt.max, n)
		}
	}
}

func TestFullJitterIsUniform(t *testing.T) {
	const d, draws, buckets = time.Second, 20000, 10
	var sum time.Duration
	var counts [buckets]int
	for range draws {
		j := delay.FullJitter(d)
		require.GreaterOrEqual(t, j, time.Duration(0))
		require.LessOrEqual(t, j, d)
		sum += j
		counts[min(buckets-1, int(j*buckets/d))]++
	}
	// Chance exceeds six standard deviations in about one of 10^8 runs.
	assert.InDelta(t, float64(d)/2, float64(sum)/draws, 6*float64(d)/math.Sqrt(12*draws))
	for i, n := range counts {
		assert.InDelta(t, draws/buckets, n, 6*math.Sqrt(draws*0.1*0.9), "tenth %d", i)
	}
}

func TestFullJitterOfExtremes(t *testing.T) {
	assert.Zero(t, delay.FullJitter(0))
	assert.Zero(t, delay.FullJitter(-time.Second))
	for _, d := range []time.Duration{1, 2, math.MaxInt64 - 1, math.MaxInt64} {
		for range 100 {
			j := delay.FullJitter(d)
			require.GreaterOrEqual(t, j, time.Duration(0), d)
			require.LessOrEqual(t, j, d)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	in30 := now.Add(30 * time.Second)
	for _, tt := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"absent", nil, 0},
		{"seconds", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		{"zero", map[string]string{"Retry-After": "0"}, 0},
		{"fraction", map[string]string{"Retry-After": "1.25"}, 1250 * time.Millisecond},
		{"white space", map[string]string{"Retry-After": "  3 "}, 3 * time.Second},
		{"milliseconds", map[string]string{"Retry-After-Ms": "1500"}, 1500 * time.Millisecond},
		{"milliseconds win", map[string]string{"Retry-After-Ms": "20", "Retry-After": "9"}, 20 * time.Millisecond},
		{"fraction of a millisecond", map[string]string{"Retry-After-Ms": "0.5"}, 500 * time.Microsecond},
		{"unreadable milliseconds, readable seconds", map[string]string{"Retry-After-Ms": "soon", "Retry-After": "9"}, 9 * time.Second},
		{"negative milliseconds, readable seconds", map[string]string{"Retry-After-Ms": "-5", "Retry-After": "9"}, 9 * time.Second},
		{"IMF-fixdate", map[string]string{"Retry-After": in30.Format(http.TimeFormat)}, 30 * time.Second},
		{"RFC 850 date", map[string]string{"Retry-After": in30.Format("Monday, 02-Jan-06 15:04:05 GMT")}, 30 * time.Second},
		{"asctime date", map[string]string{"Retry-After": in30.Format(time.ANSIC)}, 30 * time.Second},
		{"date in the past", map[string]string{"Retry-After": now.Add(-time.Hour).Format(http.TimeFormat)}, 0},
		{"date by a clock that is an hour ahead", map[string]string{
			"Retry-After": now.Add(time.Hour + 5*time.Second).Format(http.TimeFormat), "Date": now.Add(time.Hour).Format(http.TimeFormat),
		}, 5 * time.Second},
		{"date by a clock that is an hour behind", map[string]string{
			"Retry-After": now.Add(-time.Hour + 5*time.Second).Format(http.TimeFormat), "Date": now.Add(-time.Hour).Format(http.TimeFormat),
		}, 5 * time.Second},
		{"date beside an unreadable Date", map[string]string{"Retry-After": in30.Format(http.TimeFormat), "Date": "today"}, 30 * time.Second},
		{"seconds need no Date", map[string]string{"Retry-After": "4", "Date": now.Add(time.Hour).Format(http.TimeFormat)}, 4 * time.Second},
		{"negative", map[string]string{"Retry-After": "-1"}, 0},
		{"explicit plus", map[string]string{"Retry-After": "+5"}, 0},
		{"NaN", map[string]string{"Retry-After": "NaN"}, 0},
		{"Inf", map[string]string{"Retry-After": "Inf"}, 0},
		{"infinity", map[string]string{"Retry-After": "infinity"}, 0},
		{"hex", map[string]string{"Retry-After": "0x10"}, 0},
		{"hex float", map[string]string{"Retry-After": "0x1p4"}, 0},
		{"exponent", map[string]string{"Retry-After": "1e9"}, 0},
		{"underscore", map[string]string{"Retry-After": "1_000"}, 0},
		{"two points", map[string]string{"Retry-After": "1.2.3"}, 0},
		{"a point", map[string]string{"Retry-After": "."}, 0},
		{"words", map[string]string{"Retry-After": "a while"}, 0},
		{"ISO date", map[string]string{"Retry-After": in30.Format(time.RFC3339)}, 0},
		{"two values in one", map[string]string{"Retry-After": "5, 10"}, 0},
		{"non-ASCII digits", map[string]string{"Retry-After": "١٢"}, 0},
		{"more than a Duration holds", map[string]string{"Retry-After": "9223372037"}, math.MaxInt64},
		{"more than a float holds", map[string]string{"Retry-After": strings.Repeat("9", 400)}, math.MaxInt64},
		{"year 9999", map[string]string{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, math.MaxInt64},
		{"largest milliseconds", map[string]string{"Retry-After-Ms": "99999999999999999999"}, math.MaxInt64},
	} {
		h := http.Header{}
		for name, value := range tt.header {
			h.Set(name, value)
		}
		assert.Equal(t, tt.want, delay.RetryAfter(h, now), tt.name)
	}
}
