package bench

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func newPeer(t testing.TB, p peer, base string, hc *http.Client) getSession {
	t.Helper()
	get, err := p.make(base, hc)
	require.NoError(t, err)
	return get
}

// Every peer does the whole work: otherwise its figures mean nothing.
func TestPeersReturnTheSession(t *testing.T) {
	var want api.CheckoutSession
	require.NoError(t, json.Unmarshal(Session(), &want))
	require.Equal(t, sessionID, want.ID)
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			get := newPeer(t, p, baseURL, &http.Client{Transport: newTransport(Session())})
			got, err := get(t.Context(), sessionID)
			require.NoError(t, err)
			assert.Equal(t, &want, got)
		})
	}
}

// BenchmarkCall is one call of GetCheckoutSession without a network.
func BenchmarkCall(b *testing.B) {
	for _, p := range peers {
		b.Run("client="+p.name, func(b *testing.B) {
			get := newPeer(b, p, baseURL, &http.Client{Transport: newTransport(Session())})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := get(b.Context(), sessionID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
