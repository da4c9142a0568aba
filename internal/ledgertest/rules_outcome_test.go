package ledgertest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// Only a problem document of the API is a refusal (rule 8).
func TestOnlyTheAPIRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		state  ledger.State
	}{
		"invalid-parameters": {says(400, "invalid-parameters"), ledger.Refused},
		"invalid-subaccount": {says(400, "invalid-subaccount"), ledger.Refused},
		"key too long":       {says(400, "idempotency-key-too-long"), ledger.Refused},
		"forbidden":          {says(403, "forbidden"), ledger.Refused},
		"a filter's page":    {page(403, "forbidden"), ledger.Pending},
		"a gateway's 400":    {page(400, "bad request"), ledger.Pending},
		"a problem without a type": {func(w http.ResponseWriter, _ *http.Request) bool {
			answer(w, 403, map[string]any{"title": "Forbidden"})
			return true
		}, ledger.Pending},
		"404":                        {says(404, "not-found"), ledger.Pending},
		"409":                        {says(409, "idempotency-concurrent-requests"), ledger.Pending},
		"429":                        {says(429, "rate-limited"), ledger.Pending},
		"500":                        {says(500, "server-error"), ledger.Pending},
		"503":                        {page(503, "unavailable"), ledger.Pending},
		"an answer that is no order": {page(201, "thanks"), ledger.Pending},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.api.configure(func(f *fakeAPI) { f.before = onPost(test.answer) })
			p := w.buy("r")
			assert.Equal(t, test.state, p.State)
			assert.NotEmpty(t, p.Err)
			assert.NotContains(t, p.Err, "call again", "a person who calls again would not look first")
			assert.Equal(t, test.state == ledger.Refused, p.Due.IsZero())
			if test.state == ledger.Pending {
				assert.Empty(t, w.changes())
				assert.Equal(t, 1, p.Tries)
			}
		})
	}
}

// A refusal does not count after an attempt that may have acted (rule 8).
func TestRefusalAfterAnUnknownOutcomeDoesNotCount(t *testing.T) {
	policy := cnaught.DefaultRetryPolicy()
	policy.BaseDelay = time.Millisecond
	w := newWorld(t, quick(), cnaught.WithRetryPolicy(policy))
	w.api.configure(func(f *fakeAPI) {
		n := 0
		f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
			if n++; n == 1 {
				return reset(rw, r)
			}
			return says(400, "invalid-parameters")(rw, r)
		})
	})
	assert.Equal(t, ledger.Pending, w.buy("r").State)
}

// Input that the client refuses to send is refused, too (rule 8).
func TestRefusalByTheClientCounts(t *testing.T) {
	w := newWorld(t, quick())
	w.record("r")
	w.set("r", "subaccount = 'not\nsendable'")
	_, err := w.Settle(w.ctx, "r")
	require.NoError(t, err)
	assert.Zero(t, w.api.posts())
	assert.NotEqual(t, ledger.Bought, w.get("r").State)

	w.record("k")
	w.set("k", "key = ''")
	p := w.settle("k")
	assert.Equal(t, ledger.Refused, p.State)
	assert.Contains(t, p.Err, "Idempotency-Key")
	assert.Zero(t, w.api.posts())
}

// A refusal counts only if a look finds nothing (rule 9).
func TestListOverrulesARefusal(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
			w.api.addOrder(w.mark("r"), 10, time.Now())
			return says(400, "invalid-parameters")(rw, r)
		})
	})
	assert.Equal(t, ledger.Bought, w.buy("r").State)
	assert.Equal(t, 1, w.api.looks())
}

// A refusal does not count while an earlier request may still act (rule 9).
func TestRefusalWaitsForEarlierRequests(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	w.api.configure(func(f *fakeAPI) { f.before = onPost(says(400, "invalid-parameters")) })
	w.rest("r")
	p := w.settle("r")
	require.Equal(t, ledger.Pending, p.State)
	assert.GreaterOrEqual(t, w.number("r", "due_ms")-w.number("r", "sent_ms"), quiet.Milliseconds())
	posts := w.api.posts()
	assert.Equal(t, ledger.Pending, w.settle("r").State)
	assert.Equal(t, posts, w.api.posts(), "Settle waits as well, because every call would put the end off")
	w.age("r", quiet)
	assert.Equal(t, ledger.Refused, w.settle("r").State)
	require.Len(t, w.changes(), 1)
	assert.Equal(t, ledger.Refused, w.changes()[0].State)
}

