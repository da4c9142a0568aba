package ledgertest

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

var histories = flag.Int("histories", 50, "random histories of TestRandomHistoriesKeepThePromise")

// history is the life of one purchase. Time passes in it by making the purchase's line
// and the API's books older.
type history struct {
	*world
	ref     string
	rand    *rand.Rand
	steps   []string
	ledgers []*ledger.Ledger

	serving sync.Mutex    // the API holds it while it serves, for the fields below
	held    []heldRequest // requests that are on their way
	outcome string        // what becomes of the next request
}

type heldRequest struct {
	body, key string
	age       time.Duration
}

// For the promise, keys must be remembered for ListLag + LookTimeout + CallTimeout +
// MaxDelay + TrustKey. Looks take no time here.
const (
	historyLag      = 90 * time.Second
	historyDelay    = 5 * time.Minute
	historyTrust    = 2 * time.Minute
	historyLifetime = historyLag + 30*time.Second + historyDelay + historyTrust
)

// TestRandomHistoriesKeepThePromise runs histories in which requests get lost, arrive
// late, are refused or answered by gateways, keys are forgotten, the list lags and
// leases are taken away. After each history it checks that there is at most one order
// and that the purchase's line agrees with the API.
func TestRandomHistoriesKeepThePromise(t *testing.T) {
	w := newWorld(t, ledger.Options{ListLag: historyLag, MaxDelay: historyDelay})
	trusting := w.newLedger(ledger.Options{ListLag: historyLag, MaxDelay: historyDelay, TrustKey: historyTrust})
	w.api.configure(func(f *fakeAPI) { f.lag = historyLag })
	states := map[ledger.State]int{}
	for seed := range *histories {
		h := &history{world: w, ref: fmt.Sprintf("history-%d", seed), rand: rand.New(rand.NewPCG(uint64(seed), 1)),
			ledgers: []*ledger.Ledger{w.Ledger, trusting}}
		w.api.configure(func(f *fakeAPI) { f.before = onPost(h.meet) })
		h.live()
		states[w.get(h.ref).State]++
		h.check()
		w.api.configure(func(f *fakeAPI) { f.orders, f.keys, f.requests = nil, make(map[string]*fakeOrder), nil })
	}
	t.Logf("%d histories: %v", *histories, states)
}

func (h *history) live() {
	h.record(h.ref)
	for range 30 {
		switch h.rand.IntN(6) {
		case 0, 1, 2:
			h.next([]string{"acts", "acts", "lost before", "lost after", "late", "late", "no", "no", "mismatch", "500", "401"}[h.rand.IntN(11)])
			h.settleAny()
		case 3:
			h.pass(time.Duration(h.rand.Int64N(int64(10 * time.Minute))))
		case 4:
			h.pass(time.Duration(h.rand.Int64N(int64(20 * time.Second))))
		case 5:
			h.serving.Lock()
			if len(h.held) > 0 {
				h.arrive()
			}
			h.serving.Unlock()
		}
	}
	// In the end, everything that is on its way arrives and the API works.
	for range 8 {
		h.pass(10 * time.Minute)
		h.next("acts")
		h.settleAny()
	}
}

func (h *history) say(format string, args ...any) {
	h.steps = append(h.steps, fmt.Sprintf(format, args...))
}

// next decides what becomes of the next request.
func (h *history) next(outcome string) {
	h.serving.Lock()
	defer h.serving.Unlock()
	h.outcome = outcome
}

func (h *history) settleAny() {
	i := h.rand.IntN(len(h.ledgers))
	p, err := h.ledgers[i].Settle(h.ctx, h.ref)
	h.serving.Lock()
	defer h.serving.Unlock()
	if err != nil {
		h.say("ledger %d, %s: %v", i, h.outcome, err)
		return
	}
	h.say("ledger %d, %s: %s %s", i, h.outcome, p.State, p.Err)
	if h.rand.IntN(3) == 0 && p.State == ledger.Pending { // the promise does not depend on how long Settle waits
		h.set(h.ref, "leased_ms = 0, lease = NULL")
	}
}

// meet answers a request, or loses it, as next has decided.
func (h *history) meet(w http.ResponseWriter, r *http.Request) bool {
	h.serving.Lock()
	defer h.serving.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reset(w, r)
	}
	log := h.api.log()
	sent := log[len(log)-1]
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch h.outcome {
	case "lost before":
		return reset(w, r)
	case "lost after":
		h.deliver(heldRequest{body: sent.body, key: sent.key})
		return reset(w, r)
	case "late":
		h.held = append(h.held, heldRequest{body: sent.body, key: sent.key})
		return reset(w, r)
	case "no":
		return says(400, "invalid-parameters")(w, r)
	case "mismatch":
		return says(422, "idempotency-changed-payload")(w, r)
	case "500":
		return page(500, "oops")(w, r)
	case "401":
		return says(401, "unauthorized")(w, r)
	}
	return false
}

func (h *history) deliver(r heldRequest) {
	req := httptest.NewRequest(http.MethodPost, "/v1/orders", strings.NewReader(r.body))
	req.Header.Set("Idempotency-Key", r.key)
	h.api.place(httptest.NewRecorder(), req)
}

// arrive delivers the request that has been late for the longest time.
func (h *history) arrive() {
	h.say("a request arrives after %v", h.held[0].age)
	h.deliver(h.held[0])
	h.held = h.held[1:]
}

// pass lets time pass. Late requests arrive before MaxDelay is over, and keys are
// forgotten at the end of their lifetime.
func (h *history) pass(d time.Duration) {
	h.serving.Lock()
	defer h.serving.Unlock()
	h.say("%v later", d.Round(time.Second))
	for d > 0 {
		step := min(d, 30*time.Second)
		d -= step
		for i := 0; i < len(h.held); i++ {
			h.held[i].age += step
		}
		h.age(h.ref, step)
		h.api.configure(func(f *fakeAPI) {
			for _, o := range f.orders {
				o.placed = o.placed.Add(-step)
			}
			for key, o := range f.keys {
				if time.Since(o.placed) >= historyLifetime {
					delete(f.keys, key)
				}
			}
		})
		for len(h.held) > 0 && h.held[0].age+30*time.Second > historyDelay {
			h.arrive()
		}
	}
}

func (h *history) check() {
	var orders []string
	for _, o := range h.api.books() {
		if strings.HasPrefix(*o.Metadata, h.mark(h.ref)) {
			orders = append(orders, o.ID)
		}
	}
	p := h.get(h.ref)
	ok := len(orders) <= 1
	switch p.State {
	case ledger.Bought:
		ok = ok && len(orders) == 1 && p.OrderID == orders[0]
	case ledger.Refused:
		ok = ok && len(orders) == 0
	case ledger.Pending:
		ok = false
	}
	require.True(h.t, ok, "%s is %s as %q, and the API has %v:\n%s", h.ref, p.State, p.OrderID, orders, strings.Join(h.steps, "\n"))
}
