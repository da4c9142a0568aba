package cnaught

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// settles waits until get returns no more than want, because connections and
// goroutines take a moment to end.
func settles(t *testing.T, want int, get func() int, what string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for get() > want {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d %s, want %d\n%s", get(), what, want, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// connections follows the connections of a server.
type connections struct {
	mu    sync.Mutex
	alive map[net.Conn]bool
	total int
}

// countConnections starts a server whose connections are counted.
func countConnections(t *testing.T, h http.HandlerFunc) (*httptest.Server, *connections) {
	t.Helper()
	c := &connections{alive: map[net.Conn]bool{}}
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = c.follow
	server.Start()
	t.Cleanup(server.Close)
	return server, c
}

func (c *connections) follow(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.total++
		c.alive[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.alive, conn)
	}
}

// open returns how many connections are open.
func (c *connections) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.alive)
}

// opened returns how many connections there have been.
func (c *connections) opened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// temperamental answers in the way that the order's id names.
func temperamental(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	kind := "list"
	if segments := strings.Split(r.URL.Path, "/"); len(segments) > 3 {
		kind = segments[3]
	}
	switch kind {
	case "good", "list", "Gre28Fc35bt3":
		io.WriteString(w, orderJSON)
	case "missing":
		w.WriteHeader(404)
		io.WriteString(w, notFoundJSON)
	case "broken":
		w.WriteHeader(500)
		io.Copy(w, endless(200<<10, 'x'))
	case "huge":
		io.Copy(w, endless(2<<20, ' '))
	case "html":
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html>")
	case "cut":
		w.Header().Set("Content-Length", "500")
		io.WriteString(w, orderJSON[:20])
	case "reset":
		panic(http.ErrAbortHandler)
	case "stall":
		w.WriteHeader(200)
		io.WriteString(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// After calls that succeed, fail, time out and are cancelled, no goroutine, no
// connection and no open body is left.
func TestCallsLeakNothing(t *testing.T) {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goroutines := runtime.NumGoroutine()
	server, conns := countConnections(t, temperamental)
	tr, answers := transport.New(), new(bodies)
	counted := silent(func(req *http.Request) (*http.Response, error) {
		resp, err := tr.RoundTrip(req)
		answers.track(resp)
		return resp, err
	})
	c := newTestClient(t, server.URL+"/v1", WithHTTPClient(&http.Client{Transport: counted}), WithMaxResponseBytes(1<<20),
		WithRetryPolicy(RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond, AttemptTimeout: 50 * time.Millisecond, Budget: RetryBudget{Capacity: 1e9}}))
	kinds := []string{"good", "missing", "broken", "huge", "html", "cut", "reset", "stall"}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			for i := range 25 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(random.IntN(20000))*time.Microsecond)
				}
				kind := kinds[random.IntN(len(kinds))]
				switch i % 5 {
				case 0:
					c.CancelOrder(ctx, kind)
				case 1:
					c.UploadSubaccountLogo(ctx, kind, "image/png", strings.NewReader(strings.Repeat("x", 100_000)))
				case 2:
					for range c.Orders(ctx, ListOptions{}) {
						break
					}
				default:
					c.GetOrder(ctx, kind)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	settles(t, 0, answers.open, "open bodies")
	settles(t, 0, func() int {
		tr.CloseIdleConnections() // net/http may still be dialing for a call that was given up
		return conns.open()
	}, "connections of the server")
	server.Close()
	settles(t, goroutines, runtime.NumGoroutine, "goroutines")
	t.Logf("%d answers, %d connections", answers.opened.Load(), conns.opened())
}

// Goroutines that share a client get their own answers, and the client keeps a
// connection for each of them.
func TestManyGoroutinesShareAClient(t *testing.T) {
	const goroutines, calls = 64, 20
	var mu sync.Mutex
	keys := map[string]bool{}
	server, conns := countConnections(t, func(w http.ResponseWriter, r *http.Request) {
		var order api.OrderCreate
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&order))
		mu.Lock()
		keys[r.Header.Get(headerIdempotencyKey)] = true
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"x","metadata":%q,"subaccount_id":%q}`, order.Metadata, r.Header.Get(headerSubaccount))
	})
	c := newTestClient(t, server.URL+"/v1")
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range calls {
				text, sub := fmt.Sprintf("%d/%d", g, i), fmt.Sprint("s", g)
				var r Response
				order, err := c.PlaceOrder(t.Context(), api.OrderCreate{TotalPriceUSDCents: 1, Metadata: text}, ForSubaccount(sub), WithResponse(&r))
				if !assert.NoError(t, err) {
					return
				}
				assert.Equal(t, text, Value(order.Metadata))
				assert.Equal(t, sub, Value(order.SubaccountID))
				assert.Equal(t, 1, r.Attempts)
			}
		})
	}
	wg.Wait()
	assert.Len(t, keys, goroutines*calls)
	assert.LessOrEqual(t, conns.opened(), 2*goroutines, "of %d calls", goroutines*calls)
}