// A request that was on its way when the API refused another one arrives later, and is
// found (rule 9).
func TestLateRequestIsFoundAfterARefusal(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	w.api.configure(func(f *fakeAPI) { f.before = onPost(says(400, "invalid-parameters")) })
	w.rest("r")
	require.Equal(t, ledger.Pending, w.settle("r").State)
	w.api.addOrder(w.mark("r"), 10, time.Now())
	w.age("r", quiet)
	assert.Equal(t, ledger.Bought, w.settle("r").State)
}

// After a mismatch, the key was used with another request (rule 10).
func TestMismatchIsLookedUpAndThenStuck(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
			w.api.addOrder(w.mark("found"), 10, time.Now())
			return says(422, "idempotency-changed-payload")(rw, r)
		})
	})
	assert.Equal(t, ledger.Bought, w.buy("found").State)

	w.api.configure(func(f *fakeAPI) { f.before = onPost(says(422, "idempotency-changed-payload")) })
	require.Equal(t, ledger.Pending, w.buy("lost").State)
	w.age("lost", quiet)
	p := w.settle("lost")
	assert.Equal(t, ledger.Stuck, p.State)
	assert.Contains(t, p.Err, "422")
}

// An API key that is refused and a host that can't be reached pause Run, and do not
// count as tries (rule 11).
func TestRunPausesAsAWhole(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w *world){
		"401": func(w *world) {
			w.api.configure(func(f *fakeAPI) { f.before = says(401, "unauthorized") })
		},
		"no connection": func(w *world) { w.api.Config.Handler = nil; w.api.Listener.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			for _, ref := range []string{"a", "b", "c", "d", "e", "f"} {
				w.record(ref)
			}
			fail(w)
			stop := w.run()
			for i := range 18 { // customers keep coming
				time.Sleep(100 * time.Millisecond)
				w.record(fmt.Sprintf("later %d", i))
			}
			stop()
			if name == "401" {
				// There is at most one request for each of the first lines, and another after 1 s.
				assert.LessOrEqual(t, len(w.api.log()), 8)
				assert.GreaterOrEqual(t, len(w.api.log()), 2)
			}
			for _, ref := range []string{"a", "b", "c", "d", "e", "f"} {
				assert.Equal(t, ledger.Pending, w.get(ref).State)
				assert.Zero(t, w.get(ref).Tries)
			}
			assert.Contains(t, w.logged.String(), "Run pauses")
		})
	}
}

// A gateway's page with 401 says nothing about the API key, nor that the request had
// no effect. It concerns one purchase and counts as a try.
func TestUnauthorizedPageOfAGatewayCountsAsATry(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) { f.before = onPost(page(401, "Sign in")) })
	p := w.buy("a")
	assert.Equal(t, ledger.Pending, p.State)
	assert.Equal(t, 1, p.Tries)
}

// A purchase that can't be settled is given up after one more look, and keeps its key
// (rule 12).
func TestPurchaseIsGivenUpAfterOneMoreLook(t *testing.T) {
	t.Parallel()
	for name, wear := range map[string]func(w *world, ref string){
		"72 hours":             func(w *world, ref string) { w.age(ref, 72*time.Hour) },
		"50 answered failures": func(w *world, ref string) { w.set(ref, "tries = 50") },
	} {
		t.Run(name, func(t *testing.T) {
			o := quick()
			o.TrustKey = time.Hour * 1000 // even a trusted key does not spare the look
			w := newWorld(t, o)
			w.lose("not bought", false)
			w.lose("bought", true)
			key := w.column("not bought", "key").String
			wear(w, "not bought")
			wear(w, "bought")
			w.rest("not bought")
			w.rest("bought")
			posts := w.api.posts()
			p := w.settle("not bought")
			assert.Equal(t, ledger.Stuck, p.State)
			assert.Contains(t, p.Err, "gave up after")
			assert.Equal(t, key, p.Key)
			assert.Equal(t, ledger.Bought, w.settle("bought").State)
			assert.Equal(t, posts, w.api.posts())
		})
	}
}

func TestPurchaseIsNotGivenUpEarly(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	w.age("r", 71*time.Hour)
	w.set("r", "tries = 49, leased_ms = 0")
	assert.Equal(t, ledger.Bought, w.settle("r").State)
}

// Every purchase ends, even if the last look never works (rule 12).
func TestPurchaseIsStuckIfNoLookWorks(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", true)
	w.api.configure(func(f *fakeAPI) { f.before = onList(says(500, "server-error")) })
	w.age("r", 100*time.Hour)
	w.rest("r")
	require.Equal(t, ledger.Pending, w.settle("r").State)
	w.age("r", 44*time.Hour)
	w.rest("r")
	assert.Equal(t, ledger.Stuck, w.settle("r").State)
	assert.Equal(t, 1, w.api.posts())
}
