package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recordTrace returns a context with a trace that appends the names of its hooks to
// events.
func recordTrace(ctx context.Context, events *[]string) context.Context {
	add := func(name string) { *events = append(*events, name) }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(hostPort string) { add("GetConn " + hostPort) },
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Conn.RemoteAddr() != nil && !info.Reused {
				add("GotConn")
			}
		},
		WroteHeaderField: func(name string, _ []string) {
			if name == "Idempotency-Key" {
				add("WroteHeaderField")
			}
		},
		WroteHeaders: func() { add("WroteHeaders") },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err != nil {
				add("WroteRequest: " + info.Err.Error())
				return
			}
			add("WroteRequest")
		},
		GotFirstResponseByte: func() { add("GotFirstResponseByte") },
	})
}

// The hooks are called as by net/http's own transport on a new connection, so that a
// client draws the same conclusions without a network as with one.
func TestTransportReportsToHTTPTrace(t *testing.T) {
	sent := []string{"GotConn", "WroteHeaderField", "WroteHeaders", "WroteRequest"}
	overBoth(t, func(t *testing.T, s *Server) {
		rt := s.Transport()
		if s.http != nil {
			rt = &http.Transport{DisableKeepAlives: true}
		}
		trip := func(ctx context.Context, body io.Reader) (events []string, err error) {
			req, err := http.NewRequestWithContext(recordTrace(ctx, &events), "POST", s.URL()+"/orders", body)
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+s.APIKey())
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", "k")
			resp, err := rt.RoundTrip(req)
			if err == nil {
				defer resp.Body.Close()
			}
			return events, err
		}
		events, err := trip(t.Context(), strings.NewReader(oneKg))
		require.NoError(t, err)
		assert.Equal(t, append([]string{"GetConn " + hostPort(must(http.NewRequest("GET", s.URL(), nil)))}, append(slices.Clone(sent), "GotFirstResponseByte")...), events)

		s.Inject(Fault{ResetBefore: true})
		events, err = trip(t.Context(), strings.NewReader(oneKg))
		require.Error(t, err)
		assert.Equal(t, sent, events[1:], "the reset must come after the request was sent")

		cause := errors.New("the caller's cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		events, err = trip(ctx, strings.NewReader(oneKg))
		require.ErrorIs(t, err, cause)
		assert.Empty(t, events, "a request whose context is done must not be sent")

		events, err = trip(t.Context(), io.MultiReader(strings.NewReader("{"), &brokenBody{}))
		require.ErrorIs(t, err, assert.AnError)
		assert.Contains(t, strings.Join(events, " "), "WroteRequest: "+assert.AnError.Error())
		assert.Equal(t, 1, s.OrderCount())
	})
}

func TestHostPort(t *testing.T) {
	for url, want := range map[string]string{
		"http://localhost/v1": "localhost:80", "https://api.example/v1": "api.example:443", "http://[::1]:8765/v1": "[::1]:8765",
	} {
		assert.Equal(t, want, hostPort(must(http.NewRequest("GET", url, nil))))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
