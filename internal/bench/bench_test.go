package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// The figures of a peer mean something only if it does all of the work.
func TestPeersReturnTheSession(t *testing.T) {
	var want api.CheckoutSession
	require.NoError(t, json.Unmarshal(Session(), &want))
	require.Equal(t, sessionID, want.ID)
	server, err := NewServer()
	require.NoError(t, err)
	defer server.Close()
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			for base, hc := range map[string]*http.Client{
				baseURL:            {Transport: newTransport(Session())},
				server.URL + "/v1": {},
			} {
				if p.name == "openai-go" && base != baseURL {
					continue // openai-go refuses plain http
				}
				get, err := p.make(base, hc)
				require.NoError(t, err)
				got, err := get(t.Context(), sessionID)
				require.NoError(t, err)
				assert.Equal(t, &want, got)
			}
		})
	}
}

func TestPeersReturnThePage(t *testing.T) {
	body := page(100)
	assert.InDelta(t, 1e6, len(body), 1e5, "bytes")
	for _, answer := range answers {
		for _, p := range pagePeers {
			t.Run(answer.name+"/"+p.name, func(t *testing.T) {
				get, err := p.make(baseURL, &http.Client{Transport: answer.transport(body)})
				require.NoError(t, err)
				list, err := get(t.Context())
				require.NoError(t, err)
				require.Len(t, list.Data, 100)
				for i := range list.Data {
					require.Equal(t, fulfilledOrder(i), list.Data[i])
				}
			})
		}
	}
}

// A peer must not look fast because it takes an error for an answer.
func TestPeersReportFailure(t *testing.T) {
	missing := newTransport([]byte(`{"type":"https://api.cnaught.com/v1/errors/not-found","status":404}`))
	missing.status = http.StatusNotFound
	for _, p := range peers {
		get, err := p.make(baseURL, &http.Client{Transport: missing})
		require.NoError(t, err)
		_, err = get(t.Context(), sessionID)
		assert.Error(t, err, p.name)
	}
}

func TestServerRefuses(t *testing.T) {
	server, err := NewServer()
	require.NoError(t, err)
	defer server.Close()
	for _, test := range []struct {
		path, key string
		status    int
	}{
		{"/v1/checkout/sessions/" + sessionID, apiKey, http.StatusOK},
		{"/v1/orders/checkout-session/" + sessionID, apiKey, http.StatusOK},
		{"/v1/checkout/sessions/" + sessionID, "other", http.StatusNotFound},
		{"/v1/checkout/sessions/other", apiKey, http.StatusNotFound},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+test.path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+test.key)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, test.status, resp.StatusCode, test)
	}
}

func TestNodeGroupSaysWhatIsMissing(t *testing.T) {
	_, err := NodeGroup(t.Context(), Within, "http://127.0.0.1:1", t.TempDir())
	assert.ErrorContains(t, err, "npm ci")
}

func TestCallAllocations(t *testing.T) {
	group, err := CallGroup()
	require.NoError(t, err)
	allocations := map[string]float64{}
	for _, s := range group.Subjects {
		_, name, _ := strings.Cut(s.Name, "client=")
		allocations[name] = testing.AllocsPerRun(200, func() {
			if _, err := s.Run(1); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Log(allocations)
	assert.LessOrEqual(t, allocations["cnaught"], 1.25*allocations["hand"])
}

func TestPageMemory(t *testing.T) {
	for _, orders := range []int{100, 112} { // 112 orders are just over 1 MiB, where a buffer that doubles is largest
		body := page(orders)
		for _, answer := range answers {
			t.Run(fmt.Sprintf("%d orders, length %s", orders, answer.name), func(t *testing.T) {
				get, err := newOurPage(baseURL, &http.Client{Transport: answer.transport(body)})
				require.NoError(t, err)
				call := func() error { _, err := get(t.Context()); return err }
				peak, all := peakOf(t, call), allocatedBy(t, call)
				of := func(n uint64) float64 { return float64(n) / float64(len(body)) }
				t.Logf("body %d bytes, peak %.2f times that, allocated in all %.2f times", len(body), of(peak), of(all))
				assert.Greater(t, of(peak), 1.0, "the decoded page alone is about as large as the body")
				assert.LessOrEqual(t, of(peak), 3.0)
			})
		}
	}
}

func TestEverySubjectRuns(t *testing.T) {
	for _, b := range Builders {
		g, err := b.Build()
		require.NoError(t, err)
		assert.Equal(t, b.Name, g.Name)
		for _, s := range g.Subjects {
			t.Run(s.Name, func(t *testing.T) {
				_, err := s.Run(3)
				require.NoError(t, err)
			})
		}
		g.Close()
	}
}

func BenchmarkCall(b *testing.B)       { benchmark(b, CallGroup) }
func BenchmarkPage(b *testing.B)       { benchmark(b, PageGroup) }
func BenchmarkThroughput(b *testing.B) { benchmark(b, ThroughputGroup) }

// benchmark is for profiles. The table is made with Interleave.
func benchmark(b *testing.B, build func() (Group, error)) {
	group, err := build()
	require.NoError(b, err)
	defer group.Close()
	for _, s := range group.Subjects {
		b.Run(strings.TrimPrefix(s.Name, group.Name+"/"), func(b *testing.B) {
			b.ReportAllocs()
			if _, err := s.Run(b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}
