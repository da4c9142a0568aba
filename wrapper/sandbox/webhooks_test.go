package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// receiver receives webhooks and answers with a status that the test sets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	bodies []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		assert.Equal(t, "POST", req.Method)
		assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, string(body))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies
}

func (r *receiver) order() string {
	return `{"amount_kg":10,"notification_config":{"url":"` + r.URL + `/hook"}}`
}

func settle(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.WaitForDeliveries(ctx))
}

func TestWebhooksAreSentForFulfilledAndCancelled(t *testing.T) {
	hook := newReceiver(t)
	s := Run(t)
	id := place(t, s, hook.order())
	settle(t, s)
	assert.Empty(t, hook.received(), "a new order must not cause a webhook")

	require.NoError(t, s.FulfillOrder(id))
	settle(t, s)
	require.Len(t, hook.received(), 1)
	var event map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(hook.received()[0]), &event))
	assert.Equal(t, string(get(t, s, "/orders/"+id).body), string(event["order"]), "the webhook must show the order as the API does")
	parsed, err := cnaught.ParseOrderEvent(bytesReader(hook.received()[0]))
	require.NoError(t, err)
	assert.Equal(t, id, parsed.Order.ID)

	require.Equal(t, 200, post(t, s, "/orders/"+id+"/cancel", "").status)
	settle(t, s)
	all := s.Deliveries()
	require.Len(t, all, 2)
	for i, state := range []string{"cancelled", "fulfilled"} {
		assert.Equal(t, state, all[i].OrderState)
		assert.Equal(t, DeliveryDelivered, all[i].Status)
		assert.Equal(t, id, all[i].OrderID)
		assert.Equal(t, hook.URL+"/hook", all[i].URL)
		require.Len(t, all[i].Attempts, 1)
		assert.Equal(t, 200, all[i].Attempts[0].StatusCode)
		assert.Equal(t, hook.received()[1-i], string(all[i].Body))
	}
}

func TestWebhooksAreRetriedUntil200(t *testing.T) {
	hook := newReceiver(t)
	s := Run(t, WithClock(longAgo))
	for n, status := range []int{500, 404, 204, 302, 201} {
		hook.answer(status)
		if n == 0 {
			require.NoError(t, s.FulfillOrder(place(t, s, hook.order())))
		} else {
			s.Advance(time.Second << (n - 1)) // The pauses are 1 s, 2 s, 4 s and 8 s.
		}
		settle(t, s)
	}
	d := s.Deliveries()[0]
	assert.Equal(t, DeliveryPending, d.Status)
	var statuses []int
	for _, a := range d.Attempts {
		statuses = append(statuses, a.StatusCode)
	}
	assert.Equal(t, []int{500, 404, 204, 302, 201}, statuses)
	assert.Equal(t, s.Now().Add(16*time.Second), *d.Next)

	hook.answer(200)
	s.Advance(16*time.Second - time.Microsecond)
	settle(t, s)
	assert.Len(t, s.Deliveries()[0].Attempts, 5, "the next attempt must not come too early")
	s.Advance(time.Microsecond)
	settle(t, s)
	d = s.Deliveries()[0]
	assert.Equal(t, DeliveryDelivered, d.Status)
	assert.Nil(t, d.Next)
}

func TestWebhooksAreAbandonedAfterADay(t *testing.T) {
	hook := newReceiver(t)
	hook.answer(500)
	s := Run(t, WithClock(longAgo))
	require.NoError(t, s.FulfillOrder(place(t, s, hook.order())))
	settle(t, s)
	for range 200 {
		d := s.Deliveries()[0]
		if d.Next == nil {
			break
		}
		assert.False(t, d.Next.After(longAgo().Add(24*time.Hour)))
		s.SetTime(*d.Next)
		settle(t, s)
	}
	d := s.Deliveries()[0]
	assert.Equal(t, DeliveryAbandoned, d.Status)
	assert.Equal(t, longAgo().Add(24*time.Hour), d.Attempts[len(d.Attempts)-1].On, "the last attempt must be after 24 hours")
	pause := time.Duration(0)
	for i := 1; i < len(d.Attempts)-1; i++ {
		next := d.Attempts[i].On.Sub(d.Attempts[i-1].On)
		assert.GreaterOrEqual(t, next, pause, "the pauses must not get shorter")
		pause = next
	}
	assert.Equal(t, 30*time.Minute, pause, "the longest pause must be 30 minutes")

	// If the clock is moved past the whole day, there is one more attempt.
	require.NoError(t, s.FulfillOrder(place(t, s, hook.order())))
	settle(t, s)
	s.Advance(48 * time.Hour)
	settle(t, s)
	d = s.Deliveries()[0]
	assert.Len(t, d.Attempts, 2)
	assert.Equal(t, DeliveryAbandoned, d.Status)
}

