package cnaught

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/events"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// answer returns the status of one delivery.
func answer(h http.Handler, body string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(body))
	return w.Code
}

// rateLimited is an API that answers after 5 ms, and that accepts 200 requests per
// second and bursts of 50.
func rateLimited(reads, purchases *atomic.Int32) step {
	tokens := limit.NewBucket(50, 200*60)
	return func(req *http.Request) (*http.Response, error) {
		time.Sleep(5 * time.Millisecond)
		answer := reply(201, orderJSON)
		if req.Method == http.MethodPost {
			purchases.Add(1)
		} else {
			reads.Add(1)
			answer = orderIn("fulfilled")
		}
		if !tokens.Withdraw() {
			answer = reply(429, ``)
		}
		return answer(req)
	}
}

// Ten thousand posts by strangers within two seconds do not disturb the purchases of
// the same client, which has no retries to make up for failures.
func TestWebhookFlood(t *testing.T) {
	for name, id := range map[string]func(int) int{
		"one id": func(int) int { return 7 }, "an id for each": func(i int) int { return i },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads, purchases, handled atomic.Int32
				c := newClient(t, rateLimited(&reads, &purchases), WithRetryPolicy(NoRetry()))
				h := c.OrderEventHandler(func(context.Context, *api.Order) error { handled.Add(1); return nil })
				began := time.Now()
				codes := make([]int, 10_000)
				var wg sync.WaitGroup
				for worker := range 100 {
					wg.Go(func() {
						for i := worker; i < len(codes); i += 100 {
							codes[i] = answer(h, fmt.Sprintf(`{"order":{"id":"%d"}}`, id(i)))
							time.Sleep(20 * time.Millisecond)
						}
					})
				}
				var failed []error
				wg.Go(func() {
					for range 40 {
						if _, err := c.PlaceOrder(t.Context(), tenKg); err != nil {
							failed = append(failed, err)
						}
						time.Sleep(45 * time.Millisecond)
					}
				})
				wg.Wait()

				assert.Empty(t, failed, "purchases that failed")
				assert.EqualValues(t, 40, purchases.Load())
				count := map[int]int{}
				for _, code := range codes {
					count[code]++
				}
				assert.Equal(t, len(codes), count[200]+count[503], count)
				assert.EqualValues(t, count[200], handled.Load(), "once for each delivery")
				bound := events.MaxFetches + events.FetchesPerMinute*time.Since(began).Minutes()
				t.Logf("%d posts in %v: %d calls to the API, of at most %.0f; %d answered 200", len(codes), time.Since(began), reads.Load(), bound, count[200])
				assert.LessOrEqual(t, float64(reads.Load()), bound)
				assert.GreaterOrEqual(t, int(reads.Load()), events.MaxFetches, "the flood reached the limit")
			})
		})
	}
}

func TestWebhookRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		h := newClient(t, play(orderIn("fulfilled")), logTo(&out, slog.LevelInfo)).OrderEventHandler(accept)
		accepted := func(posts int) (n int) {
			for range posts {
				if answer(h, eventJSON) == 200 {
					n++
				}
			}
			return n
		}
		assert.Equal(t, 20, accepted(300), "in a burst")
		assert.Equal(t, 1, strings.Count(out.String(), "more events than"), "one line, not one for each delivery")
		time.Sleep(time.Second)
		assert.Equal(t, 20, accepted(300), "in a second")
		assert.Equal(t, 1, strings.Count(out.String(), "\n"))
		time.Sleep(time.Hour)
		assert.Equal(t, 20, accepted(300), "never more than a burst")
		assert.Equal(t, 2, strings.Count(out.String(), "\n"))
	})
}

func TestConcurrentWebhooksAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return orderIn("placed")(req)
		})
		h := newClient(t, rt).OrderEventHandler(func(context.Context, *api.Order) error {
			time.Sleep(time.Minute)
			return nil
		})
		var busy, done atomic.Int32
		var wg sync.WaitGroup
		for range 70 {
			wg.Go(func() {
				switch code := answer(h, `{"order":{"id":"x"}}`); code {
				case 200:
					done.Add(1)
				case 503:
					busy.Add(1)
				default:
					t.Error(code)
				}
			})
		}
		synctest.Wait()
		assert.EqualValues(t, 6, busy.Load(), "at once")
		wg.Wait()
		assert.EqualValues(t, 64, done.Load())
		assert.Equal(t, 200, answer(h, `{"order":{"id":"x"}}`), "there are places again")
	})
}

// A delivery gives its place back however it ends, even with a panic.
func TestWebhooksGiveTheirPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := errors.New("fail")
		c := newClient(t, play(orderIn("placed")), WithLogger(slog.New(slog.DiscardHandler)))
		h := c.OrderEventHandler(func(_ context.Context, o *api.Order) error {
			if o.ID == "panics" {
				panic(fail)
			}
			if o.ID == "aborts" {
				panic(http.ErrAbortHandler)
			}
			return fail
		})
		for range 3 * events.MaxRequests {
			assert.Equal(t, 400, answer(h, ``))
			assert.Equal(t, 500, answer(h, `{"order":{"id":"panics"}}`))
			assert.Panics(t, func() { answer(h, `{"order":{"id":"aborts"}}`) })
			assert.Equal(t, 500, answer(h, `{"order":{"id":"fails"}}`))
			time.Sleep(time.Second)
		}
	})
}

