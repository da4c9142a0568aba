package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

const (
	// callers is the number of goroutines that call.
	callers = 64
	// attemptTimeout is much longer than an answer over loopback takes, and short
	// enough for thousands of attempts to run into it.
	attemptTimeout = 400 * time.Millisecond
	// slowness is long enough for the client to ask again before the server answers.
	slowness = 600 * time.Millisecond
)

// Load is a number of calls by callers with one retry policy.
type Load struct {
	Name   string
	Action Action
	Calls  int
	Seed   uint64
	Policy cnaught.RetryPolicy
	// Break, if set, makes the client a bad one by way of its transport.
	Break func(http.RoundTripper) http.RoundTripper
	// Careless callers take an unknown outcome for a failure.
	Careless bool
}

// Result has the figures and the findings of a load.
type Result struct {
	Load
	Findings
	Tally   *Tally
	Took    time.Duration
	Records int // in the books

	history *history
	books   map[string][]string

	Retries    atomic.Int64 // requests beyond the first of each call of a method
	Successes  atomic.Int64 // calls that were told of a record at last
	Failures   atomic.Int64 // calls that were told that nothing happened, and gave up
	Uncertain  atomic.Int64 // calls whose outcome can't be known
	Again      atomic.Int64 // calls made anew, with a new key, after being told that nothing happened
	Cancelled  atomic.Int64 // cancelled midway by a caller who goes on
	Died       atomic.Int64 // callers who died midway
	Settled    atomic.Int64 // settled later by the key
	Restarts   atomic.Int64 // of these, by a new client
	Replayed   atomic.Int64 // answers that the server had given before
	Misleading atomic.Int64 // attempts to settle whose failure said that nothing happened
}

// run is a load under way.
type run struct {
	*Result
	plan   *Plan
	proxy  *Proxy
	server *sandbox.Server
	client *cnaught.Client
	ledger *Ledger

	mu  sync.Mutex
	err error // of the harness
}

// Run makes the calls of the load against the server, by way of a proxy with
// faults, and audits the books. The server must serve nobody else.
func Run(ctx context.Context, load Load, server *sandbox.Server) (*Result, error) {
	base, err := url.Parse(server.URL())
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	r := &run{Result: &Result{Load: load}, plan: NewPlan(load.Seed), server: server, ledger: NewLedger()}
	r.proxy, err = NewProxy(base, r.plan, func() {
		server.Inject(sandbox.Fault{Operation: load.Action.Operation, Delay: slowness})
	})
	if err != nil {
		return nil, err
	}
	defer r.proxy.Close()
	r.Tally, r.history = r.proxy.tally, r.proxy.history
	if r.client, err = r.newClient(); err != nil {
		return nil, err
	}
	started := time.Now()
	r.callAll(ctx)
	r.Took = time.Since(started)
	r.client.CloseIdleConnections()
	r.proxy.Close() // requests that are still on their way arrive before the audit
	if err := errors.Join(r.err, r.proxy.Err()); err != nil {
		return nil, err
	}
	return r.Result, r.audit()
}

// newClient returns a client with a budget and connections of its own.
func (r *run) newClient() (*cnaught.Client, error) {
	var transport http.RoundTripper = r.proxy.Transport()
	if r.Break != nil {
		transport = r.Break(transport)
	}
	policy := r.Policy
	policy.AttemptTimeout = attemptTimeout
	return cnaught.New(r.server.APIKey(), cnaught.WithBaseURL(r.proxy.URL()),
		cnaught.WithHTTPClient(&http.Client{Transport: transport}), cnaught.WithRetryPolicy(policy))
}

func (r *run) callAll(ctx context.Context) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(r.Calls) && ctx.Err() == nil; n = next.Add(1) {
				c := r.newCaller(int(n))
				if err := c.call(ctx); err != nil {
					r.fail(fmt.Errorf("chaos: %s: %w", c.name, err))
					return
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		r.fail(fmt.Errorf("chaos: %w", err))
	}
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *run) audit() error {
	books, err := r.Action.Books(r.server)
	if err != nil {
		return err
	}
	r.books = books
	for _, ids := range books {
		r.Records += len(ids)
	}
	r.Findings = r.ledger.Audit(books)
	return nil
}
