package sandbox

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// payLater opens a session and pays it, and checks that its order is still to come.
func payLater(t *testing.T, s *Server, create api.CheckoutSessionCreate, opts ...cnaught.CallOption) *api.CheckoutSession {
	t.Helper()
	create.AmountKg, create.SuccessURL, create.CancelURL = 100, "https://shop.example/ok", "https://shop.example/back"
	session, err := s.Client().CreateCheckoutSession(t.Context(), create, opts...)
	require.NoError(t, err)
	order, err := s.CompleteCheckout(session.ID)
	require.NoError(t, err)
	assert.Nil(t, order)
	session, err = s.Client().GetCheckoutSession(t.Context(), session.ID)
	require.NoError(t, err)
	assert.Equal(t, api.CheckoutSessionStateComplete, session.State)
	assert.Equal(t, s.Now(), *session.CompletedOn)
	assertNoOrderYet(t, s, session)
	return session
}

func assertNoOrderYet(t *testing.T, s *Server, session *api.CheckoutSession) {
	t.Helper()
	_, err := s.Client().OrderOfCheckoutSession(t.Context(), session)
	assert.ErrorIs(t, err, cnaught.ErrNotFound)
}

func TestTheOrderComesAfterItsDelay(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithEmptyBooks(), WithOrderDelay(time.Hour))
	session := payLater(t, s, api.CheckoutSessionCreate{Description: "d"})
	_, err := s.CompleteCheckout(session.ID)
	assert.ErrorIs(t, err, ErrState, "nobody pays twice")
	s.Advance(time.Hour - time.Microsecond)
	assertNoOrderYet(t, s, session)

	s.Advance(time.Microsecond)
	order, err := s.Client().OrderOfCheckoutSession(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, "d", cnaught.Value(order.Description))
	assert.Equal(t, longAgo().Add(time.Hour), order.CreatedOn)
	s.Advance(48 * time.Hour)
	assert.Equal(t, 1, s.OrderCount())
}

// However far the clock is moved at once, the order comes first, and what follows
// from it afterwards.
func TestADelayedOrderIsFulfilledAndTold(t *testing.T) {
	hook := newReceiver(t)
	s := Run(t, WithClock(longAgo), WithEmptyBooks(), WithOrderDelay(time.Hour), WithFulfillAfter(time.Hour))
	session := payLater(t, s, api.CheckoutSessionCreate{NotificationConfig: &api.NotificationConfig{URL: hook.URL}})
	s.Advance(time.Hour)
	settle(t, s)
	assert.Empty(t, s.Deliveries(), "an order that is placed is not told of")
	other := payLater(t, s, api.CheckoutSessionCreate{})
	s.Advance(24 * time.Hour)
	settle(t, s)
	for _, c := range []*api.CheckoutSession{session, other} {
		order, err := s.Client().OrderOfCheckoutSession(t.Context(), c)
		require.NoError(t, err)
		assert.Equal(t, api.OrderStateFulfilled, order.State)
	}
	require.Len(t, s.Deliveries(), 1)
	assert.Equal(t, DeliveryDelivered, s.Deliveries()[0].Status)
}

func TestADelayedOrderSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path, WithEmptyBooks(), WithOrderDelay(time.Hour))
	session := payLater(t, s, api.CheckoutSessionCreate{})
	require.NoError(t, s.Close())
	for range 2 { // the second start reads what the first has rewritten
		s = openState(t, path)
		assertNoOrderYet(t, s, session)
		require.NoError(t, s.Close())
	}
	s = openState(t, path)
	s.Advance(time.Hour)
	order, err := s.Client().OrderOfCheckoutSession(t.Context(), session)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = openState(t, path)
	s.Advance(24 * time.Hour)
	require.Len(t, s.Orders(), 1, "the order comes once")
	assert.Equal(t, order.ID, s.Orders()[0].ID)
}

func TestASubaccountWhoseOrderIsStillToComeStays(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithEmptyBooks(), WithOrderDelay(time.Hour))
	sub := newSubaccount(t, s, `{"name":"a"}`)
	session := payLater(t, s, api.CheckoutSessionCreate{}, cnaught.ForSubaccount(sub))
	remove := func() reply { return call(t, s, "DELETE", "/subaccounts/"+sub, "") }
	remove().assertProblem(t, 409, "", "Subaccount has checkout sessions that may become orders")
	s.Advance(time.Hour)
	order, err := s.Client().OrderOfCheckoutSession(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, sub, cnaught.Value(order.SubaccountID))
	remove().assertProblem(t, 409, "", "Subaccount has orders")
}

func TestPagesOfADelayedOrder(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithEmptyBooks(), WithOrderDelay(time.Hour))
	session := openCheckout(t, s, api.CheckoutSessionCreate{})
	for range 2 { // a double click
		resp, _ := visit(t, s, http.MethodPost, "/pay/"+session.ID, "")
		assert.Equal(t, "https://shop.example/ok?session_id="+session.ID, resp.Header.Get("Location"))
	}
	_, page := visit(t, s, http.MethodGet, "/pay/"+session.ID, "")
	assert.Contains(t, page, "This checkout is paid")
	assert.Contains(t, page, "The order will be placed at <time datetime=\"2026-02-03T05:05:06.789012Z\">2026-02-03 05:05:06</time> UTC.")
	_, home := visit(t, s, http.MethodGet, "/", "")
	text, _ := rowOf(t, home, "session-"+session.ID)
	assert.Contains(t, text, "Its order comes at 2026-02-03 05:05:06")

	s.Advance(time.Hour)
	_, page = visit(t, s, http.MethodGet, "/pay/"+session.ID, "")
	assert.Contains(t, page, "The order has been placed.")
	_, home = visit(t, s, http.MethodGet, "/", "")
	assert.NotContains(t, home, "Its order comes at")
	assert.Equal(t, 1, s.OrderCount())
}

func TestControlAnswersWithTheSessionWhileTheOrderIsStillToCome(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithOrderDelay(time.Hour))
	id := post(t, s, "/checkout/sessions", sessionBody).id(t)
	r := control(t, s, "POST", "/checkout/sessions/"+id+"/complete", "")
	assert.Equal(t, 202, r.status)
	assert.Equal(t, string(get(t, s, "/checkout/sessions/"+id).body), string(r.body))
	control(t, s, "POST", "/checkout/sessions/"+id+"/complete", "").assertProblem(t, 409, "", "Wrong state")
}
