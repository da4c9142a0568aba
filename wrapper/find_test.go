package cnaught

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func cart(n int) func(*api.Order) bool {
	return func(o *api.Order) bool { return Value(o.Metadata) == fmt.Sprint("cart of id-", n) }
}

func TestFindOrder(t *testing.T) {
	for _, tt := range []struct {
		name       string
		orders     int
		unreadable []string
		cart       int
		since      time.Time
		want       string // of the error; empty for an order
		pages      int
	}{
		{"the newest", 250, nil, 250, hour(0), "", 1},
		{"on a later page", 250, nil, 20, hour(0), "", 3},
		{"created at that very time", 250, nil, 200, hour(200), "", 1},
		{"created an hour before", 250, nil, 199, hour(200), "cnaught: FindOrder: not found: none of 51 orders matches", 1},
		{"of all", 250, nil, 1, time.Time{}, "", 3},
		{"none of all", 250, nil, 300, time.Time{}, "cnaught: FindOrder: not found: none of 250 orders matches", 3},
		{"no orders", 0, nil, 1, hour(0), "cnaught: FindOrder: not found: none of 0 orders matches", 1},
		{"with an unreadable time", 250, []string{"id-210"}, 210, hour(200), "", 1},
		{"older than one with an unreadable time", 250, []string{"id-230"}, 210, hour(200), "", 1},
		{"unreadable times only", 3, []string{"id-1", "id-2", "id-3"}, 5, hour(200), "cnaught: FindOrder: not found: none of 3 orders matches", 1},
	} {
		s := stack(tt.orders)
		s.unreadable = tt.unreadable
		order, err := newClient(t, s).FindOrder(t.Context(), cart(tt.cart), tt.since)
		assert.Len(t, s.queries, tt.pages, tt.name)
		if tt.want == "" {
			require.NoError(t, err, tt.name)
			assert.Equal(t, fmt.Sprint("id-", tt.cart), order.ID, tt.name)
			continue
		}
		assert.Nil(t, order, tt.name)
		assert.ErrorIs(t, err, ErrNotFound, tt.name)
		assert.EqualError(t, err, tt.want, tt.name)
	}
}

// ErrNotFound lets a caller buy again, so FindOrder returns it only after it has
// read the whole list.
func TestFindOrderWithoutTheWholeList(t *testing.T) {
	for name, tt := range map[string]struct {
		answer step // to the request for the second page; nil for the first page again
		is     error
	}{
		"a gateway's 404":     {reply(404, `<h1>Not Found</h1>`, "Content-Type", "text/html"), nil},
		"the API's 404":       {reply(404, notFoundJSON), nil},
		"a server error":      {reply(500, ``), ErrServer},
		"a revoked key":       {reply(401, ``), ErrUnauthorized},
		"a broken connection": {breakWith(errReset), errReset},
		"an odd list":         {reply(200, `[]`), nil},
		"the same page again": {nil, ErrCursorIgnored},
	} {
		s := stack(100)
		s.spoil = func(url.Values, []string) []string { return s.ids }
		s.fail = func(n int) step {
			if n == 1 {
				return nil
			}
			return tt.answer
		}
		order, err := newClient(t, s, quick(2)).FindOrder(t.Context(), cart(300), time.Time{})
		assert.Nil(t, order, name)
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, ErrNotFound, name)
		assert.ErrorContains(t, err, "cnaught: FindOrder: after 100 orders: ", name)
		assert.Equal(t, 1, strings.Count(err.Error(), "cnaught:"), err)
		if tt.is != nil {
			assert.ErrorIs(t, err, tt.is, name)
		}
	}
	_, err := newClient(t, play(reply(404, notFoundJSON))).FindOrder(t.Context(), cart(1), time.Time{})
	assert.Equal(t, 404, as[*Error](t, err).StatusCode, "errors.As still finds the answer")
}

func TestFindOrderOptions(t *testing.T) {
	rt := play(stack(1).RoundTrip)
	_, err := newClient(t, rt).FindOrder(t.Context(), cart(1), time.Time{}, ForSubaccount("sub"))
	require.NoError(t, err)
	assert.Equal(t, "sub", rt.requests()[0].header.Get(headerSubaccount))
	assert.Equal(t, "no-cache", rt.requests()[0].header.Get("Cache-Control"))

	rt = play()
	_, err = newClient(t, rt).FindOrder(t.Context(), nil, time.Time{})
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.EqualError(t, err, "cnaught: FindOrder: match is nil")
	_, err = newClient(t, rt).FindOrder(t.Context(), cart(1), time.Time{}, ForSubaccount(""))
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.Zero(t, rt.count())
}
