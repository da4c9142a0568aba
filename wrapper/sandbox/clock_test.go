package sandbox

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheClockRunsOnFromWhereItWasSet(t *testing.T) {
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

// What is due happens by itself, without a request that looks.
func TestWhatIsDueHappensByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithoutListener(), WithFulfillAfter(time.Minute), WithEmptyBooks())
		place(t, s, oneKg)
		post(t, s, "/checkout/sessions", sessionBody)
		state := func() (orderState, sessionState) {
			s.books.mu.Lock()
			defer s.books.mu.Unlock()
			return s.books.orders.items[0].State, s.books.sessions.items[0].State
		}
		time.Sleep(time.Minute - time.Millisecond)
		o, _ := state()
		assert.Equal(t, orderPlaced, o)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		o, c := state()
		assert.Equal(t, orderFulfilled, o)
		assert.Equal(t, sessionOpen, c)
		time.Sleep(24*time.Hour - time.Minute)
		synctest.Wait()
		_, c = state()
		assert.Equal(t, sessionExpired, c)
		require.NoError(t, s.Close())
	})
}

func TestAClockOfTheUsersOwnIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		slow := func() time.Time { return began.Add(time.Since(began) / 10) }
		s := New(WithoutListener(), WithFulfillAfter(time.Minute), WithEmptyBooks(), WithClock(slow))
		place(t, s, oneKg)
		time.Sleep(10*time.Minute + clockPoll)
		synctest.Wait()
		s.books.mu.Lock()
		assert.Equal(t, orderFulfilled, s.books.orders.items[0].State)
		s.books.mu.Unlock()
		require.NoError(t, s.Close())
	})
}

func TestDueThingsHappenInTheOrderOfTime(t *testing.T) {
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
