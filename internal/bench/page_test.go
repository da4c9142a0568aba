package bench

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageIsAFullOne(t *testing.T) {
	body := pageJSON()
	assert.InDelta(t, 1e6, len(body), 1e5, "bytes")
	for _, p := range pagePeers {
		t.Run(p.name, func(t *testing.T) {
			get, err := p.make(baseURL, &http.Client{Transport: newTransport(body)})
			require.NoError(t, err)
			list, err := get(t.Context())
			require.NoError(t, err)
			require.Len(t, list.Data, 100)
			for i := range list.Data {
				assert.Equal(t, fulfilledOrder(i), list.Data[i])
			}
		})
	}
}

// The whole of what a page allocates, garbage included, bounds what it takes at
// its peak, whenever the collector runs.
func TestPageMemory(t *testing.T) {
	body := pageJSON()
	for _, answer := range answers {
		t.Run(answer.name, func(t *testing.T) {
			get, err := newOurPage(baseURL, &http.Client{Transport: answer.transport(body)})
			require.NoError(t, err)
			allocated := allocatedBy(t, func() error { _, err := get(t.Context()); return err })
			t.Logf("%d bytes allocated for a body of %d: %.2f times", allocated, len(body), float64(allocated)/float64(len(body)))
			assert.Less(t, allocated, 3*uint64(len(body)))
		})
	}
}

// BenchmarkPage is one call of ListOrders that returns 100 fulfilled orders,
// without a network.
func BenchmarkPage(b *testing.B) { benchmark(b, pageSubjects()) }
