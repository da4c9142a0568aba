// Package delay calculates how long to wait before a request is sent again.
package delay

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Backoff returns the maximum pause before retry number n, counted from 0, which is
// base * 2^n, but at most longest.
func Backoff(base, longest time.Duration, n int) time.Duration {
	for range n {
		if base >= longest/2 {
			return longest
		}
		base *= 2
	}
	return min(base, longest)
}

// FullJitter returns a random time below d, so that the retries of clients that failed
// at the same time are spread evenly over the pause.
func FullJitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// RetryAfter returns how long the server asks the client to wait, in the header
// retry-after-ms or in Retry-After (RFC 9110, section 10.2.3), which contains seconds
// or a date. It returns 0 if there is no valid value, and the longest Duration if the
// value is too large for one.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := parse(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if value == "" {
		return 0
	}
	if d, ok := parse(value, time.Second); ok {
		return d
	}
	at, err := http.ParseTime(strings.TrimSpace(value))
	if err != nil {
		return 0
	}
	// The date is from the server's clock, which may differ from ours.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}

// parse parses a number that may have a fraction, because some servers send those.
func parse(value string, unit time.Duration) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" || strings.Trim(value, "0123456789.") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil && !math.IsInf(f, 1) {
		return 0, false
	}
	if f *= float64(unit); f >= math.MaxInt64 {
		return math.MaxInt64, true
	}
	return time.Duration(f), true
}
