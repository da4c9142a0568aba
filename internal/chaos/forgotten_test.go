package chaos

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/internal/loopback"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// TestChaosForgottenConnections buys over HTTP/2 through a NAT that forgets its
// connections again and again. The timeouts are short, in the same proportions as in
// the client's own transport.
func TestChaosForgottenConnections(t *testing.T) {
	t.Parallel()
	books := sandbox.New(sandbox.WithEmptyBooks())
	defer books.Close()
	backend := httptest.NewUnstartedServer(books.Handler())
	backend.EnableHTTP2 = true
	backend.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail when the NAT forgets their connections
	backend.StartTLS()
	defer backend.Close()
	nat, err := loopback.NewNAT(backend.Listener.Addr().String())
	require.NoError(t, err)
	defer nat.Close()

	transport := &http.Transport{
		TLSClientConfig:   backend.Client().Transport.(*http.Transport).TLSClientConfig,
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond},
	}
	client, err := cnaught.New(books.APIKey(), cnaught.WithBaseURL("https://"+nat.Addr()+"/v1"),
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
					nat.Forget() // while the other callers wait for their answers
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
		assert.Equal(t, []string{told[cart]}, ids, "%s was ordered once, and its caller knows the order", cart)
	}
	assert.GreaterOrEqual(t, nat.Swallowed(), int64(10), "forgotten connections with something to swallow")
	t.Logf("%d orders over HTTP/2, %d connections forgotten, %d orders settled later by their key; none made twice, none unknown", len(told), nat.Swallowed(), settled.Load())
}
