package sandbox

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	titleChanged    = "Previous request submitted with same idempotency key had different payload"
	titleConcurrent = "Request with same idempotency key is in progress"
)

func TestReplayReturnsTheFirstAnswer(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	const body = `{"amount_kg":10,"metadata":"a & b <c>"}`
	first := post(t, s, "/orders", body, "Idempotency-Key", "k")
	require.Equal(t, 201, first.status)
	assert.Empty(t, first.header.Get("X-Idempotent-Replay"))
	require.NoError(t, s.FulfillOrder(first.id(t)))

	for name, payload := range map[string]string{
		"the same bytes":    body,
		"different spacing": "{ \"metadata\":\"a & b <c>\",\n \"amount_kg\":10 }",
		"different escapes": `{"amount_kg":10,"metadata":"a \u0026 b <c>"}`,
	} {
		again := post(t, s, "/orders", payload, "Idempotency-Key", "k")
		assert.Equal(t, "true", again.header.Get("X-Idempotent-Replay"), name)
		assert.Equal(t, 201, again.status, name)
		assert.Equal(t, "application/json", again.header.Get("Content-Type"), name)
		assert.Equal(t, string(first.body), string(again.body), "%s: the replay must be the first answer, although the order is fulfilled now", name)
	}
	assert.Equal(t, 1, s.OrderCount())
}

func TestChangedPayload(t *testing.T) {
	s := Run(t)
	sub := newSubaccount(t, s, `{"name":"a"}`)
	place(t, s, `{"amount_kg":10,"metadata":"a"}`, "Idempotency-Key", "k")
	for _, body := range []string{`{"amount_kg":10,"metadata":"b"}`, `{"amount_kg":10}`, `{"amount_kg":-1}`, `{`} {
		post(t, s, "/orders", body, "Idempotency-Key", "k").assertProblem(t, 422, "idempotency-changed-payload", titleChanged)
	}
	post(t, s, "/orders", `{"amount_kg":10,"metadata":"a"}`, "Idempotency-Key", "k", "X-Subaccount-Id", sub).
		assertProblem(t, 422, "idempotency-changed-payload", titleChanged)
}

func TestTheScopeOfAKeyIsThePath(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	a := place(t, s, `{"amount_kg":10}`, "Idempotency-Key", "k")
	b := place(t, s, `{"amount_kg":10}`, "Idempotency-Key", "K")
	assert.NotEqual(t, a, b)
	for _, path := range []string{"/orders/" + a + "/cancel", "/orders/" + b + "/cancel"} {
		first := post(t, s, path, "", "Idempotency-Key", "k")
		again := post(t, s, path, "", "Idempotency-Key", "k")
		assert.Equal(t, 200, first.status)
		assert.Empty(t, first.header.Get("X-Idempotent-Replay"))
		assert.Equal(t, 200, again.status, "a second cancel without the key would be 403")
		assert.Equal(t, "true", again.header.Get("X-Idempotent-Replay"))
	}
	for _, path := range []string{"/subaccounts", "/orders/ride"} {
		body := `{"name":"x","distance_km":5}`
		first := post(t, s, path, body, "Idempotency-Key", "k")
		again := post(t, s, path, body, "Idempotency-Key", "k")
		assert.Equal(t, 201, first.status)
		assert.Equal(t, first.body, again.body, path)
	}
	assert.Len(t, s.Subaccounts(), 1)
	assert.Equal(t, 3, s.OrderCount())
}

func TestOperationsWithoutIdempotencyIgnoreTheKey(t *testing.T) {
	s := Run(t)
	a := post(t, s, "/checkout/sessions", sessionBody, "Idempotency-Key", "k")
	b := post(t, s, "/checkout/sessions", sessionBody, "Idempotency-Key", "k")
	assert.NotEqual(t, a.id(t), b.id(t))
}

func TestInvalidKeys(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	post(t, s, "/orders", `{"amount_kg":1}`, "Idempotency-Key", strings.Repeat("k", 513)).
		assertProblem(t, 400, "idempotency-key-too-long", "Idempotency key is too long")
	post(t, s, "/orders", `{"amount_kg":1}`, "Idempotency-Key", "").assertRefused(t, "Idempotency-Key")
	assert.Zero(t, s.OrderCount())
	place(t, s, `{"amount_kg":1}`, "Idempotency-Key", strings.Repeat("k", 512))
}

