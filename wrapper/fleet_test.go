package cnaught

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
	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
)

// fleetScenario is a fleet of clients and a server with an outage.
type fleetScenario struct {
	clients int
	rate    float64 // calls per second of each client

	reserve      float64       // share of the server's capacity that is to spare
	queue        time.Duration // work that it takes on before it refuses with 503
	refusalShare float64       // work of a refusal, as a share of that of an answer
	coldShare    float64       // share of its capacity when it has just come back
	warmUp       time.Duration // from there to its full capacity
	latency      time.Duration // of the network and of an answer without any queue

	before, hang, down, after time.Duration // hang is the first part of down
}

func (s fleetScenario) downAt() time.Duration  { return s.before }
func (s fleetScenario) crashAt() time.Duration { return s.before + s.hang }
func (s fleetScenario) upAt() time.Duration    { return s.before + s.down }
func (s fleetScenario) length() time.Duration  { return s.upAt() + s.after }
func (s fleetScenario) offered() float64       { return float64(s.clients) * s.rate }

// fullCapacity is what the server can answer, in requests per second.
func (s fleetScenario) fullCapacity() float64 { return s.offered() / (1 - s.reserve) }

func (s fleetScenario) phase(t time.Duration) string {
	switch {
	case t < s.downAt():
		return "up"
	case t < s.upAt():
		return "down"
	case t < s.upAt()+s.warmUp:
		return "cold"
	default:
		return "up"
	}
}

// newFleet is a fleet of busy backends, each with two calls per second, such
// as a quote and an order for a customer every second. The server runs at 80% of
// what it can do, as one with some reserve does. It fails as servers do, not
// cleanly: it hangs for two seconds, crashes with all that it holds, is away
// until 30 s have passed, and comes back cold.
func newFleet(clients int) fleetScenario {
	return fleetScenario{
		clients:      clients,
		rate:         2,
		reserve:      0.2,
		queue:        time.Second,
		refusalShare: 0.1,
		coldShare:    0.25,
		warmUp:       10 * time.Second,
		latency:      20 * time.Millisecond,
		before:       5 * time.Second,
		hang:         2 * time.Second,
		down:         30 * time.Second,
		after:        20 * time.Second,
	}
}

// fleetPolicy is a retry policy that a fleet is tried with.
type fleetPolicy struct {
	name   string
	policy RetryPolicy
	jitter func(time.Duration) time.Duration
}

const (
	fleetOurs = iota
	fleetNoJitter
	fleetNoBudget
	fleetNoRetry
)

func fleetPolicies() []fleetPolicy {
	noBudget := DefaultRetryPolicy()
	noBudget.Budget = RetryBudget{Capacity: 1e9, PerSuccess: 1}
	noJitter := func(d time.Duration) time.Duration { return d }
	return []fleetPolicy{
		fleetOurs:     {"ours", DefaultRetryPolicy(), delay.FullJitter},
		fleetNoJitter: {"no jitter", DefaultRetryPolicy(), noJitter},
		fleetNoBudget: {"no budget", noBudget, delay.FullJitter},
		fleetNoRetry:  {"no retries", NoRetry(), delay.FullJitter},
	}
}

// fleetResult is what a fleet with a policy did.
type fleetResult struct {
	policy string
	log    *fleetLog
}

var fleetClients = flag.Int("fleet.clients", defaultFleet, "number of clients in the fleet simulation")

