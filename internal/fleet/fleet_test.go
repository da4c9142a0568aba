package fleet

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// result is what a fleet did with a policy.
type result struct {
	policy string
	log    *eventLog
}

var clientsFlag = flag.Int("fleet.clients", defaultClients, "number of clients in the fleet simulation")

// TestFleet shows that the retries of a whole fleet add little load to a server
// that fails, and do not delay its recovery.
func TestFleet(t *testing.T) {
	s := newFleet(*clientsFlag)
	results := make([]result, len(policies()))
	t.Run("policy", func(t *testing.T) {
		for i, p := range policies() {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				results[i] = result{p.name, s.simulate(t, p)}
			})
		}
	})
	for _, r := range results {
		if r.log == nil {
			t.Skip("the figures compare all policies, and not all were run")
		}
	}
	t.Logf("%d clients, %v calls/s each; the server can answer %.0f requests/s and is down for %v\n%s\n%s",
		s.clients, s.rate, s.fullCapacity(), s.down, timeline(s, results), summary(s, results))

	ours, none := results[ours].log, results[noRetry].log
	assert.LessOrEqual(t, ours.amplification(s.downAt(), s.upAt()), 1.2, "amplification in the outage")
	assert.LessOrEqual(t, ours.recovery(s), 2*none.recovery(s), "time to recover")
	assert.Less(t, ours.recovery(s), s.after, "the server recovers before the end")
	// The figures mean something only if they differ between policies.
	noJitter, noBudget := results[noJitter].log, results[noBudget].log
	assert.InDelta(t, 1, none.amplification(s.downAt(), s.upAt()), 0.01)
	assert.Greater(t, noBudget.amplification(s.downAt(), s.upAt()), 3.0)
	assert.Greater(t, noJitter.peak(s.downAt(), s.upAt()), 1.2*ours.peak(s.downAt(), s.upAt()))
}

// TestFleetLoads shows how the amplification depends on the load of a client. A
// client enters an outage with a full budget, which matters more the fewer calls
// it makes. Its retries are bounded by the budget at any load.
func TestFleetLoads(t *testing.T) {
	ours, capacity := policies()[ours], cnaught.DefaultRetryPolicy().Budget.Capacity
	t.Log(table(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "calls/s of a client\tretries in the outage, per client\tamplification\t")
		for _, rate := range []float64{0.01, 0.1, 0.2, 0.5, 1, 2, 5} {
			s := newFleet(int(40 / rate)) // the same number of calls in each row
			s.rate, s.after = rate, 0
			log := s.simulate(t, ours)
			outage := log.sum(s.downAt(), s.upAt())
			retries := float64(outage.requests-outage.calls) / float64(s.clients)
			fmt.Fprintf(w, "%v\t%.1f\t%.3f\t\n", rate, retries, log.amplification(s.downAt(), s.upAt()))
			assert.LessOrEqual(t, retries, capacity, "at %v calls/s", rate)
			if rate < 0.1 {
				continue // too few calls to use the budget up
			}
			assert.Greater(t, retries, capacity/2, "at %v calls/s the budget is hardly used", rate)
		}
	}))
}

// simulate runs a fleet with the policy. Every client calls at random times,
// whether or not its earlier calls have ended, as the customers of a shop do.
func (s scenario) simulate(t *testing.T, p policy) *eventLog {
	log := newEventLog(s.length())
	synctest.Test(t, func(t *testing.T) {
		server := &server{scenario: s, began: time.Now(), log: log}
		workers := workers{work: make(chan func())}
		var clients sync.WaitGroup
		for i := range s.clients {
			c, err := cnaught.New("key", append([]cnaught.Option{cnaught.WithHTTPClient(&http.Client{Transport: server})}, p.options...)...)
			require.NoError(t, err)
			random := rand.New(rand.NewPCG(1, uint64(i)))
			clients.Go(func() { server.drive(t.Context(), c, random, &workers) })
		}
		for at := time.Duration(0); at < s.length(); at += tick {
			time.Sleep(tick - time.Nanosecond) // until the last moment of the tick
			log.count(at, func(c *tally) { c.backlog = server.backlog() })
			time.Sleep(time.Nanosecond)
		}
		clients.Wait()
		workers.wait()
	})
	return log
}

// drive makes the calls of one client until the simulation ends.
func (s *server) drive(ctx context.Context, c *cnaught.Client, random *rand.Rand, workers *workers) {
	for {
		time.Sleep(time.Duration(random.ExpFloat64() / s.rate * float64(time.Second)))
		begun := time.Since(s.began)
		if begun >= s.length() {
			return
		}
		workers.run(func() {
			_, err := c.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10})
			s.log.called(begun, err)
		})
	}
}

// workers runs functions concurrently, in goroutines that it reuses: a new
// goroutine would have to grow its stack for every call.
type workers struct {
	work chan func()
	wg   sync.WaitGroup
}

func (w *workers) run(f func()) {
	select {
	case w.work <- f: // an idle worker takes it
	default:
		w.wg.Go(func() {
			f()
			for f := range w.work {
				f()
			}
		})
	}
}

func (w *workers) wait() {
	close(w.work)
	w.wg.Wait()
}
