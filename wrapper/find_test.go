package cnaught

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

var firstOrder = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ordersByMinute lists n orders, newest first, of which number i was created i
// minutes after the first; "odd" stands for a time that cannot be read.
func ordersByMinute(n int, odd ...int) step {
	return func(req *http.Request) (*http.Response, error) {
		first := n - 1
		if after := req.URL.Query().Get("starting_after"); after != "" {
			fmt.Sscanf(after, "order-%d", &first)
			first--
		}
		data := []map[string]any{}
		for i := first; i >= 0 && len(data) < 100; i-- {
			order := map[string]any{"id": fmt.Sprint("order-", i), "metadata": fmt.Sprint("cart ", i), "created_on": firstOrder.Add(time.Duration(i) * time.Minute)}
			for _, o := range odd {
				if o == i {
					order["created_on"] = "odd"
				}
			}
			data = append(data, order)
		}
		body, err := json.Marshal(map[string]any{"data": data})
		if err != nil {
			return nil, err
		}
		return reply(200, string(body))(req)
	}
}

func cart(n int) func(*api.Order) bool {
	return func(o *api.Order) bool { return Value(o.Metadata) == fmt.Sprint("cart ", n) }
}

func TestFindOrder(t *testing.T) {
	minute := func(n int) time.Time { return firstOrder.Add(time.Duration(n) * time.Minute) }
	for _, tt := range []struct {
		name  string
		list  step
		cart  int
		since time.Time
		want  string // of the error; empty for an order
		pages int
	}{
		{"the newest", ordersByMinute(250), 249, minute(0), "", 1},
		{"on a later page", ordersByMinute(250), 20, minute(0), "", 3},
		{"created at that very time", ordersByMinute(250), 200, minute(200), "", 1},
		{"created a minute before", ordersByMinute(250), 199, minute(200), "cnaught: FindOrder: not found: none of 50 orders matches", 1},
		{"of all", ordersByMinute(250), 0, time.Time{}, "", 3},
		{"none of all", ordersByMinute(250), 300, time.Time{}, "cnaught: FindOrder: not found: none of 250 orders matches", 3},
		{"no orders", ordersByMinute(0), 1, minute(0), "cnaught: FindOrder: not found: none of 0 orders matches", 1},
		{"with an odd time", ordersByMinute(250, 210), 210, minute(200), "", 1},
		{"behind an odd time", ordersByMinute(250, 230), 210, minute(200), "", 1},
		{"odd times only", ordersByMinute(3, 0, 1, 2), 5, minute(200), "cnaught: FindOrder: not found: none of 3 orders matches", 1},
	} {
		rt := play(tt.list)
		order, err := newClient(t, rt).FindOrder(t.Context(), cart(tt.cart), tt.since)
		assert.Equal(t, tt.pages, rt.count(), tt.name)
		if tt.want == "" {
			require.NoError(t, err, tt.name)
			assert.Equal(t, fmt.Sprint("order-", tt.cart), order.ID, tt.name)
			continue
		}
		assert.Nil(t, order, tt.name)
		assert.ErrorIs(t, err, ErrNotFound, tt.name)
		assert.EqualError(t, err, tt.want, tt.name)
	}
}

// ErrNotFound lets a caller buy again, so only a list that was read to its end
// may give it.
func TestFindOrderThatCannotFinish(t *testing.T) {
	for name, tt := range map[string]struct {
		answer step
		is     error
	}{
		"a gateway's 404":       {reply(404, `<h1>Not Found</h1>`, "Content-Type", "text/html"), nil},
		"the API's 404":         {reply(404, notFoundJSON), nil},
		"a server error":        {reply(500, ``), ErrServer},
		"a key that is revoked": {reply(401, ``), ErrUnauthorized},
		"a broken connection":   {breakWith(errReset), errReset},
		"an odd list":           {reply(200, `[]`), nil},
		"the same page again":   {ordersByMinute(100), ErrCursorIgnored},
	} {
		first := ordersByMinute(100)
		steps := []step{func(req *http.Request) (*http.Response, error) { return first(req) }, tt.answer}
		if tt.is == ErrCursorIgnored {
			steps[1] = func(req *http.Request) (*http.Response, error) {
				req.URL.RawQuery = ""
				return first(req)
			}
		}
		order, err := newClient(t, play(steps...), quick(2)).FindOrder(t.Context(), cart(300), time.Time{})
		assert.Nil(t, order, name)
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, ErrNotFound, name)
		assert.ErrorContains(t, err, "cnaught: FindOrder: after 100 orders: ", name)
		assert.Equal(t, 1, strings.Count(err.Error(), "cnaught:"), err)
		if tt.is != nil {
			assert.ErrorIs(t, err, tt.is, name)
		}
	}
	var answer *Error
	_, err := newClient(t, play(reply(404, notFoundJSON))).FindOrder(t.Context(), cart(1), time.Time{})
	require.True(t, errors.As(err, &answer))
	assert.Equal(t, 404, answer.StatusCode, "the answer is there for who asks")
}

func TestFindOrderOptions(t *testing.T) {
	rt := play(ordersByMinute(1))
	_, err := newClient(t, rt).FindOrder(t.Context(), cart(0), time.Time{}, ForSubaccount("sub"))
	require.NoError(t, err)
	assert.Equal(t, "sub", rt.requests()[0].header.Get(headerSubaccount))
	assert.Equal(t, "no-cache", rt.requests()[0].header.Get("Cache-Control"))

	rt = play()
	_, err = newClient(t, rt).FindOrder(t.Context(), nil, time.Time{})
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.EqualError(t, err, "cnaught: FindOrder: match is nil")
	_, err = newClient(t, rt).FindOrder(t.Context(), cart(0), time.Time{}, ForSubaccount(""))
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.Zero(t, rt.count())
}
