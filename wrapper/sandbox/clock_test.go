package sandbox

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheClockRunsOnAfterItWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithoutListener())
		s.SetTime(longAgo())
		assert.Equal(t, longAgo(), s.Now())
		time.Sleep(time.Hour)
		assert.Equal(t, longAgo().Add(time.Hour), s.Now())
		s.Advance(-2 * time.Hour)
		assert.Equal(t, longAgo().Add(-time.Hour), s.Now())
		require.NoError(t, s.Close())
	})
}

// The webhook shows that the order was fulfilled although no request came in.
func TestDueOrdersAreFulfilledWithoutARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		s := New(WithoutListener(), WithFulfillAfter(time.Minute), WithEmptyBooks(), WithWebhookTransport(roundTrip(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
		})))
		place(t, s, `{"amount_kg":1,"notification_config":{"url":"http://localhost/"}}`)
		time.Sleep(time.Minute - time.Millisecond)
		synctest.Wait()
		assert.Zero(t, sent.Load())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.Equal(t, int32(1), sent.Load())
		require.NoError(t, s.Close())
	})
}

func TestDueEventsHappenInOrder(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithFulfillAfter(25*time.Hour), WithEmptyBooks())
	c := post(t, s, "/checkout/sessions", sessionBody).id(t)
	paid, err := s.CompleteCheckout(post(t, s, "/checkout/sessions", sessionBody).id(t))
	require.NoError(t, err)
	s.Advance(24 * time.Hour)
	assert.Equal(t, "expired", get(t, s, "/checkout/sessions/"+c).object(t)["state"])
	assert.Equal(t, "placed", get(t, s, "/orders/"+paid.ID).object(t)["state"])
	s.Advance(time.Hour)
	assert.Equal(t, "fulfilled", get(t, s, "/orders/"+paid.ID).object(t)["state"])
}