// Concurrent deliveries share one fetch, and each callback has an order of its own
// that it may change.
func TestWebhooksForOneOrderShareTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const order = `{"id":"x","state":"fulfilled","metadata":"cart 1","project_allocations":[{}]}`
		rt := play(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return reply(200, order)(req)
		})
		var handled atomic.Int32
		h := newClient(t, rt).OrderEventHandler(func(_ context.Context, o *api.Order) error {
			assert.Equal(t, "cart 1", *o.Metadata)
			assert.Zero(t, o.ProjectAllocations[0])
			*o.Metadata, o.ProjectAllocations[0].AmountKg = "changed", 1
			handled.Add(1)
			return nil
		})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				assert.Equal(t, 200, answer(h, fmt.Sprintf(`{"order":{"id":"x","state":%q}}`, []string{"fulfilled", ""}[i%2])))
			})
		}
		wg.Wait()
		assert.EqualValues(t, 50, handled.Load())
		assert.Equal(t, 1, rt.count())

		wg.Go(func() { answer(h, `{"order":{"id":"x"}}`) })
		wg.Go(func() { answer(h, `{"order":{"id":"x","subaccount_id":"other"}}`) })
		wg.Wait()
		assert.Equal(t, 3, rt.count(), "another subaccount may have another answer")
		assert.Equal(t, 200, answer(h, `{"order":{"id":"x"}}`))
		assert.Equal(t, 4, rt.count(), "an answer is not kept for later deliveries")
	})
}

// An event that arrives while the order is being read may be newer than what is
// read.
func TestWebhookDoesNotTakeAnOlderRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowly := func(state api.OrderState) step {
			return func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return orderIn(state)(req)
			}
		}
		rt := play(slowly("placed"), slowly("retired"))
		var mu sync.Mutex
		var seen []api.OrderState
		h := newClient(t, rt).OrderEventHandler(func(_ context.Context, o *api.Order) error {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, o.State)
			return nil
		})
		var wg sync.WaitGroup
		wg.Go(func() { assert.Equal(t, 200, answer(h, `{"order":{"id":"x","state":"placed"}}`)) })
		time.Sleep(time.Second / 2)
		for range 5 {
			wg.Go(func() { assert.Equal(t, 200, answer(h, `{"order":{"id":"x","state":"retired"}}`)) })
		}
		wg.Wait()
		assert.Equal(t, []api.OrderState{"placed", "retired", "retired", "retired", "retired", "retired"}, seen)
		assert.Equal(t, 2, rt.count())
	})
}

// When the first of several senders gives up, the others still get their answer.
func TestWebhookSenderThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(2 * time.Second):
				return orderIn("placed")(req)
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
		var handled atomic.Int32
		h := newClient(t, rt).OrderEventHandler(func(context.Context, *api.Order) error { handled.Add(1); return nil })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, post(`{"order":{"id":"x"}}`).WithContext(ctx))
			assert.Equal(t, 503, w.Code)
		})
		time.Sleep(time.Second / 2)
		wg.Go(func() { assert.Equal(t, 200, answer(h, `{"order":{"id":"x"}}`)) })
		wg.Wait()
		assert.EqualValues(t, 1, handled.Load())
		assert.Equal(t, 1, rt.count())
	})
}

func TestWebhookFetchHasATimeLimit(t *testing.T) {
	for policy, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Second: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			rt := play(hang)
			h := newClient(t, rt, WithRetryPolicy(RetryPolicy{AttemptTimeout: policy})).OrderEventHandler(never(t))
			began := time.Now()
			assert.Equal(t, 503, answer(h, eventJSON))
			assert.Equal(t, want, time.Since(began))
			assert.Equal(t, 1, rt.count())
		})
	}
}

// Webhooks do not take tokens from the retry budgets, and do not need any.
func TestWebhooksLeaveTheRetryBudgetsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, play(reply(500, ``)))
		h := c.OrderEventHandler(never(t))
		for range events.MaxFetches {
			assert.Equal(t, 503, answer(h, eventJSON))
		}
		assert.EqualValues(t, c.policy.Budget.Capacity, drain(c.reads))
		assert.EqualValues(t, c.policy.Budget.Capacity, drain(c.writes))

		c = newClient(t, play(orderIn("fulfilled")))
		drain(c.reads)
		drain(c.writes)
		assert.Equal(t, 200, answer(c.OrderEventHandler(accept), eventJSON))
	})
}

// dialAndPost opens a connection and sends a webhook, or a part of one.
func dialAndPost(t *testing.T, tr *http.Transport, body string, length int) net.Conn {
	t.Helper()
	conn, err := tr.DialContext(t.Context(), "", "")
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n\r\n%s", length, body)
	require.NoError(t, err)
	return conn
}

func TestWebhookBodyThatTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newClient(t, play()).OrderEventHandler(never(t))
		conn := dialAndPost(t, servePipe(t, h.ServeHTTP), eventJSON[:20], len(eventJSON))
		defer conn.Close()
		began := time.Now()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		assert.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

// The deadline is for the body alone. It must not end the context of a slow
// callback.
func TestWebhookReadDeadlineEndsWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newClient(t, play(orderIn("fulfilled"))).OrderEventHandler(func(ctx context.Context, _ *api.Order) error {
			time.Sleep(time.Minute)
			return ctx.Err()
		})
		conn := dialAndPost(t, servePipe(t, h.ServeHTTP), eventJSON, len(eventJSON))
		defer conn.Close()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		io.Copy(io.Discard, resp.Body)
		assert.Equal(t, 200, resp.StatusCode)
	})
}
