package cnaught

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// ledger places orders and honours keys as the API does: it answers a known key
// again if the body is the same, and refuses it otherwise.
type ledger struct {
	mu      sync.Mutex
	answers map[string][2]string // by key: the request's body, the answer
}

func newLedger() *ledger { return &ledger{answers: map[string][2]string{}} }

func (l *ledger) book(req *http.Request, body []byte) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := req.Header.Get(headerIdempotencyKey)
	known, ok := l.answers[key]
	switch {
	case ok && known[0] != string(body):
		return reply(422, mismatchJSON)(req)
	case ok:
		return reply(201, known[1], headerReplay, "true")(req)
	}
	answer := fmt.Sprintf(`{"id":"order-%d","state":"placed","amount_kg":10}`, len(l.answers)+1)
	l.answers[key] = [2]string{string(body), answer}
	return reply(201, answer)(req)
}

func (l *ledger) orders() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.answers)
}

// transport places the order of each request, and then loses the answer if there
// is an error for it.
func (l *ledger) transport(lose ...error) *script {
	s := new(script)
	for _, err := range lose {
		s.steps = append(s.steps, func(req *http.Request) (*http.Response, error) {
			requests := s.requests()
			resp, _ := l.book(req, requests[len(requests)-1].body)
			if err != nil {
				return nil, err
			}
			return resp, nil
		})
	}
	return s
}

func keysOf(s *script) []string {
	var keys []string
	for _, r := range s.requests() {
		keys = append(keys, r.header.Get(headerIdempotencyKey))
	}
	return keys
}

func TestOneKeyForAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		books := newLedger()
		rt := books.transport(errReset, errReset, nil)
		var r Response
		order, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, "order-1", order.ID)
		assert.Equal(t, 1, books.orders())
		keys := keysOf(rt)
		assert.Equal(t, []string{keys[0], keys[0], keys[0]}, keys)
		assert.True(t, r.Replayed, "the first attempt had placed it")
		assert.Equal(t, keys[0], r.IdempotencyKey)
		assert.Equal(t, 3, r.Attempts)
	})
}

func TestKeyedOperations(t *testing.T) {
	eachActingCall(t, func(t *testing.T, a actingCall) {
		if !a.keyed {
			return
		}
		rt := play(reply(500, ``), reply(201, a.answer))
		c := newClient(t, rt, quick(2))
		require.NoError(t, a.call(t.Context(), c))
		require.NoError(t, a.call(t.Context(), c, WithIdempotencyKey("cart-17")))
		keys := keysOf(rt)
		require.Len(t, keys, 3)
		assert.Len(t, keys[0], 26, "130 random bits")
		assert.Equal(t, keys[0], keys[1])
		assert.Equal(t, "cart-17", keys[2])
	})
}

func TestKeysAreUnique(t *testing.T) {
	rt := play(reply(201, orderJSON))
	c := newClient(t, rt)
	const calls = 1000
	for range calls {
		_, err := c.PlaceOrder(t.Context(), tenKg)
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for _, key := range keysOf(rt) {
		seen[key] = true
	}
	assert.Len(t, seen, calls)
}

func TestUnkeyedOperationsSendNoKey(t *testing.T) {
	rt := play(reply(200, sessionJSON))
	c := newClient(t, rt)
	_, err := c.CreateCheckoutSession(t.Context(), anySession)
	require.NoError(t, err)
	_, err = c.QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: 1})
	require.NoError(t, err)
	require.NoError(t, c.DeleteSubaccount(t.Context(), "s"))
	for _, r := range rt.requests() {
		assert.NotContains(t, r.header, headerIdempotencyKey, r.url)
	}
}

func TestConcurrentRequestWithTheSameKeyIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, conflict := range []string{concurrentJSON, ``, `{"title":"Conflict"}`} {
			rt := play(breakWith(errReset), reply(409, conflict), reply(409, conflict), reply(201, orderJSON, headerReplay, "true"))
			var r Response
			order, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithResponse(&r))
			require.NoError(t, err)
			assert.Equal(t, "Gre28Fc35bt3", order.ID)
			assert.Equal(t, 4, r.Attempts)
			assert.True(t, r.Replayed)
			assert.Equal(t, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}, rt.pauses())
		}
	})
}

func TestConcurrentRequestThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(reply(409, concurrentJSON))
		_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
		assert.Equal(t, 4, rt.count())
		assert.ErrorIs(t, err, ErrIdempotencyConcurrent)
		assert.ErrorIs(t, err, ErrOutcomeUnknown, "the other request is still at work")
		key, ok := IdempotencyKeyFrom(err)
		assert.True(t, ok)
		assert.Equal(t, keysOf(rt)[0], key)
	})
}

func TestKeyMismatchIsNotRepeated(t *testing.T) {
	for _, body := range []string{mismatchJSON, ``} {
		rt := play(reply(422, body), reply(201, orderJSON))
		_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey("cart-17"))
		assert.Equal(t, 1, rt.count())
		assert.ErrorIs(t, err, ErrIdempotencyMismatch)
		assert.ErrorIs(t, err, ErrOutcomeUnknown, "a caller who gives up here would buy again what the key has bought")
		if body != "" { // without a body, a gateway may have answered
			assert.ErrorContains(t, err, `an earlier call with idempotency key "cart-17" was processed: call again with its input to have its answer`)
		}
		key, _ := IdempotencyKeyFrom(err)
		assert.Equal(t, "cart-17", key)
	}
}

func TestReplayHeader(t *testing.T) {
	for header, want := range map[string]bool{"true": true, "True": true, "false": false, "": false, "1": false} {
		var r Response
		_, err := newClient(t, play(reply(201, orderJSON, headerReplay, header))).PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, want, r.Replayed, "%q", header)
	}
}

// The order was placed, no answer arrived, and the program restarts with nothing
// but the key.
func TestUnknownOutcomeIsSettledByItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		books := newLedger()
		_, err := newClient(t, books.transport(errReset)).PlaceOrder(t.Context(), tenKg)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		key, ok := IdempotencyKeyFrom(fmt.Errorf("cart 17: %w", err))
		require.True(t, ok)
		assert.Contains(t, err.Error(), key)

		_, err = newClient(t, play(breakWith(errRefused)), WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(key))
		assert.ErrorIs(t, err, ErrOutcomeUnknown, "the call that was refused says nothing about the earlier one")

		var r Response
		order, err := newClient(t, books.transport(nil)).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(key), WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, "order-1", order.ID)
		assert.True(t, r.Replayed)
		assert.Equal(t, 1, books.orders())
	})
}

