package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
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

// orderIn answers with the order that was asked for, in a state.
func orderIn(state api.OrderState) step {
	return func(req *http.Request) (*http.Response, error) {
		order, err := json.Marshal(api.Order{ID: opGetOrderByID.pathID(req.URL.EscapedPath()), State: state, AmountKg: 10})
		if err != nil {
			return nil, err
		}
		return reply(200, string(order))(req)
	}
}

// accept is a callback that succeeds.
func accept(context.Context, *api.Order) error { return nil }

// never returns a callback that must not be called.
func never(t *testing.T) func(context.Context, *api.Order) error {
	return func(context.Context, *api.Order) error {
		t.Helper()
		t.Error("the callback must not be called")
		return nil
	}
}

// Anyone can send a webhook, so the order comes from the API and not from the event.
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

func TestBodiesThatAreNoWebhook(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "garbage": "order=1", "HTML": "<html>", "null": "null", "array": "[]", "string": `"x"`, "number": "1",
		"no order": "{}", "null order": `{"order":null}`, "order is a string": `{"order":"x"}`, "no id": `{"order":{}}`,
		"null id": `{"order":{"id":null}}`, "empty id": `{"order":{"id":""}}`, "id is a number": `{"order":{"id":7}}`, "id is an object": `{"order":{"id":{}}}`,
		"id of 129 characters":    `{"order":{"id":"` + strings.Repeat("é", 129) + `"}}`,
		"id that leads elsewhere": `{"order":{"id":".."}}`, "id .": `{"order":{"id":"."}}`, "id with a line break": `{"order":{"id":"a\nb"}}`,
		"truncated": eventJSON[:30], "two events": eventJSON + eventJSON, "nested deeply": strings.Repeat("[", 20000),
	} {
		rt := play(reply(200, orderJSON))
		w := deliver(t, newClient(t, rt), post(body), never(t))
		assert.Equal(t, http.StatusBadRequest, w.Code, name)
		assert.Zero(t, rt.count(), "%s: no call to the API", name)
	}
}

// An event needs nothing but the id. Its other members may be anything.
func TestWebhooksOfANewerAPI(t *testing.T) {
	for _, body := range []string{
		`{"order":{"id":"x"}}`, `{"order":{"id":"x","amount_kg":"ten","created_on":7,"state":{}},"event":"order.updated"}`, " \n" + `{"order":{"id":"x"}}` + "\n",
		"\ufeff" + `{"order":{"id":"x"}}`, `{"order":{"id":"x","created_on":"2022-08-01 18:00","subaccount_id":7,"state":null}}`,
	} {
		called := false
		w := deliver(t, newClient(t, play(reply(200, `{"id":"x"}`))), post(body), func(context.Context, *api.Order) error { called = true; return nil })
		assert.Equal(t, 200, w.Code, body)
		assert.True(t, called)
	}
}

func TestWebhookIDsReachTheirOwnOrder(t *testing.T) {
	rt := play(orderIn("placed"))
	w := deliver(t, newClient(t, rt), post(`{"order":{"id":"../subaccounts/x?a=b"}}`), accept)
	assert.Equal(t, 400, w.Code)
	assert.Zero(t, rt.count())
	w = deliver(t, newClient(t, rt), post(`{"order":{"id":"x?a=b"}}`), accept)
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, testBase+"/orders/x%3Fa=b", rt.requests()[0].url)
}