// TestFleet shows what the retries of a whole fleet do to a server that fails
// and comes back: some load on top, and no delay of its recovery. The clients are
// real; time and server are simulated.
func TestFleet(t *testing.T) {
	s := newFleet(*fleetClients)
	results := make([]fleetResult, len(fleetPolicies()))
	t.Run("policy", func(t *testing.T) {
		for i, p := range fleetPolicies() {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				results[i] = fleetResult{p.name, s.simulate(t, p)}
			})
		}
	})
	for _, r := range results {
		if r.log == nil {
			t.Skip("the figures compare all policies, and not all were run")
		}
	}
	t.Logf("%d clients, %v calls/s each; the server can answer %.0f requests/s and is down for %v\n%s\n%s",
		s.clients, s.rate, s.fullCapacity(), s.down, fleetTimeline(s, results), fleetSummary(s, results))

	ours, none := results[fleetOurs].log, results[fleetNoRetry].log
	assert.LessOrEqual(t, ours.amplification(s.downAt(), s.upAt()), 1.2, "amplification in the outage")
	assert.LessOrEqual(t, ours.recovery(s), 2*none.recovery(s), "time to recover")
	assert.Less(t, ours.recovery(s), s.after, "it must recover before the end")
	// The figures mean something only if the scenario can tell policies apart.
	noJitter, noBudget := results[fleetNoJitter].log, results[fleetNoBudget].log
	assert.InDelta(t, 1, none.amplification(s.downAt(), s.upAt()), 0.01)
	assert.Greater(t, noBudget.amplification(s.downAt(), s.upAt()), 3.0)
	assert.Greater(t, noJitter.peak(s.downAt(), s.upAt()), 1.2*ours.peak(s.downAt(), s.upAt()))
}

// TestFleetLoads shows how the amplification depends on the load of a client.
// A client enters an outage with a full budget, which weighs the more the less
// it calls; what it costs the server is bounded all the same.
func TestFleetLoads(t *testing.T) {
	ours := fleetPolicies()[fleetOurs]
	capacity := ours.policy.Budget.Capacity
	t.Log(fleetTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "calls/s of a client\tretries in the outage, per client\tamplification\t")
		for _, rate := range []float64{0.01, 0.1, 0.2, 0.5, 1, 2, 5} {
			s := newFleet(int(40 / rate)) // as many calls in each row
			s.rate, s.after = rate, 0
			log := s.simulate(t, ours)
			outage := log.sum(s.downAt(), s.upAt())
			retries := float64(outage.requests-outage.calls) / float64(s.clients)
			fmt.Fprintf(w, "%v\t%.1f\t%.3f\t\n", rate, retries, log.amplification(s.downAt(), s.upAt()))
			assert.LessOrEqual(t, retries, capacity, "at %v calls/s", rate)
			if rate < 0.1 {
				continue // too few calls to use the budget up
			}
			assert.Greater(t, retries, capacity/2, "at %v calls/s the budget hardly counts", rate)
		}
	}))
}

// simulate runs a fleet with the policy. Every client calls at random times,
// whatever became of its earlier calls, as the customers of a shop do.
func (s fleetScenario) simulate(t *testing.T, p fleetPolicy) *fleetLog {
	log := newFleetLog(s.length())
	synctest.Test(t, func(t *testing.T) {
		server := &fleetServer{fleetScenario: s, began: time.Now(), log: log}
		workers := fleetWorkers{work: make(chan func())}
		var clients sync.WaitGroup
		for i := range s.clients {
			c, err := New("key", WithHTTPClient(&http.Client{Transport: server}), WithRetryPolicy(p.policy))
			require.NoError(t, err)
			c.jitter = p.jitter
			random := rand.New(rand.NewPCG(1, uint64(i)))
			clients.Go(func() { server.drive(t.Context(), c, random, &workers) })
		}
		for at := time.Duration(0); at < s.length(); at += fleetTick {
			time.Sleep(fleetTick - time.Nanosecond) // to the last moment of the tick
			log.count(at, func(c *fleetCount) { c.backlog = server.backlog() })
			time.Sleep(time.Nanosecond)
		}
		clients.Wait()
		workers.wait()
	})
	return log
}

// drive is one client's customers.
func (s *fleetServer) drive(ctx context.Context, c *Client, random *rand.Rand, workers *fleetWorkers) {
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

// fleetWorkers runs functions at once, each in a goroutine that is used again:
// a new one would have to grow its stack with every call.
type fleetWorkers struct {
	work chan func()
	wg   sync.WaitGroup
}

func (w *fleetWorkers) run(f func()) {
	select {
	case w.work <- f: // to a worker that is idle
	default:
		w.wg.Go(func() {
			f()
			for f := range w.work {
				f()
			}
		})
	}
}

func (w *fleetWorkers) wait() {
	close(w.work)
	w.wg.Wait()
}