// A call with a key of the caller's may be meant to settle an earlier call. Only an
// answer of the API itself, after it has looked at the key, does that. Such an
// answer is known by its problem type.
func TestCallersKeyIsSettledOnlyByTheAPI(t *testing.T) {
	const page = "<html>a gateway's page</html>"
	ofAPI := func(kind string) string { return `{"type":"https://api.cnaught.com/v1/errors/` + kind + `"}` }
	ofFramework := func(kind string) string { return `{"type":"` + kind + `","errors":{"a":["b"]}}` }
	for name, tt := range map[string]struct {
		step       step
		callersKey bool // whether the outcome is unknown with a key of the caller's
		randomKey  bool // whether it is unknown without one
	}{
		"refused connection":     {breakWith(errRefused), true, false},
		"429":                    {reply(429, ``, "Retry-After", "1"), true, false},
		"503 with Retry-After":   {reply(503, ``, "Retry-After", "0"), true, true},
		"503":                    {reply(503, page), true, true},
		"500":                    {reply(500, page), true, true},
		"401 of a gateway":       {reply(401, page), true, true},
		"401 of the API":         {reply(401, `{"title":"Unauthorized"}`), true, false},
		"403":                    {reply(403, `{"status":403}`), true, false},
		"403 forbidden":          {reply(403, ofAPI("forbidden")), true, false},
		"400 of a gateway":       {reply(400, page), true, true},
		"302 of a gateway":       {reply(302, page), true, true},
		"404 of a gateway":       {reply(404, page), true, true},
		"405 of a gateway":       {reply(405, page), true, true},
		"413 of a gateway":       {reply(413, page), true, true},
		"404 about:blank":        {reply(404, ofFramework("about:blank")), true, false},
		"404 of a framework":     {reply(404, ofFramework("https://tools.ietf.org/html/rfc9110#section-15.5.5")), true, false},
		"422 about:blank":        {reply(422, ofFramework("about:blank")), true, false},
		"400 invalid parameters": {reply(400, ofAPI("invalid-parameters")), false, false},
		"400 invalid subaccount": {reply(400, ofAPI("invalid-subaccount")), false, false},
		"404 not found":          {reply(404, notFoundJSON), false, false},
		"422 mismatch":           {reply(422, mismatchJSON), true, false},
		"409 still in progress":  {reply(409, concurrentJSON), true, true},
	} {
		for key, want := range map[string]bool{"cart-17": tt.callersKey, "": tt.randomKey} {
			var opts []CallOption
			if key != "" {
				opts = append(opts, WithIdempotencyKey(key))
			}
			_, err := newClient(t, play(tt.step), WithRetryPolicy(NoRetry())).CancelOrder(t.Context(), "x", opts...)
			require.Error(t, err)
			assert.Equal(t, want, errors.Is(err, ErrOutcomeUnknown), "%s, key %q: %v", name, key, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, play()).PlaceOrder(ended, tenKg, WithIdempotencyKey("cart-17"))
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "an earlier call with the key may have acted")
}

func TestUnreadableAnswerIsSettledByItsKey(t *testing.T) {
	rt := play(reply(201, `<html>proxy</html>`, "Content-Type", "text/html"), reply(201, orderJSON, headerReplay, "true"))
	c := newClient(t, rt)
	_, err := c.PlaceOrder(t.Context(), tenKg)
	as[*DecodeError](t, err)
	key, ok := IdempotencyKeyFrom(err)
	require.True(t, ok)
	order, err := c.PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(key))
	require.NoError(t, err)
	assert.Equal(t, "Gre28Fc35bt3", order.ID)
}

func TestKeyOfTheRawParameters(t *testing.T) {
	rt := play(reply(201, orderJSON))
	c := newClient(t, rt)
	_, err := c.Raw().SubmitOrderWithResponse(t.Context(), &api.SubmitOrderParams{IdempotencyKey: Ptr("mine")}, tenKg)
	require.NoError(t, err)
	_, err = c.Raw().SubmitOrderWithResponse(WithCallOptions(t.Context(), WithIdempotencyKey("option")), &api.SubmitOrderParams{IdempotencyKey: Ptr("mine")}, tenKg)
	require.NoError(t, err)
	_, err = c.Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)
	require.NoError(t, err)
	keys := keysOf(rt)
	assert.Equal(t, []string{"mine", "option"}, keys[:2])
	assert.Len(t, keys[2], 26)
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, key := range map[string]string{
		"empty": "", "513 characters": strings.Repeat("k", 513), "513 of several bytes": strings.Repeat("é", 513),
		"leading space": " k", "trailing tab": "k\t", "line break": "a\r\nX-Evil: 1", "NUL": "a\x00b", "not ASCII": "clé", "DEL": "a\x7f",
	} {
		rt := play(reply(201, orderJSON))
		c := newClient(t, rt)
		_, err := c.PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(key))
		assert.ErrorIs(t, err, ErrInvalidRequest, name)
		_, err = c.Raw().SubmitOrderWithResponse(t.Context(), &api.SubmitOrderParams{IdempotencyKey: &key}, tenKg)
		assert.ErrorIs(t, err, ErrInvalidRequest, "%s, through Raw", name)
		assert.Zero(t, rt.count(), name)
	}
	rt := play(reply(201, orderJSON))
	_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(strings.Repeat("k", 512)))
	require.NoError(t, err)
	assert.Equal(t, 1, rt.count())
}
