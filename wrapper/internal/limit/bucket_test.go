package limit_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

func TestBucketBurstAndRefill(t *testing.T) {
	b := limit.NewBucket(3, 0)
	take := func() (n int) {
		for b.Withdraw() {
			n++
		}
		return n
	}
	assert.Equal(t, 3, take(), "a new bucket is full")
	assert.Equal(t, 0, take())
	for range 3 {
		b.Deposit(0.25)
	}
	assert.Equal(t, 0, take(), "three quarters of a token allow no retry")
	b.Deposit(0.25)
	assert.Equal(t, 1, take())
	for range 1000 {
		b.Deposit(0.25)
	}
	assert.Equal(t, 3, take(), "at most the capacity")
}

func TestTenDepositsOfATenthMakeOneToken(t *testing.T) {
	b := limit.NewBucket(1, 0)
	for range 100 {
		require.True(t, b.Withdraw())
		for range 10 {
			require.False(t, b.Withdraw())
			b.Deposit(0.1)
		}
	}
}

func TestBucketsOfZeroAndOfInfiniteCapacity(t *testing.T) {
	none := limit.NewBucket(0, 0)
	none.Deposit(1)
	assert.False(t, none.Withdraw())

	endless := limit.NewBucket(math.Inf(1), 0)
	for range 1000 {
		require.True(t, endless.Withdraw())
	}
}

func TestBucketIsSharedByGoroutines(t *testing.T) {
	b := limit.NewBucket(100, 0)
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		got int
	)
	for range 64 {
		wg.Go(func() {
			for range 10 {
				if b.Withdraw() {
					mu.Lock()
					got++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 100, got)
}
