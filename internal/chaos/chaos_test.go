package chaos

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

var (
	ordersFlag = flag.Int("chaos.orders", 600, "number of orders; a fifth as many subaccounts and checkout sessions")
	seedFlag   = flag.Uint64("chaos.seed", 0, "seed of the faults; 0 for a random one")
)

func seed(t *testing.T) uint64 {
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d; the same faults again: -chaos.seed=%[1]d", s)
	return s
}

// roomy returns the default policy with a budget that denies no retry.
func roomy() cnaught.RetryPolicy {
	p := cnaught.DefaultRetryPolicy()
	p.Budget.Capacity = 1e9
	return p
}

// runLoad runs the load with a sandbox of its own, and checks that client, proxy and
// sandbox leave no goroutine behind.
func runLoad(t *testing.T, load Load) (result *Result) {
	t.Helper()
	before := runtime.NumGoroutine()
	done := t.Run(load.Name, func(t *testing.T) {
		var err error
		server := sandbox.Run(t, sandbox.WithEmptyBooks(), sandbox.WithRequestLog(0))
		result, err = Run(t.Context(), load, server)
		require.NoError(t, err)
	})
	require.True(t, done)
	assertNoMoreGoroutines(t, before)
	return result
}

func assertNoMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestChaos tests the promise itself. Half of the orders are placed with the default
// policy, whose budget denies most retries when every third exchange fails, and half
// with a budget for all retries.
func TestChaos(t *testing.T) {
	s := seed(t)
	loads := []Load{
		{Name: "orders, default policy", Action: Orders(), Calls: *ordersFlag / 2, Seed: s, Policy: cnaught.DefaultRetryPolicy()},
		{Name: "orders, large budget", Action: Orders(), Calls: *ordersFlag - *ordersFlag/2, Seed: s + 1, Policy: roomy()},
		{Name: "subaccounts", Action: Subaccounts(), Calls: *ordersFlag / 5, Seed: s + 2, Policy: roomy()},
		{Name: "checkout sessions", Action: CheckoutSessions(), Calls: *ordersFlag / 5, Seed: s + 3, Policy: roomy()},
	}
	var results []*Result
	for _, load := range loads {
		results = append(results, runLoad(t, load))
	}
	t.Logf("%d callers at a time\n%s", callers, Report(results...))
	var exchanges, faults, settled int
	for _, r := range results {
		exchanges += r.Tally.Exchanges()
		faults += r.Tally.Exchanges() - r.Tally.Count(None)
		settled += int(r.Settled.Load())
	}
	assert.GreaterOrEqual(t, faults, exchanges*3/10, "exchanges with a fault, of %d", exchanges)
	assert.Positive(t, settled, "settled later by key")
	for _, r := range results {
		if len(r.All()) > 0 {
			t.Logf("%s\n%s", r.Name, r.Explain())
		}
		assert.Empty(t, r.Twice, "%s: made twice", r.Name)
		assert.Empty(t, r.Unknown, "%s: unknown to the caller", r.Name)
		assert.Empty(t, r.Missing, "%s: success without a record", r.Name)

		ended := r.Successes.Load() + r.Failures.Load() + r.Uncertain.Load()
		assert.EqualValues(t, r.Calls, ended, "%s: calls that came to an end", r.Name)
		if r.Action.Keyed {
			assert.EqualValues(t, r.Successes.Load(), r.Records, "%s: records", r.Name)
			assert.Zero(t, r.Uncertain.Load(), "%s: every outcome can be settled", r.Name)
			assert.Zero(t, r.Misleading.Load(), "%s: failed tries to settle that claimed to know that nothing had happened", r.Name)
		}
	}
}
