// Package limit bounds how often something is done, and how much is read.
package limit

import (
	"sync"
	"time"
)

// Bucket is a token bucket. It is full at first, holds at most capacity tokens, and
// gets perMinute tokens back each minute, besides what Deposit brings.
type Bucket struct {
	capacity, perMinute float64

	mu     sync.Mutex
	tokens float64
	since  time.Time // when perMinute was last added
}

// almostOne forgives what ten deposits of 0.1 lack of 1 in floating point.
const almostOne = 1 - 1e-9

// NewBucket returns a full bucket.
func NewBucket(capacity, perMinute float64) *Bucket {
	return &Bucket{capacity: capacity, perMinute: perMinute, tokens: capacity, since: time.Now()}
}

// Deposit adds tokens, as far as there is room.
func (b *Bucket) Deposit(tokens float64) {
	b.mu.Lock()
	b.tokens = min(b.capacity, b.tokens+tokens)
	b.mu.Unlock()
}

// Withdraw takes a token, and reports whether there was one.
func (b *Bucket) Withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.capacity, b.tokens+now.Sub(b.since).Minutes()*b.perMinute)
	b.since = now
	if b.tokens < almostOne {
		return false
	}
	b.tokens = max(0, b.tokens-1)
	return true
}
