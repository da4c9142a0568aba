package chaos

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The tests of this file show that TestChaos can fail. Bad clients meet the same
// faults, and the audit has to find what they do.

// few calls are enough, because a bad client breaks the promise many times over.
const few = 200

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// newKeys makes a new idempotency key for each attempt.
func newKeys(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		req.Header.Set("Idempotency-Key", rand.Text())
		return next.RoundTrip(req)
	})
}

// believer takes any failure for a success.
func believer(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusCreated {
			return resp, nil
		}
		if err == nil {
			resp.Body.Close()
		}
		return &http.Response{
			StatusCode:    http.StatusCreated,
			Header:        http.Header{"Content-Type": {"application/json"}},
			Body:          io.NopCloser(bytes.NewReader(fmt.Appendf(nil, `{"id":%q}`, rand.Text()))),
			ContentLength: -1,
		}, nil
	})
}

// stubborn repeats every failed request, whether it may be repeated or not.
func stubborn(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode < 500 || req.Context().Err() != nil {
			return resp, err
		}
		if err == nil {
			resp.Body.Close()
		}
		req = req.Clone(req.Context())
		req.Body, _ = req.GetBody()
		return next.RoundTrip(req)
	})
}

func TestAuditFindsOrdersPlacedTwice(t *testing.T) {
	r := runLoad(t, Load{Name: "new keys", Action: Orders(), Calls: few, Seed: seed(t), Policy: roomy(), Break: newKeys})
	t.Logf("%d of %d orders placed twice", len(r.Twice), r.Calls)
	assert.NotEmpty(t, r.Twice)
	assert.NotEmpty(t, r.Unknown, "the caller knows only one of the two orders")
}

func TestAuditFindsSessionsOpenedTwice(t *testing.T) {
	r := runLoad(t, Load{Name: "stubborn", Action: CheckoutSessions(), Calls: few, Seed: seed(t), Policy: roomy(), Break: stubborn})
	t.Logf("%d of %d sessions opened twice", len(r.Twice), r.Calls)
	assert.NotEmpty(t, r.Twice)
}

func TestAuditFindsLostOrders(t *testing.T) {
	r := runLoad(t, Load{Name: "careless", Action: Orders(), Calls: few, Seed: seed(t), Policy: roomy(), Careless: true})
	t.Logf("%d of %d orders unknown to their callers", len(r.Unknown), r.Calls)
	assert.NotEmpty(t, r.Unknown)
	assert.Empty(t, r.Missing)
}

func TestAuditFindsFalseSuccess(t *testing.T) {
	r := runLoad(t, Load{Name: "believer", Action: Orders(), Calls: few, Seed: seed(t), Policy: roomy(), Break: believer})
	t.Logf("%d of %d callers told of an order that is not there", len(r.Missing), r.Calls)
	assert.NotEmpty(t, r.Missing)
	assert.Empty(t, r.Twice)
}

func TestAudit(t *testing.T) {
	books := map[string][]string{"once": {"a"}, "twice": {"b", "c"}, "lost": {"d"}, "stranger": {"e"}, "open": {"f"}, "denied": {"g"}}
	l := NewLedger()
	l.Success("once", "a")
	l.Success("twice", "b")
	l.Success("twice", "c")
	l.Success("lost", "x")
	l.Success("nowhere", "y")
	l.Uncertain("open")
	l.Failure("denied")
	l.Failure("nothing")
	f := l.Audit(books)
	assert.Equal(t, Findings{
		Twice:   []string{"twice"},
		Unknown: []string{"denied", "lost", "stranger"},
		Missing: []string{"lost", "nowhere"},
	}, f)
	assert.Equal(t, []string{"denied", "lost", "nowhere", "stranger", "twice"}, f.All())
}
