package cnaught

import (
	"sync"
	"time"
)

// RetryBudget keeps retries from multiplying the load on a server that is
// down. It is a token bucket: each retry takes one token, each answer of a
// healthy server brings PerSuccess back and each minute PerMinute, up to
// Capacity. With an empty bucket a call ends with its first failure.
type RetryBudget struct {
	// Capacity is the number of retries that a client may make in a row
	// without a single success; math.Inf(1) lifts the budget. A new client
	// starts with a full bucket.
	Capacity float64
	// PerSuccess is the share of retries in the long run: 0.1 allows one
	// retry for ten successes.
	PerSuccess float64
	// PerMinute gives a program with few calls its retries back some minutes
	// after an outage.
	PerMinute float64
}

// DefaultRetryBudget allows ten retries in a row, one for ten successes, and
// one a minute.
func DefaultRetryBudget() RetryBudget {
	return RetryBudget{Capacity: 10, PerSuccess: 0.1, PerMinute: 1}
}

// bucket is a budget in use.
type bucket struct {
	RetryBudget
	mu     sync.Mutex
	tokens float64
	since  time.Time // when PerMinute was last added
}

// almostOne forgives what ten deposits of 0.1 lack of 1 in floating point.
const almostOne = 1 - 1e-9

func newBucket(b RetryBudget) *bucket {
	return &bucket{RetryBudget: b, tokens: b.Capacity, since: time.Now()}
}

func (b *bucket) deposit() {
	b.mu.Lock()
	b.tokens = min(b.Capacity, b.tokens+b.PerSuccess)
	b.mu.Unlock()
}

func (b *bucket) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.Capacity, b.tokens+now.Sub(b.since).Minutes()*b.PerMinute)
	b.since = now
	if b.tokens < almostOne {
		return false
	}
	b.tokens = max(0, b.tokens-1)
	return true
}
