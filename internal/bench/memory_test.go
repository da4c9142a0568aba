package bench

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allocatedBy returns how much memory f allocates, including garbage. The memory in
// use is never more than that.
func allocatedBy(t *testing.T, f func() error) uint64 {
	t.Helper()
	require.NoError(t, f(), "the call that warms up")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	return after.TotalAlloc - before.TotalAlloc
}

// peakOf returns the most memory that is live on the heap at a time while f runs. It
// is the median of several runs, since the collector may count memory that has just
// become garbage, or may run too rarely on a busy machine.
func peakOf(t *testing.T, f func() error) uint64 {
	t.Helper()
	require.NoError(t, f(), "the call that warms up")
	peaks := make([]uint64, 5)
	for i := range peaks {
		peaks[i] = onePeakOf(t, f)
	}
	slices.Sort(peaks)
	return peaks[len(peaks)/2]
}

// onePeakOf makes the collector run all the time, and reads what is live after it.
func onePeakOf(t *testing.T, f func() error) uint64 {
	t.Helper()
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

// The bounds on peaks mean something only if peakOf sees a buffer.
func TestPeakSeesABuffer(t *testing.T) {
	const size = 8 << 20
	peak := peakOf(t, func() error {
		buffer := make([]byte, size)
		runtime.GC()
		runtime.KeepAlive(buffer)
		return nil
	})
	assert.InDelta(t, size, peak, size/10)
}
