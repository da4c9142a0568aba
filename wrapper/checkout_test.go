package cnaught

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestOrderOfCheckoutSession(t *testing.T) {
	session := func(id string, created int) *api.CheckoutSession {
		return &api.CheckoutSession{ID: id, CreatedOn: hour(created).Add(-time.Minute)}
	}
	for name, test := range map[string]struct {
		session *api.CheckoutSession
		id      string // empty: not found
		pages   int
	}{
		"the newest":                  {session("session of id-250", 250), "id-250", 1},
		"among later ones":            {session("session of id-240", 240), "id-240", 1},
		"created long before":         {session("session of id-249", 10), "id-249", 1},
		"on the second page":          {session("session of id-101", 101), "id-101", 2},
		"not there yet":               {session("another", 248), "", 1},
		"older than the session":      {session("session of id-200", 201), "", 1},
		"a session without a time":    {&api.CheckoutSession{ID: "session of id-1"}, "id-1", 3},
		"without a time and an order": {&api.CheckoutSession{ID: "another"}, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := stack(250)
			order, err := newClient(t, s).OrderOfCheckoutSession(t.Context(), test.session)
			assert.Len(t, s.queries, test.pages, "the search ends at the session's creation")
			if test.id == "" {
				require.ErrorIs(t, err, ErrNotFound)
				assert.NotErrorIs(t, err, ErrInvalidRequest)
				assert.ErrorContains(t, err, `cnaught: OrderOfCheckoutSession: session "`+test.session.ID+`" has no order yet`)
				assert.Nil(t, order)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.id, order.ID)
		})
	}
}

// An answer that is no list does not mean that there is no order yet, even if a
// gateway answers 404.
func TestOrderOfCheckoutSessionBehindABrokenList(t *testing.T) {
	for _, body := range []string{notFoundJSON, `<h1>Not Found</h1>`} {
		_, err := newClient(t, play(reply(404, body))).OrderOfCheckoutSession(t.Context(), &api.CheckoutSession{ID: "s"})
		require.Error(t, err)
		assert.NotErrorIs(t, err, ErrNotFound)
		assert.Equal(t, 404, as[*Error](t, err).StatusCode)
		assert.ErrorContains(t, err, "cnaught: OrderOfCheckoutSession: after 0 orders: ")
	}
}

// The search looks in the session's subaccount.
func TestOrderOfCheckoutSessionOfASubaccount(t *testing.T) {
	ofSubaccount := &api.CheckoutSession{ID: "s", SubaccountID: Ptr("5nubL0NS")}
	for name, test := range map[string]struct {
		session *api.CheckoutSession
		opts    []CallOption
		want    string
	}{
		"none":              {&api.CheckoutSession{ID: "s"}, nil, "default"},
		"none, for account": {&api.CheckoutSession{ID: "s"}, []CallOption{ForAccount()}, ""},
		"its own":           {ofSubaccount, nil, "5nubL0NS"},
		"the option wins":   {ofSubaccount, []CallOption{ForSubaccount("other")}, "other"},
	} {
		rt := play(reply(200, `{"data":[]}`))
		_, err := newClient(t, rt, WithSubaccount("default")).OrderOfCheckoutSession(t.Context(), test.session, test.opts...)
		require.ErrorIs(t, err, ErrNotFound, name)
		assert.Equal(t, test.want, rt.requests()[0].header.Get("X-Subaccount-Id"), name)
	}
}

func TestOrderOfCheckoutSessionRefusesBadInput(t *testing.T) {
	refused(t, "nil", func(c *Client) error { return errorOf(c.OrderOfCheckoutSession(t.Context(), nil)) })
	refused(t, "no id", func(c *Client) error {
		return errorOf(c.OrderOfCheckoutSession(t.Context(), new(api.CheckoutSession)))
	})
	_, err := newClient(t, play(reply(503, ``)), quick(1)).OrderOfCheckoutSession(t.Context(), &api.CheckoutSession{ID: "s"})
	require.ErrorIs(t, err, ErrServer)
	assert.NotErrorIs(t, err, ErrNotFound, "a list that was not read may hold the order")
}

func TestReturnURLs(t *testing.T) {
	const local, remote = "http://127.0.0.1:8765/v1", testBase
	for _, test := range []struct {
		base, url string
		ok        bool
	}{
		{remote, "https://shop.example/ok?session={CHECKOUT_SESSION_ID}", true},
		{remote, "https://localhost/ok", true},
		{remote, "http://localhost:8080/ok", false},
		{remote, "http://127.0.0.1/ok", false},
		{remote, "http://shop.example/ok", false},
		{local, "https://shop.example/ok", true},
		{local, "http://localhost:8080/ok?session={CHECKOUT_SESSION_ID}", true},
		{local, "http://127.0.0.1:8080/ok", true},
		{local, "http://[::1]/ok", true},
		{local, "HTTP://LOCALHOST/ok", true},
		{local, "http://shop.example/ok", false},
		{local, "http://localhost.shop.example/ok", false},
		{local, "http://10.0.0.1/ok", false},
		{local, "http:///ok", false},
		{local, "//localhost/ok", false},
		{local, "/ok", false},
		{local, "ftp://localhost/ok", false},
		{local, "", false},
	} {
		rt := play(reply(201, sessionJSON))
		c, err := New(testKey, WithBaseURL(test.base), WithHTTPClient(&http.Client{Transport: rt}))
		require.NoError(t, err)
		for field, session := range map[string]api.CheckoutSessionCreate{
			"success_url": {AmountKg: 100, SuccessURL: test.url, CancelURL: "https://shop.example/no"},
			"cancel_url":  {AmountKg: 100, SuccessURL: "https://shop.example/ok", CancelURL: test.url},
		} {
			_, err := c.CreateCheckoutSession(t.Context(), session)
			if test.ok {
				require.NoError(t, err, "%+v", test)
				continue
			}
			assert.Equal(t, field, as[*InvalidRequestError](t, err).Field, "%+v", test)
		}
	}
}
