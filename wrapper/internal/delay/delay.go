// Package delay says how long to wait before a request is sent again.
package delay

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Backoff is the longest pause before the retry number n, counted from 0:
// base * 2^n, up to longest.
func Backoff(base, longest time.Duration, n int) time.Duration {
	for range n {
		if base >= longest/2 {
			return longest
		}
		base *= 2
	}
	return min(base, longest)
}

// FullJitter returns a random time below d, which spreads clients that failed at
// one instant evenly over the whole pause.
func FullJitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// RetryAfter reads how long the server asks to wait: the header
// retry-after-ms, or Retry-After (RFC 9110, section 10.2.3) in seconds or as
// a date. 0 stands for nothing usable; what is too long for a Duration reads
// as the longest one.
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
	// The server's own clock made the date, and clocks differ.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}

// parse takes fractions too, as some servers send them.
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
