// Package limit limits how often something is done and how much is read.
package limit

import (
	"sync"
	"time"
)

// Bucket is a token bucket. It is full at first and holds at most capacity tokens. It
// gets perMinute tokens each minute, in addition to those of Deposit.
type Bucket struct {
	capacity, perMinute float64

	mu     sync.Mutex
	tokens float64
	since  time.Time // when perMinute was last added
}

// almostOne counts as one token, because ten deposits of 0.1 add up to slightly less
// than 1 in floating point.
const almostOne = 1 - 1e-9

// NewBucket returns a full bucket.
func NewBucket(capacity, perMinute float64) *Bucket {
	return &Bucket{capacity: capacity, perMinute: perMinute, tokens: capacity, since: time.Now()}
}

// Deposit adds tokens up to the capacity.
func (b *Bucket) Deposit(tokens float64) {
	b.mu.Lock()
	b.tokens = min(b.capacity, b.tokens+tokens)
	b.mu.Unlock()
}

// Withdraw removes a token and reports whether there was one.
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
