package fleet

import (
	"net/http"
	"strconv"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// scenario is a fleet of clients and a server with an outage.
type scenario struct {
	clients int
	rate    float64 // calls per second of each client

	reserve      float64       // share of the server's capacity that is spare
	queue        time.Duration // work that it accepts before it refuses with 503
	refusalShare float64       // work of a refusal, as a share of the work of an answer
	coldShare    float64       // share of its capacity when it has just come back
	warmUp       time.Duration // time until it has its full capacity again
	latency      time.Duration // of the network, and of an answer without any queue

	before, hang, down, after time.Duration // hang is the first part of down
}

func (s scenario) downAt() time.Duration  { return s.before }
func (s scenario) crashAt() time.Duration { return s.before + s.hang }
func (s scenario) upAt() time.Duration    { return s.before + s.down }
func (s scenario) length() time.Duration  { return s.upAt() + s.after }
func (s scenario) offered() float64       { return float64(s.clients) * s.rate }

// fullCapacity returns how many requests per second the server can answer.
func (s scenario) fullCapacity() float64 { return s.offered() / (1 - s.reserve) }

func (s scenario) phase(t time.Duration) string {
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

// newFleet returns a fleet of busy backends, each of which makes two calls per
// second, such as a quote and an order for one customer. The server runs at 80% of
// its capacity, and does not fail cleanly: it hangs for two seconds, crashes with
// all the requests that it holds, comes back 30 s after it began to hang, and is
// cold then.
func newFleet(clients int) scenario {
	return scenario{
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

// policy is a retry policy that a fleet is tried with.
type policy struct {
	name    string
	options []cnaught.Option
}

// The policies, as indexes of what policies returns.
const (
	ours = iota
	noJitter
	noBudget
	noRetry
)

func policies() []policy {
	unbounded := cnaught.DefaultRetryPolicy()
	unbounded.Budget = cnaught.RetryBudget{Capacity: 1e9, PerSuccess: 1}
	return []policy{
		ours:     {"ours", nil},
		noJitter: {"no jitter", withoutJitter()},
		noBudget: {"no budget", []cnaught.Option{cnaught.WithRetryPolicy(unbounded)}},
		noRetry:  {"no retries", []cnaught.Option{cnaught.WithRetryPolicy(cnaught.NoRetry())}},
	}
}

// withoutJitter makes the pauses of all clients the same. Each failure asks for
// the whole pause of the default policy as a server would ask for it, and the
// client's own pause on top of that is too short to matter.
func withoutJitter() []cnaught.Option {
	defaults, instant := cnaught.DefaultRetryPolicy(), cnaught.DefaultRetryPolicy()
	instant.BaseDelay, instant.MaxDelay = time.Nanosecond, time.Nanosecond
	askForPause := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil && resp.StatusCode < 500 {
				return resp, nil
			}
			if req.Context().Err() != nil {
				return nil, err
			}
			attempt, _ := cnaught.AttemptFrom(req.Context())
			pause := min(defaults.MaxDelay, defaults.BaseDelay<<(attempt.Number-1))
			resp = answer(http.StatusServiceUnavailable, `{}`)
			resp.Header.Set("Retry-After-Ms", strconv.FormatInt(pause.Milliseconds(), 10))
			return resp, nil
		})
	}
	return []cnaught.Option{cnaught.WithRetryPolicy(instant), cnaught.WithMiddleware(askForPause)}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
