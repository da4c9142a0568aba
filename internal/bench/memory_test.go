package bench

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// allocatedBy is all that f allocates, garbage included. What is in use at any
// moment is never more.
func allocatedBy(t *testing.T, f func() error) uint64 {
	t.Helper()
	require.NoError(t, f(), "to warm up")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	return after.TotalAlloc - before.TotalAlloc
}

// peakOf is the most that is alive on the heap at a time while f runs. The
// collector is made to run all the time, and what it leaves is looked at.
func peakOf(t *testing.T, f func() error) uint64 {
	t.Helper()
	require.NoError(t, f(), "to warm up")
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	runtime.GC()
	base := alive()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := base
		for {
			most = max(most, alive())
			select {
			case <-done:
				peak <- most - base
				return
			case <-time.After(20 * time.Microsecond):
			}
		}
	}()
	err := f()
	close(done)
	most := <-peak
	require.NoError(t, err)
	return most
}

func alive() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
