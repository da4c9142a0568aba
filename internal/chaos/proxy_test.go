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

// TestFaults shows that each fault is what its name says, to the client and to
// the server.
func TestFaults(t *testing.T) {
	reset, cut, timeout := error(syscall.ECONNRESET), io.ErrUnexpectedEOF, context.DeadlineExceeded
	for _, tt := range []struct {
		kind    Kind
		err     error
		status  int
		acted   bool
		partial bool // only part of a body comes
	}{
		{kind: None, status: 201, acted: true},
		{kind: Refused, err: syscall.ECONNREFUSED},
		{kind: ResetBefore, err: reset},
		{kind: ResetAfter, err: reset, acted: true},
		{kind: CutBody, err: cut, acted: true, partial: true},
		{kind: ShortBody, status: 201, acted: true, partial: true},
		{kind: StallBefore, err: timeout},
		{kind: StallAfter, err: timeout, acted: true},
		{kind: StallBody, err: timeout, acted: true, partial: true},
		{kind: Late, err: timeout, acted: true},
		{kind: Slow, err: timeout, acted: true},
		{kind: Duplicate, acted: true}, // whichever of 201 and 409 comes first
		{kind: RateLimited, status: 429},
		{kind: Before500, status: 500},
		{kind: Before502, status: 502},
		{kind: Before503, status: 503},
		{kind: Before504, status: 504},
		{kind: After500, status: 500, acted: true},
		{kind: After502, status: 502, acted: true},
		{kind: After503, status: 503, acted: true},
		{kind: After504, status: 504, acted: true},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			server := sandbox.Run(t, sandbox.WithEmptyBooks())
			base, err := url.Parse(server.URL())
			require.NoError(t, err)
			proxy, err := NewProxy(base, &Plan{force: tt.kind}, func(string) {
				server.Inject(sandbox.Fault{Operation: "SubmitOrder", Delay: 300 * time.Millisecond})
			})
			require.NoError(t, err)
			defer proxy.Close()

			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if tt.err != timeout {
				ctx = t.Context()
			}
			status, body, err := order(ctx, proxy, server.APIKey())
			if tt.err != nil {
				assert.ErrorIs(t, err, tt.err)
			} else {
				assert.NoError(t, err)
			}
			if tt.status != 0 {
				assert.Equal(t, tt.status, status)
			}
			if tt.partial {
				assert.True(t, strings.HasPrefix(body, "{") && !strings.HasSuffix(body, "}"), "body %q", body)
			}
			proxy.Close() // and with it, what is late has been delivered
			assert.Equal(t, tt.acted, server.OrderCount() == 1, "%d orders", server.OrderCount())
			assert.Equal(t, 1, proxy.tally.Count(tt.kind))
			if tt.kind == Duplicate {
				assert.Equal(t, 2, server.RequestCount())
			}
		})
	}
	assert.Len(t, kinds(), 20, "a kind without a row in this test")
}

// order is a request with a plain client.
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

// TestPlan shows that a seed means the same faults again, and that the mix is
// as it says.
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
