package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

func bytesReader(s string) io.Reader { return strings.NewReader(s) }

// fakeTB is a TB that records the calls of its methods.
type fakeTB struct {
	said     string
	cleanups []func()
}

func (f *fakeTB) Helper()                      {}
func (f *fakeTB) Cleanup(fn func())            { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Errorf(text string, a ...any) { f.said = fmt.Sprintf(text, a...) }
func (f *fakeTB) Fatalf(text string, a ...any) {
	f.said = fmt.Sprintf(text, a...)
	panic("fatal")
}

func (f *fakeTB) end() {
	for _, fn := range f.cleanups {
		fn()
	}
}

func TestRunClosesWithTheTest(t *testing.T) {
	tb := &fakeTB{}
	s := Run(tb)
	assert.Equal(t, 200, get(t, s, "/orders").status)
	tb.end()
	_, err := try(s, "GET", "/orders", "")
	assert.Error(t, err)
	assert.Empty(t, tb.said)
}

func TestFailedStart(t *testing.T) {
	s := Run(t)
	taken := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/v1")
	_, err := Open(WithAddr(taken))
	assert.ErrorContains(t, err, "cnaught: sandbox: ")
	assert.ErrorContains(t, err, "in use")
	assert.Panics(t, func() { New(WithAddr(taken)) })
	tb := &fakeTB{}
	assert.PanicsWithValue(t, "fatal", func() { Run(tb, WithAddr(taken)) })
	assert.Contains(t, tb.said, "cnaught: sandbox: ")
	_, err = Open(WithAPIKey(""))
	assert.ErrorContains(t, err, "the API key is empty")
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // synctest fails if a goroutine is left.
		s := New(WithoutListener(), WithFulfillAfter(time.Hour), WithEmptyBooks())
		place(t, s, oneKg)
		s.Inject(Fault{Delay: time.Hour, Count: -1})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { _, _ = try(s, "POST", "/orders", oneKg) }) // Close ends these requests.
		}
		synctest.Wait()
		began := time.Now()
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "a second Close must do nothing")
		wg.Wait()
		assert.Zero(t, time.Since(began))
		assert.Equal(t, 1, s.OrderCount(), "delayed requests must not act, and the books must still be readable")
		assert.ErrorIs(t, s.FulfillOrder(s.Orders()[0].ID), ErrClosed)
		assert.Equal(t, 503, get(t, s, "/orders").status)
	})
}

func TestCloseAnswersRequestsInProgress(t *testing.T) {
	s := New(WithEmptyBooks())
	var wg sync.WaitGroup
	var placed, answered int
	var mu sync.Mutex
	for range 8 {
		wg.Go(func() {
			for {
				r, err := try(s, "POST", "/orders", oneKg)
				if err != nil || r.status != 201 {
					return
				}
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	require.Eventually(t, func() bool { return s.OrderCount() > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, s.Close())
	wg.Wait()
	placed = s.OrderCount()
	assert.Equal(t, placed, answered)
	assert.Positive(t, placed)
}

func TestCloseDoesNotWaitForSlowClients(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	s := New()
	mounted := httptest.NewServer(s.Handler())
	defer mounted.Close()
	for _, url := range []string{s.URL(), mounted.URL + "/v1"} {
		body, hold := io.Pipe() // The body never ends.
		defer hold.Close()
		req, err := http.NewRequest("POST", url+"/orders", body)
		require.NoError(t, err)
		go func() {
			if resp, err := http.DefaultClient.Do(req); err == nil { // Close ends this request.
				_ = resp.Body.Close()
			}
		}()
	}
	go func() { _, _ = try(s, "POST", "/subaccounts", `{"name":"a","logo_url":"`+slow.URL+`"}`) }() // Close ends this request.
	require.Eventually(t, func() bool { return s.RequestCount() == 3 }, 5*time.Second, time.Millisecond)
	time.Sleep(10 * time.Millisecond) // Let the requests reach the point where they wait.
	began := time.Now()
	require.NoError(t, s.Close())
	assert.Less(t, time.Since(began), 5*time.Second)
	assert.Len(t, s.Orders(), 1)
	assert.Empty(t, s.Subaccounts())
}

func TestHandlerMountedElsewhere(t *testing.T) {
	var s *Server
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Handler().ServeHTTP(w, r) }))
	defer outside.Close()
	s = Run(t, WithoutListener(), WithBaseURL(outside.URL+"/"))
	assert.Equal(t, outside.URL+"/v1", s.URL())

	client, err := cnaught.New(s.APIKey(), cnaught.WithBaseURL(s.URL()))
	require.NoError(t, err)
	c, err := client.CreateCheckoutSession(t.Context(), api.CheckoutSessionCreate{
		AmountKg: 100, SuccessURL: "https://www.example.com/ok", CancelURL: "https://www.example.com/back",
	})
	require.NoError(t, err)
	assert.Equal(t, outside.URL+"/pay/"+c.ID, c.CheckoutURL)
}

func TestClient(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		client := s.Client()
		o, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
		require.NoError(t, err)
		require.NoError(t, s.FulfillOrder(o.ID))
		o, err = client.GetOrder(t.Context(), o.ID)
		require.NoError(t, err)
		assert.Equal(t, api.OrderStateFulfilled, o.State)
		assert.Len(t, o.ProjectAllocations, 4)
		_, err = client.GetOrder(t.Context(), "nope")
		assert.ErrorIs(t, err, cnaught.ErrNotFound)
	})
	s := New(WithoutListener())
	defer s.Close()
	assert.Panics(t, func() { s.Client(cnaught.WithBaseURL("http://example.com/v1")) })
}

func TestTransportEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithoutListener(), WithEmptyBooks())
		s.Inject(Fault{Delay: time.Minute})
		client := &http.Client{Transport: s.Transport(), Timeout: time.Second}
		req, err := http.NewRequest("POST", s.URL()+"/orders", bytes.NewReader([]byte(oneKg)))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.APIKey())
		req.Header.Set("Content-Type", "application/json")
		_, err = client.Do(req)
		assert.ErrorContains(t, err, "deadline")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, s.OrderCount(), "the sandbox must act nevertheless")
		require.NoError(t, s.Close())
	})
}

func TestConcurrentUse(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithoutListener(), WithFulfillAfter(time.Millisecond))
	sub := newSubaccount(t, s, `{"name":"a"}`)
	const workers, each = 16, 50
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range each {
				id := place(t, s, oneKg, "X-Subaccount-Id", sub)
				if i%2 == 0 {
					post(t, s, "/orders/"+id+"/cancel", "")
				}
				get(t, s, "/orders?limit=5&starting_after="+id)
				get(t, s, "/impact/data", "X-Subaccount-Id", sub)
				s.Advance(time.Millisecond)
			}
		})
	}
	wg.Wait()
	s.Advance(time.Second)
	states := map[api.OrderState]int{}
	for _, o := range s.Orders() {
		states[o.State]++
	}
	assert.Equal(t, map[api.OrderState]int{api.OrderStateCancelled: workers * each / 2, api.OrderStateFulfilled: workers * each / 2}, states)
	assert.Equal(t, float64(workers*each/2), get(t, s, "/impact/data", "X-Subaccount-Id", sub).object(t)["total_offset_kgs"])
}

func TestNilOptions(t *testing.T) {
	s, err := Open(nil, WithLogger(nil))
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
