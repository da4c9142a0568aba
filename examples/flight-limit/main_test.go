package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// runOnce offsets the bookings of the list that comes with the program.
func runOnce(t *testing.T, client *cnaught.Client) (lines []string, err error) {
	t.Helper()
	bookings, err := readBookings("bookings.csv")
	require.NoError(t, err)
	var out bytes.Buffer
	err = offsetAll(t.Context(), client, bookings, &out)
	return strings.Split(strings.TrimSpace(out.String()), "\n"), err
}

// newSandbox starts one on the day of the last booking.
func newSandbox(t *testing.T, opts ...sandbox.Option) *sandbox.Server {
	server := sandbox.Run(t, append(opts, sandbox.WithEmptyBooks())...)
	server.SetTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	return server
}

// orderOf returns the order of a booking.
func orderOf(t *testing.T, server *sandbox.Server, number string) api.Order {
	t.Helper()
	for _, o := range server.Orders() {
		if cnaught.Value(o.Metadata) == mark+number {
			return o
		}
	}
	t.Fatalf("booking %s has no order", number)
	return api.Order{}
}

func TestDearFlightsAreSkippedAndTheOthersBought(t *testing.T) {
	server := newSandbox(t)
	lines, err := runOnce(t, server.Client())
	require.NoError(t, err)
	assert.Equal(t, []string{
		"B-1001 LHR-CDG: offset 34 kg for $0.68, order " + orderOf(t, server, "B-1001").ID,
		"B-1002 JFK-LAX: skipped, 378 kg cost $7.56, more than $5.00",
		"B-1003 FRA-MAD: offset 135 kg for $2.70, order " + orderOf(t, server, "B-1003").ID,
		"B-1004 LHR-SYD: skipped, 1617 kg cost $32.34, more than $5.00",
		"B-1005 OSL-ATH: offset 250 kg for $5.00, order " + orderOf(t, server, "B-1005").ID,
	}, lines)
	assert.Len(t, server.Orders(), 3)
}

func TestASecondRunBuysNothing(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "after the keys are forgotten": 48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			server := newSandbox(t, sandbox.WithKeyLifetime(24*time.Hour))
			_, err := runOnce(t, server.Client())
			require.NoError(t, err)
			server.Advance(wait)
			lines, err := runOnce(t, server.Client())
			require.NoError(t, err)
			assert.Equal(t, "B-1001 LHR-CDG: has order "+orderOf(t, server, "B-1001").ID+", placed", lines[0])
			assert.Len(t, server.Orders(), 3)
		})
	}
}

func TestTheKeyHoldsWhileTheListLags(t *testing.T) {
	server := newSandbox(t)
	_, err := runOnce(t, server.Client())
	require.NoError(t, err)
	server.Inject(sandbox.Fault{Operation: "GetListOfOrder", Status: 200, Body: []byte(`{"data":[]}`)})
	lines, err := runOnce(t, server.Client())
	require.NoError(t, err)
	assert.Equal(t, "B-1001 LHR-CDG: offset 34 kg for $0.68, order "+orderOf(t, server, "B-1001").ID, lines[0])
	assert.Len(t, server.Orders(), 3)
}

func TestALostAnswerIsSettledByTheNextRun(t *testing.T) {
	server := newSandbox(t)
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: 502, AfterActing: true})
	lines, err := runOnce(t, server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())))
	require.ErrorIs(t, err, cnaught.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "B-1001 LHR-CDG")
	assert.Len(t, lines, 4, "the others are not held up")

	lines, err = runOnce(t, server.Client())
	require.NoError(t, err)
	assert.Equal(t, "B-1001 LHR-CDG: has order "+orderOf(t, server, "B-1001").ID+", placed", lines[0])
	assert.Len(t, server.Orders(), 3)
}

func TestAnOrderAboveTheLimitIsCancelled(t *testing.T) {
	server := newSandbox(t)
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: 503}) // gives the price time to rise
	client := server.Client(cnaught.WithRetryPolicy(cnaught.RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond}),
		cnaught.WithMiddleware(onRetry(func() { server.SetPrice("oH5hlq", 20, 20) })))
	lines, err := runOnce(t, client)
	require.NoError(t, err)
	order := orderOf(t, server, "B-1001")
	assert.Equal(t, "B-1001 LHR-CDG: cancelled order "+order.ID+", which cost $6.80, more than $5.00", lines[0])
	assert.Equal(t, api.OrderStateCancelled, order.State)
	assert.Len(t, server.Orders(), 1)
}

func TestAListThatIsWrongBuysNothing(t *testing.T) {
	for name, list := range map[string]string{
		"no number":       "n,d,f,km\n,2026-11-02,LHR-CDG,348\n",
		"no date":         "n,d,f,km\nB-1,yesterday,LHR-CDG,348\n",
		"no distance":     "n,d,f,km\nB-1,2026-11-02,LHR-CDG,far\n",
		"a column lacks":  "n,d,f,km\nB-1,2026-11-02,LHR-CDG\n",
		"in a later line": "n,d,f,km\nB-1,2026-11-02,LHR-CDG,348\nB-2,2026-11-02,LHR-CDG,\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bookings.csv")
			require.NoError(t, os.WriteFile(path, []byte(list), 0o644))
			_, err := readBookings(path)
			assert.ErrorContains(t, err, path)
		})
	}
}

// onRetry calls do before the second request for an order.
func onRetry(do func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if attempt, _ := cnaught.AttemptFrom(r.Context()); attempt.Operation == "SubmitOrder" && attempt.Number == 2 {
				do()
			}
			return next.RoundTrip(r)
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
