package sandbox

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// fill places n orders directly in the books, without the API.
func fill(b testing.TB, s *Server, n int) {
	require.NoError(b, s.books.Update(func(tx *books.Tx) {
		for range n {
			tx.PlaceOrder(&books.Order{AmountKg: 10, PriceCents: 20})
		}
	}))
}

// BenchmarkListOrders reads a page of 20 from the middle of books of several sizes.
// The time must not grow with the size.
func BenchmarkListOrders(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("orders=%d", n), func(b *testing.B) {
			s := Run(b, WithoutListener(), WithEmptyBooks())
			fill(b, s, n)
			middle := s.Orders()[n/2].ID
			for b.Loop() {
				succeed(b, s, "GET", "/orders?starting_after="+middle, "")
			}
		})
	}
}

// BenchmarkSubmitOrder places orders in memory and with a state file.
func BenchmarkSubmitOrder(b *testing.B) {
	for _, withFile := range []bool{false, true} {
		b.Run(fmt.Sprintf("state=%t", withFile), func(b *testing.B) {
			opts := []Option{WithoutListener(), WithEmptyBooks()}
			if withFile {
				opts = append(opts, WithStateFile(b.TempDir()+"/state"))
			}
			s := Run(b, opts...)
			b.ReportAllocs()
			for b.Loop() {
				succeed(b, s, "POST", "/orders", `{"amount_kg":10}`)
			}
		})
	}
}

// BenchmarkTenThousandOrders places 10,000 orders over TCP and lists them all. It
// reports the memory that they occupy and the time per request.
func BenchmarkTenThousandOrders(b *testing.B) {
	const orders = 10_000
	for b.Loop() {
		s := Run(b, WithEmptyBooks())
		before := heapBytes()
		started := time.Now()
		for i := range orders {
			succeed(b, s, "POST", "/orders", `{"amount_kg":10,"metadata":"a benchmark"}`, "Idempotency-Key", fmt.Sprint(i))
		}
		placed := time.Since(started)
		kept := heapBytes() - before

		started = time.Now()
		pages, listed, after := 0, 0, ""
		for {
			var page struct{ Data []struct{ ID string } }
			require.NoError(b, json.Unmarshal(succeed(b, s, "GET", "/orders?limit=100"+after, ""), &page))
			pages++
			if len(page.Data) == 0 {
				break
			}
			listed += len(page.Data)
			after = "&starting_after=" + page.Data[len(page.Data)-1].ID
		}
		require.Equal(b, orders, listed)
		b.ReportMetric(float64(placed.Microseconds())/orders, "µs/order")
		b.ReportMetric(float64(time.Since(started).Microseconds())/float64(pages), "µs/page-of-100")
		b.ReportMetric(float64(kept)/orders, "kept-B/order")
		b.ReportMetric(0, "ns/op")
		require.NoError(b, s.Close())
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// succeed sends a request and returns the body of the answer, which must be a 2xx.
func succeed(b testing.TB, s *Server, method, path, body string, headers ...string) []byte {
	r, err := try(s, method, path, body, headers...)
	require.NoError(b, err)
	require.Less(b, r.status, 300, "%s", r.body)
	return r.body
}
