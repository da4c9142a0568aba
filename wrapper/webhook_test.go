package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

const eventJSON = `{"order":{"id":"Gre28Fc35bt3","state":"fulfilled","amount_kg":1000000,"price_usd_cents":1}}`

// deliver hands a webhook to the handler of c.
func deliver(t *testing.T, c *Client, req *http.Request, fn func(context.Context, *api.Order) error) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	c.OrderEventHandler(fn).ServeHTTP(w, req)
	return w
}

func post(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
}

func never(t *testing.T) func(context.Context, *api.Order) error {
	return func(context.Context, *api.Order) error {
		t.Helper()
		t.Error("the callback must not be called")
		return nil
	}
}

// Anyone can send a webhook: what the order is, the API says.
func TestWebhookHandsOverWhatTheAPISays(t *testing.T) {
	rt := play(reply(200, `{"id":"Gre28Fc35bt3","state":"cancelled","amount_kg":10,"price_usd_cents":20}`))
	var got []*api.Order
	w := deliver(t, newClient(t, rt), post(eventJSON), func(_ context.Context, o *api.Order) error {
		got = append(got, o)
		return nil
	})
	assert.Equal(t, 200, w.Code)
	assert.Empty(t, w.Body.String())
	require.Len(t, got, 1)
	assert.Equal(t, api.OrderStateCancelled, got[0].State, "not the forged fulfilled")
	assert.Equal(t, 10.0, got[0].AmountKg)
	assert.Equal(t, testBase+"/orders/Gre28Fc35bt3", rt.requests()[0].url)
	assert.Equal(t, "GET", rt.requests()[0].method)
	assert.Equal(t, 1, rt.count())
}

func TestWebhookMethods(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		rt := play(reply(200, orderJSON))
		w := deliver(t, newClient(t, rt), httptest.NewRequest(method, "/hook", strings.NewReader(eventJSON)), never(t))
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		assert.Equal(t, "POST", w.Header().Get("Allow"))
		assert.Zero(t, rt.count())
	}
}

func TestWebhooksThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "garbage": "order=1", "HTML": "<html>", "null": "null", "array": "[]", "string": `"x"`, "number": "1",
		"no order": "{}", "null order": `{"order":null}`, "order is a string": `{"order":"x"}`, "no id": `{"order":{}}`,
		"null id": `{"order":{"id":null}}`, "empty id": `{"order":{"id":""}}`, "id is a number": `{"order":{"id":7}}`, "id is an object": `{"order":{"id":{}}}`,
		"id that leads elsewhere": `{"order":{"id":".."}}`, "id .": `{"order":{"id":"."}}`, "id with a line break": `{"order":{"id":"a\nb"}}`,
		"truncated": eventJSON[:30], "two events": eventJSON + eventJSON, "nested deeply": strings.Repeat("[", 20000),
	} {
		rt := play(reply(200, orderJSON))
		w := deliver(t, newClient(t, rt), post(body), never(t))
		assert.Equal(t, http.StatusBadRequest, w.Code, name)
		assert.Zero(t, rt.count(), "%s: no call to the API", name)
	}
}

// An event whose other members change is an event all the same.
func TestWebhooksOfANewerAPI(t *testing.T) {
	for _, body := range []string{
		`{"order":{"id":"x"}}`, `{"order":{"id":"x","amount_kg":"ten","created_on":7,"state":{}},"event":"order.updated"}`, " \n" + `{"order":{"id":"x"}}` + "\n",
	} {
		called := false
		w := deliver(t, newClient(t, play(reply(200, `{"id":"x"}`))), post(body), func(context.Context, *api.Order) error { called = true; return nil })
		assert.Equal(t, 200, w.Code, body)
		assert.True(t, called)
	}
}

func TestWebhookIDsReachTheirOwnOrder(t *testing.T) {
	rt := play(reply(200, orderJSON))
	ok := func(context.Context, *api.Order) error { return nil }
	w := deliver(t, newClient(t, rt), post(`{"order":{"id":"../subaccounts/x?a=b"}}`), ok)
	assert.Equal(t, 400, w.Code)
	assert.Zero(t, rt.count())
	w = deliver(t, newClient(t, rt), post(`{"order":{"id":"x?a=b"}}`), ok)
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, testBase+"/orders/x%3Fa=b", rt.requests()[0].url)
}