func TestForeignWebhooksAreRefused(t *testing.T) {
	s := Run(t)
	id := place(t, s, `{"amount_kg":1,"notification_config":{"url":"https://www.example.com/callback"}}`)
	require.NoError(t, s.FulfillOrder(id))
	settle(t, s)
	d := s.Deliveries()[0]
	assert.Equal(t, DeliveryRefused, d.Status)
	assert.Empty(t, d.Attempts)
	assert.Equal(t, "the host is not this machine; WithPublicWebhooks or the program's flag -public-webhooks allows it", d.Reason)
	s.Advance(24 * time.Hour)
	settle(t, s)
	assert.Empty(t, s.Deliveries()[0].Attempts)
}

func TestPublicWebhooksGoThroughTheTransport(t *testing.T) {
	var sentTo []string
	s := Run(t, WithPublicWebhooks(), WithWebhookTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		sentTo = append(sentTo, r.URL.String())
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
	})))
	id := place(t, s, `{"amount_kg":1,"notification_config":{"url":"https://www.example.com/callback"}}`)
	require.NoError(t, s.FulfillOrder(id))
	settle(t, s)
	assert.Equal(t, []string{"https://www.example.com/callback"}, sentTo)
	assert.Equal(t, DeliveryDelivered, s.Deliveries()[0].Status)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUnreachableReceiverIsRetried(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	id := place(t, s, `{"amount_kg":1,"notification_config":{"url":"http://127.0.0.1:1/hook"}}`)
	require.NoError(t, s.FulfillOrder(id))
	settle(t, s)
	d := s.Deliveries()[0]
	assert.Equal(t, DeliveryPending, d.Status)
	require.Len(t, d.Attempts, 1)
	assert.Zero(t, d.Attempts[0].StatusCode)
	assert.Contains(t, d.Attempts[0].Error, "127.0.0.1:1")
}

func TestSlowReceiverTimesOutAndCloseDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithoutListener(), WithWebhookTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})))
		require.NoError(t, s.FulfillOrder(place(t, s, `{"amount_kg":1,"notification_config":{"url":"http://localhost/"}}`)))
		time.Sleep(outgoingTimeout)
		synctest.Wait()
		require.Len(t, s.Deliveries()[0].Attempts, 1)
		assert.Contains(t, s.Deliveries()[0].Attempts[0].Error, "deadline")
		time.Sleep(2 * time.Second) // The second attempt has begun.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, s.WaitForDeliveries(ctx), context.DeadlineExceeded)
		began := time.Now()
		require.NoError(t, s.Close())
		assert.Zero(t, time.Since(began))
		assert.Len(t, s.Deliveries()[0].Attempts, 1, "a delivery that Close has cut off must not count as an attempt")
		assert.Equal(t, DeliveryPending, s.Deliveries()[0].Status)
		assert.NoError(t, s.WaitForDeliveries(context.Background()))
	})
}

func TestManyWebhooks(t *testing.T) {
	hook := newReceiver(t)
	s := Run(t, WithFulfillAfter(time.Hour))
	const orders = 200
	for range orders {
		place(t, s, hook.order())
	}
	s.Advance(time.Hour)
	settle(t, s)
	assert.Len(t, hook.received(), orders)
	for _, d := range s.Deliveries() {
		assert.Equal(t, DeliveryDelivered, d.Status)
	}
}
