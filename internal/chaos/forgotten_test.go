package chaos

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// nat passes bytes on until it forgets the flows that it knows: then they
// swallow everything in both directions, and new ones work.
type nat struct {
	backend string
	epoch   atomic.Int64
	forgot  atomic.Int64 // flows
}

func (n *nat) serve(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", n.backend)
			if err != nil {
				client.Close()
				continue
			}
			epoch := n.epoch.Load()
			var lost sync.Once
			pass := func(to, from net.Conn) {
				defer to.Close()
				buf := make([]byte, 32<<10)
				for {
					read, err := from.Read(buf)
					if err != nil {
						return
					}
					if n.epoch.Load() != epoch {
						lost.Do(func() { n.forgot.Add(1) })
						continue
					}
					if _, err := to.Write(buf[:read]); err != nil {
						return
					}
				}
			}
			wg.Go(func() { pass(client, server) })
			wg.Go(func() { pass(server, client) })
		}
	})
	return l.Addr().String()
}

// TestChaosForgottenConnections buys over HTTP/2 through a NAT that forgets its
// flows again and again. Times are short, in the proportions of the client's own
// transport.
func TestChaosForgottenConnections(t *testing.T) {
	t.Parallel()
	books := sandbox.New(sandbox.WithEmptyBooks())
	defer books.Close()
	backend := httptest.NewUnstartedServer(books.Handler())
	backend.EnableHTTP2 = true
	backend.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that were forgotten
	backend.StartTLS()
	defer backend.Close()
	n := &nat{backend: backend.Listener.Addr().String()}
	addr := n.serve(t)

	transport := &http.Transport{
		TLSClientConfig:   backend.Client().Transport.(*http.Transport).TLSClientConfig,
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond},
	}
	client, err := cnaught.New(books.APIKey(), cnaught.WithBaseURL("https://"+addr+"/v1"),
		cnaught.WithHTTPClient(&http.Client{Transport: transport}),
		cnaught.WithRetryPolicy(cnaught.RetryPolicy{
			BaseDelay: time.Millisecond, AttemptTimeout: 2 * time.Second, Budget: cnaught.RetryBudget{Capacity: 1e9},
		}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()

	const callers = 64
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		told    = map[string]string{} // cart to order
		settled atomic.Int64
	)
	for caller := range callers {
		wg.Go(func() {
			for i := range max(1, *ordersFlag/callers) {
				cart := fmt.Sprintf("cart %d of caller %d", i, caller)
				order := api.OrderCreate{AmountKg: 10, Metadata: cart}
				placed, err := client.PlaceOrder(t.Context(), order)
				for err != nil {
					key, ok := cnaught.IdempotencyKeyFrom(err)
					if !assert.ErrorIs(t, err, cnaught.ErrOutcomeUnknown) || !assert.True(t, ok) {
						return
					}
					settled.Add(1)
					placed, err = client.PlaceOrder(t.Context(), order, cnaught.WithIdempotencyKey(key))
				}
				mu.Lock()
				told[cart] = placed.ID
				if len(told)%(*ordersFlag/20+1) == 0 {
					n.epoch.Add(1) // while the other callers wait for their answers
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()

	bought := map[string][]string{}
	for _, order := range books.Orders() {
		bought[cnaught.Value(order.Metadata)] = append(bought[cnaught.Value(order.Metadata)], order.ID)
	}
	assert.Len(t, bought, len(told))
	for cart, ids := range bought {
		assert.Equal(t, []string{told[cart]}, ids, "%s: made once, and told so", cart)
	}
	assert.GreaterOrEqual(t, n.forgot.Load(), int64(10), "flows with something to swallow")
	t.Logf("%d orders over HTTP/2, %d flows forgotten, %d orders settled later by their key: 0 made twice, 0 unknown", len(told), n.forgot.Load(), settled.Load())
}
