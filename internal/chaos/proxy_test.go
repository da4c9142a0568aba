package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// faultTest is what a fault looks like to the client and to the server.
type faultTest struct {
	kind    Kind
	err     error
	status  int
	acted   bool
	partial bool // only part of a body comes
}

var (
	reset   = error(syscall.ECONNRESET)
	cut     = io.ErrUnexpectedEOF
	timeout = context.DeadlineExceeded
)

func faultTests() []faultTest {
	return []faultTest{
		{kind: None, status: 201, acted: true},
		{kind: Refused, err: syscall.ECONNREFUSED},
		{kind: ResetBefore, err: reset},
		{kind: ResetAfter, err: reset, acted: true},
		{kind: CutBody, err: cut, status: 201, acted: true, partial: true},
		{kind: ShortBody, status: 201, acted: true, partial: true},
		{kind: StallBefore, err: timeout},
		{kind: StallAfter, err: timeout, acted: true},
		{kind: StallBody, err: timeout, status: 201, acted: true, partial: true},
		{kind: Late, err: timeout, acted: true},
		{kind: Slow, err: timeout, acted: true},
		{kind: Duplicate, acted: true},
		{kind: RateLimited, status: 429},
		{kind: Before500, status: 500},
		{kind: Before502, status: 502},
		{kind: Before503, status: 503},
		{kind: Before504, status: 504},
		{kind: After500, status: 500, acted: true},
		{kind: After502, status: 502, acted: true},
		{kind: After503, status: 503, acted: true},
		{kind: After504, status: 504, acted: true},
		{kind: FilterPage, status: 403, acted: true},
	}
}

// TestFaults shows that each fault is what its name says.
func TestFaults(t *testing.T) {
	var tested []Kind
	for _, tt := range faultTests() {
		tested = append(tested, tt.kind)
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
	assert.ElementsMatch(t, append(kinds(), None), tested)
}

func (tt faultTest) run(t *testing.T) {
	server := sandbox.Run(t, sandbox.WithEmptyBooks())
	base, err := url.Parse(server.URL())
	require.NoError(t, err)
	proxy, err := NewProxy(base, &Plan{force: tt.kind}, func() {
		server.Inject(sandbox.Fault{Operation: "SubmitOrder", Delay: time.Second})
	})
	require.NoError(t, err)
	defer proxy.Close()

	ctx := t.Context()
	if tt.err == timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
	}
	status, body, err := order(ctx, proxy, server.APIKey())
	assert.ErrorIs(t, err, tt.err)
	if tt.kind == Duplicate { // either of the two answers may come first
		assert.Contains(t, []int{201, 409}, status)
		assert.Equal(t, 2, server.RequestCount())
	} else {
		assert.Equal(t, tt.status, status)
	}
	if tt.partial {
		assert.True(t, strings.HasPrefix(body, "{") && !strings.HasSuffix(body, "}"), "body %q", body)
	}
	proxy.Close() // returns when late requests have been delivered
	assert.NoError(t, proxy.Err())
	assert.Equal(t, tt.acted, server.OrderCount() == 1, "%d orders", server.OrderCount())
	assert.Equal(t, 1, proxy.tally.Count(tt.kind))
}

// order places an order without the client.
func order(ctx context.Context, p *Proxy, key string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL()+"/orders", strings.NewReader(`{"amount_kg":10}`))
	if err != nil {
		return 0, "", err
	}
	req.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}
	transport := p.Transport()
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(read), err
}

// TestPlan shows that a plan with the same seed decides the same, and that faults
// are as frequent as the mix says.
func TestPlan(t *testing.T) {
	const requests = 20_000
	draw := func(seed uint64, keyed bool) (all []Kind, counts map[Kind]int) {
		p, counts := NewPlan(seed), make(map[Kind]int)
		for n := range requests {
			kind := p.strike(fmt.Sprint("call", n%5000), keyed)
			all = append(all, kind)
			counts[kind]++
		}
		return all, counts
	}
	first, counts := draw(1, true)
	again, _ := draw(1, true)
	other, _ := draw(2, true)
	assert.Equal(t, first, again)
	assert.NotEqual(t, first, other)
	for _, m := range mix {
		assert.InEpsilon(t, m.perMille*requests/1000, counts[m.kind], 0.35, "%s", m.kind)
	}
	_, counts = draw(1, false)
	assert.Zero(t, counts[Duplicate])
}