func TestWebhookSize(t *testing.T) {
	pad := func(n int) string {
		const head, tail = `{"pad":"`, `","order":{"id":"x"}}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	ok := func(context.Context, *api.Order) error { return nil }
	assert.Equal(t, 200, deliver(t, newClient(t, play(reply(200, orderJSON))), post(pad(1<<20)), ok).Code)
	rt := play(reply(200, orderJSON))
	assert.Equal(t, http.StatusRequestEntityTooLarge, deliver(t, newClient(t, rt), post(pad(1<<20+1)), never(t)).Code)
	assert.Zero(t, rt.count())

	code, total := allocated(func() int {
		req := httptest.NewRequest(http.MethodPost, "/hook", endless(1<<30, 'x'))
		return deliver(t, newClient(t, rt), req, never(t)).Code
	})
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	assert.Less(t, total, uint64(16*mib))
}

func TestWebhookBodyThatBreaksOff(t *testing.T) {
	req := httptest.NewRequest(http.MethodPost, "/hook", io.MultiReader(strings.NewReader(eventJSON[:20]), failing{}))
	assert.Equal(t, http.StatusBadRequest, deliver(t, newClient(t, play()), req, never(t)).Code)
}

// Only 200 ends the vendor's redelivery, so anything that went wrong must not be one.
func TestWebhookWhenTheAPIFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		step step
		want int
	}{
		{"unknown order", reply(404, notFoundJSON), 404},
		{"down", reply(503, ``), 503},
		{"broken", reply(500, ``), 503},
		{"unreachable", breakWith(errRefused), 503},
		{"key revoked", reply(401, ``), 503},
		{"forbidden", reply(403, ``), 503},
		{"rate limited", reply(429, ``), 503},
		{"not JSON", reply(200, `<html>`, "Content-Type", "text/html"), 503},
		{"no order", reply(200, `{}`), 503},
		{"redirect", reply(302, ``), 503},
	} {
		w := deliver(t, newClient(t, play(tt.step), quick(2)), post(eventJSON), never(t))
		assert.Equal(t, tt.want, w.Code, tt.name)
		assert.NotContains(t, w.Body.String(), "cnaught", "%s: the error is no business of the sender", tt.name)
	}
}

func TestWebhookWhenTheCallbackFails(t *testing.T) {
	calls := 0
	fn := func(context.Context, *api.Order) error {
		if calls++; calls == 1 {
			return errors.New("database is locked")
		}
		return nil
	}
	c := newClient(t, play(reply(200, orderJSON)))
	w := deliver(t, c, post(eventJSON), fn)
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "database")
	assert.Equal(t, 200, deliver(t, c, post(eventJSON), fn).Code, "delivered again")
}

func TestWebhookWithoutACallback(t *testing.T) {
	assert.Equal(t, 500, deliver(t, newClient(t, play(reply(200, orderJSON))), post(eventJSON), nil).Code, "nobody has seen the order")
}

func TestWebhookContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	w := deliver(t, newClient(t, play(reply(200, orderJSON))), post(eventJSON).WithContext(ctx), func(ctx context.Context, _ *api.Order) error {
		assert.Equal(t, "v", ctx.Value(key{}))
		return nil
	})
	assert.Equal(t, 200, w.Code)
	cancel()
	w = deliver(t, newClient(t, play()), post(eventJSON).WithContext(ctx), never(t))
	assert.Equal(t, 503, w.Code, "the sender has gone")
}

func TestWebhookThroughAServer(t *testing.T) {
	c := newClient(t, play(reply(200, orderJSON)))
	server := httptest.NewServer(c.OrderEventHandler(func(context.Context, *api.Order) error { return nil }))
	defer server.Close()
	resp, err := http.Post(server.URL, "application/json", strings.NewReader(eventJSON))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
}

func TestParseOrderEvent(t *testing.T) {
	event, err := ParseOrderEvent(strings.NewReader(`{"order":` + orderJSON + `,"new":1}`))
	require.NoError(t, err)
	assert.Equal(t, "Gre28Fc35bt3", event.Order.ID)
	assert.Equal(t, api.OrderStatePlaced, event.Order.State)

	for name, body := range map[string]string{
		"empty": ``, "null": `null`, "array": `[]`, "no order": `{}`, "null order": `{"order":null}`, "no id": `{"order":{"state":"placed"}}`,
		"wrong type": `{"order":{"id":7}}`, "truncated": eventJSON[:40], "HTML": `<html>`,
	} {
		event, err := ParseOrderEvent(strings.NewReader(body))
		assert.Nil(t, event, name)
		decode := as[*DecodeError](t, err)
		assert.Equal(t, body, string(decode.Body), name)
		assert.Equal(t, "ParseOrderEvent", decode.Call)
		_, ok := IdempotencyKeyFrom(err)
		assert.False(t, ok)
	}
	_, err = ParseOrderEvent(endless(2<<20, ' '))
	assert.Len(t, as[*DecodeError](t, err).Body, 1<<20)
	assert.ErrorIs(t, err, errTooLarge)
	_, err = ParseOrderEvent(failing{})
	assert.ErrorContains(t, err, "cable pulled")
	_, err = ParseOrderEvent(strings.NewReader(fmt.Sprintf(`{"order":{"id":"x"},"pad":%q}`, strings.Repeat("p", 1<<20-33))))
	assert.NoError(t, err)
}