func TestWebhookSize(t *testing.T) {
	pad := func(n int) string {
		const head, tail = `{"pad":"`, `","order":{"id":"x"}}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	assert.Equal(t, 200, deliver(t, newClient(t, play(orderIn("placed"))), post(pad(1<<20)), accept).Code)
	assert.Equal(t, 200, deliver(t, newClient(t, play(orderIn("placed"))), post(`{"order":{"id":"`+strings.Repeat("é", 128)+`"}}`), accept).Code)
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
	req := httptest.NewRequest(http.MethodPost, "/hook", io.MultiReader(strings.NewReader(eventJSON[:20]), iotest.ErrReader(errReset)))
	assert.Equal(t, http.StatusBadRequest, deliver(t, newClient(t, play()), req, never(t)).Code)
}

// Only 200 ends the vendor's redelivery, so a failure must have another status.
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
		{"another order", reply(200, `{"id":"Gre28Fc35bt4","state":"fulfilled"}`), 503},
	} {
		rt := play(tt.step)
		w := deliver(t, newClient(t, rt, quick(2)), post(eventJSON), never(t))
		assert.Equal(t, tt.want, w.Code, tt.name)
		assert.Equal(t, 1, rt.count(), "%s: the vendor tries again, not the client", tt.name)
		assert.NotContains(t, w.Body.String(), "cnaught", "%s: the sender does not see the error", tt.name)
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
	c := newClient(t, play(orderIn("fulfilled")))
	w := deliver(t, c, post(eventJSON), fn)
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "database")
	assert.Equal(t, 200, deliver(t, c, post(eventJSON), fn).Code, "delivered again")
}

func TestWebhookWithoutACallback(t *testing.T) {
	assert.Equal(t, 500, deliver(t, newClient(t, play(orderIn("fulfilled"))), post(eventJSON), nil).Code, "nobody has seen the order")
}

func TestWebhookContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	w := deliver(t, newClient(t, play(orderIn("fulfilled"))), post(eventJSON).WithContext(ctx), func(ctx context.Context, _ *api.Order) error {
		assert.Equal(t, "v", ctx.Value(key{}))
		return nil
	})
	assert.Equal(t, 200, w.Code)
	cancel()
	w = deliver(t, newClient(t, play()), post(eventJSON).WithContext(ctx), never(t))
	assert.Equal(t, 503, w.Code, "the sender has gone")
}

// A request that a test makes with http.NewRequest has no body at all.
func TestWebhookWithoutABody(t *testing.T) {
	req, err := http.NewRequest(http.MethodPost, "/", nil)
	require.NoError(t, err)
	assert.Equal(t, 400, deliver(t, newClient(t, play()), req, never(t)).Code)
}

// An API with replicas may show the order as it was before the event. After a 200,
// the vendor would not send the event again.
func TestWebhookThatTheAPIDoesNotShowYet(t *testing.T) {
	for _, tt := range []struct {
		event, read api.OrderState
		want        int
	}{
		{"placed", "placed", 200}, {"placed", "fulfilled", 200}, {"placed", "cancelled", 200},
		{"fulfilled", "placed", 503}, {"fulfilled", "fulfilled", 200}, {"fulfilled", "cancelled", 200},
		{"cancelled", "placed", 503}, {"cancelled", "fulfilled", 503}, {"cancelled", "cancelled", 200},
		{"retired", "placed", 200}, {"fulfilled", "retired", 200}, {"cancelled", "", 200}, {"", "placed", 200},
	} {
		var out lockedBuffer
		var seen []api.OrderState
		c := newClient(t, play(orderIn(tt.read)), logTo(&out, slog.LevelInfo))
		w := deliver(t, c, post(fmt.Sprintf(`{"order":{"id":"x","state":%q}}`, tt.event)), func(_ context.Context, o *api.Order) error {
			seen = append(seen, o.State)
			return nil
		})
		assert.Equal(t, tt.want, w.Code, "event %s, read %s", tt.event, tt.read)
		if tt.want == 200 {
			assert.Equal(t, []api.OrderState{tt.read}, seen)
			assert.Empty(t, out.String())
		} else {
			assert.Empty(t, seen)
			assert.Contains(t, out.String(), fmt.Sprintf("the event says %s, but the order is still %s", tt.event, tt.read))
		}
	}
}

func TestWebhookWhenTheCallbackPanics(t *testing.T) {
	var out lockedBuffer
	panics := func(context.Context, *api.Order) error { panic("no such cart, key " + testKey) }
	w := deliver(t, newClient(t, play(orderIn("fulfilled")), logTo(&out, slog.LevelInfo)), post(eventJSON), panics)
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "cart")
	assert.Contains(t, out.String(), "panic: no such cart, key [masked]")
	assert.Contains(t, out.String(), "webhook_test.go", "the log says where it panicked")
	assert.Contains(t, out.String(), "order=Gre28Fc35bt3")

	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		deliver(t, newClient(t, play(orderIn("fulfilled"))), post(eventJSON), func(context.Context, *api.Order) error { panic(http.ErrAbortHandler) })
	}, "net/http's way to break the connection off")

	broken := step(func(*http.Request) (*http.Response, error) { panic("transport") })
	assert.Equal(t, 500, deliver(t, newClient(t, broken, logTo(&out, slog.LevelInfo)), post(eventJSON), never(t)).Code)
	assert.Contains(t, out.String(), "panic: transport")
}

// A panic is logged even without a logger, because net/http would have printed it.
func TestWebhookPanicWithoutALogger(t *testing.T) {
	var out lockedBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(before)
	c := newClient(t, play(orderIn("fulfilled")))
	assert.Equal(t, 500, deliver(t, c, post(eventJSON), func(context.Context, *api.Order) error { panic("no such cart") }).Code)
	assert.Contains(t, out.String(), "no such cart")
	out = lockedBuffer{}
	assert.Equal(t, 500, deliver(t, c, post(eventJSON), func(context.Context, *api.Order) error { return errors.New("locked") }).Code)
	assert.Empty(t, out.String(), "only the client's logger gets an error")
}

func TestWebhookSubaccount(t *testing.T) {
	const event = `{"order":{"id":"x","subaccount_id":"sub-event"}}`
	client, account, one := WithSubaccount("sub-client"), ForAccount(), ForSubaccount("sub-option")
	for _, tt := range []struct {
		name   string
		event  string
		client []Option
		opts   []CallOption
		want   string
	}{
		{"nobody names one", `{"order":{"id":"x"}}`, nil, nil, ""},
		{"the event", event, nil, nil, "sub-event"},
		{"the event, before the client", event, []Option{client}, nil, "sub-event"},
		{"the client", `{"order":{"id":"x"}}`, []Option{client}, nil, "sub-client"},
		{"the client, for an event with null", `{"order":{"id":"x","subaccount_id":null}}`, []Option{client}, nil, "sub-client"},
		{"the option, before all", event, []Option{client}, []CallOption{one}, "sub-option"},
		{"the option for the account", event, []Option{client}, []CallOption{account}, ""},
		{"one that no header can carry", `{"order":{"id":"x","subaccount_id":"a\nb"}}`, nil, nil, ""},
		{"one in another alphabet", `{"order":{"id":"x","subaccount_id":"é"}}`, nil, nil, ""},
		{"a long one", `{"order":{"id":"x","subaccount_id":"` + strings.Repeat("a", 129) + `"}}`, nil, nil, ""},
	} {
		rt := play(orderIn("placed"))
		w := httptest.NewRecorder()
		newClient(t, rt, tt.client...).OrderEventHandler(accept, tt.opts...).ServeHTTP(w, post(tt.event))
		assert.Equal(t, 200, w.Code, tt.name)
		assert.Equal(t, tt.want, rt.requests()[0].header.Get(headerSubaccount), tt.name)
	}
}

func TestWebhookOptions(t *testing.T) {
	var response Response
	var seen Attempt
	rt := play(reply(503, ``))
	c := newClient(t, rt, WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return step(func(req *http.Request) (*http.Response, error) {
			seen, _ = AttemptFrom(req.Context())
			return next.RoundTrip(req)
		})
	}))
	h := c.OrderEventHandler(never(t), WithHeader("X-Shop", "7"), WithResponse(&response), WithCallRetryPolicy(RetryPolicy{MaxAttempts: 9}), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(eventJSON))
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, 1, rt.count(), "whatever the policy")
	assert.Zero(t, response, "several fetches would write to it at the same time")
	assert.Equal(t, "7", rt.requests()[0].header.Get("X-Shop"))
	assert.Equal(t, "no-cache", rt.requests()[0].header.Get("Cache-Control"))
	assert.Equal(t, Attempt{Call: "OrderEventHandler", Operation: "GetOrderById", HTTPMethod: "GET", PathTemplate: "/orders/{id}", Number: 1}, seen)
}

// An odd timestamp must not hide a paid order.
func TestWebhookWithAnOddTimestamp(t *testing.T) {
	for name, on := range map[string]string{
		"no zone": "2022-08-01T18:00:00", "short zone": "2022-08-01T18:00:00+0000", "a space": "2022-08-01 18:00:00Z", "empty": "", "nonsense": "yesterday",
	} {
		order := `{"id":"Gre28Fc35bt3","state":"fulfilled","created_on":"` + on + `"}`
		var seen time.Time
		called := 0
		w := deliver(t, newClient(t, play(reply(200, order))), post(`{"order":`+order+`}`), func(_ context.Context, o *api.Order) error {
			seen = o.CreatedOn
			called++
			return nil
		})
		assert.Equal(t, 200, w.Code, name)
		assert.Equal(t, 1, called, name)
		event, err := ParseOrderEvent(strings.NewReader("\ufeff" + `{"order":` + order + `}`))
		require.NoError(t, err, name)
		assert.Equal(t, api.OrderStateFulfilled, event.Order.State)
		assert.True(t, event.Order.CreatedOn.Equal(seen))
		assert.Equal(t, name == "empty" || name == "nonsense", seen.IsZero(), name)
	}
}

func TestWebhookThroughAServer(t *testing.T) {
	c := newClient(t, play(orderIn("fulfilled")))
	server := httptest.NewServer(c.OrderEventHandler(accept))
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
	assert.ErrorIs(t, err, limit.ErrTooLarge)
	_, err = ParseOrderEvent(iotest.ErrReader(errReset))
	assert.ErrorIs(t, err, errReset)
	_, err = ParseOrderEvent(strings.NewReader(fmt.Sprintf(`{"order":{"id":"x"},"pad":%q}`, strings.Repeat("p", 1<<20-33))))
	assert.NoError(t, err)
}