func TestErrorsAreNotStored(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	post(t, s, "/orders", `{"amount_kg":-1}`, "Idempotency-Key", "k").assertRefused(t, "amount_kg")
	r := post(t, s, "/orders", `{"amount_kg":1}`, "Idempotency-Key", "k")
	assert.Equal(t, 201, r.status, "a corrected body with the same key must be accepted")
	assert.Empty(t, r.header.Get("X-Idempotent-Replay"))
}

func TestKeyLifetime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	options := []Option{WithStateFile(path), WithEmptyBooks(), WithClock(longAgo), WithKeyLifetime(24 * time.Hour)}
	s, err := Open(options...)
	require.NoError(t, err)
	first := place(t, s, oneKg, "Idempotency-Key", "k")
	s.Advance(24*time.Hour - time.Microsecond)
	assert.Equal(t, first, place(t, s, oneKg, "Idempotency-Key", "k"), "the key must be remembered until the end of its lifetime")
	require.NoError(t, s.Close())

	s, err = Open(options...)
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, first, place(t, s, oneKg, "Idempotency-Key", "k"), "a restart must not extend the lifetime")
	s.Advance(time.Microsecond)
	second := place(t, s, `{"amount_kg":2}`, "Idempotency-Key", "k")
	assert.NotEqual(t, first, second, "a forgotten key must be usable with another payload")
	s.Advance(23 * time.Hour)
	assert.Equal(t, second, place(t, s, `{"amount_kg":2}`, "Idempotency-Key", "k"), "the second use of the key must have its own lifetime")
	assert.Equal(t, 2, s.OrderCount())

	forgetful := Run(t, WithEmptyBooks(), WithKeyLifetime(0))
	place(t, forgetful, oneKg, "Idempotency-Key", "k")
	place(t, forgetful, oneKg, "Idempotency-Key", "k")
	assert.Equal(t, 2, forgetful.OrderCount())
}

func TestConcurrentRequestsWithOneKey(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	slow := s.Inject(Fault{Operation: "SubmitOrder", Delay: 20 * time.Second, Count: 2})
	done := make(chan reply)
	go func() {
		r, _ := try(s, "POST", "/orders", `{"amount_kg":1}`, "Idempotency-Key", "k") // Close ends this request.
		done <- r
	}()
	require.Eventually(t, func() bool { return slow.Fired() == 1 && inFlight(s) == 1 }, 5*time.Second, time.Millisecond)
	post(t, s, "/orders", `{"amount_kg":1}`, "Idempotency-Key", "k").
		assertProblem(t, 409, "idempotency-concurrent-requests", titleConcurrent)
	place(t, s, `{"amount_kg":1}`, "Idempotency-Key", "other")
	require.NoError(t, s.Close())
	<-done
	assert.Equal(t, 1, s.OrderCount(), "the delayed request must not act when the sandbox is closed")
	assert.Zero(t, inFlight(s))
}

func inFlight(s *Server) int {
	s.reservations.mu.Lock()
	defer s.reservations.mu.Unlock()
	return len(s.reservations.inFlight)
}

func TestManyRequestsWithOneKeyPlaceOneOrder(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]int{}
	for range 64 {
		wg.Go(func() {
			for {
				r, err := try(s, "POST", "/orders", `{"amount_kg":1}`, "Idempotency-Key", "k")
				if err == nil && r.status == 409 {
					continue
				}
				if !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				ids[r.id(t)]++
				mu.Unlock()
				return
			}
		})
	}
	wg.Wait()
	assert.Len(t, ids, 1)
	assert.Equal(t, 1, s.OrderCount())
}

func TestPayloadDigestCoversTheWholeBody(t *testing.T) {
	assert.NotEqual(t, payloadDigest(nil, []byte(`{"a":1}`)), payloadDigest(nil, []byte(`{"a":1}{"b":2}`)))
}

func FuzzPayloadDigest(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[true,null]}`))
	f.Add([]byte(`{"a":1}{`))
	f.Fuzz(func(t *testing.T, body []byte) {
		spaced := append(append([]byte(" "), body...), '\n')
		if same := payloadDigest(nil, body) == payloadDigest(nil, spaced); !same {
			assert.Equal(t, string(body), string(canonical(body)), "the digest must not depend on the spacing of JSON")
		}
	})
}
