package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever ends the attempt before there is a connection, nothing was sent.
func TestFailureBeforeTheRequest(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, tr *http.Transport) string{
		"reset in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, abort)
		},
		"EOF in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, func(conn net.Conn) { conn.Close() })
		},
		"timeout in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn); conn.Close() })
		},
		"timeout while dialling": func(_ *testing.T, tr *http.Transport) string {
			tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
				return nil, errRefused
			}
			return "http://localhost"
		},
		"no TLS at the other end": func(t *testing.T, _ *http.Transport) string {
			server := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(server.Close)
			return strings.Replace(server.URL, "http:", "https:", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport()
			base := start(t, tr) + "/v1"
			for kind, hc := range map[string]*http.Client{"transport": {Transport: tr}, "client": {Transport: tr, Timeout: time.Hour}} {
				c := newTestClient(t, base, WithHTTPClient(hc), WithRetryPolicy(RetryPolicy{
					MaxAttempts: 3, BaseDelay: time.Microsecond, AttemptTimeout: 100 * time.Millisecond,
				}))
				_, err := c.CreateCheckoutSession(t.Context(), anySession)
				assert.Equal(t, 3, as[*TransportError](t, err).Attempts, "%s: %v", kind, err)
				assert.NotErrorIs(t, err, ErrOutcomeUnknown, kind)
				_, err = c.PlaceOrder(t.Context(), tenKg)
				assert.NotErrorIs(t, err, ErrOutcomeUnknown, kind)
			}
		})
	}
}

// net/http sends a keyed request again by itself when a kept connection
// breaks. If that second sending is refused, the first may have acted all the
// same.
func TestResendingByNetHTTPIsNotForgotten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var arrived atomic.Int32
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
		readRequest(conn) // the order is placed, and then the whole server dies
		arrived.Add(1)
		l.Close()
		abort(conn)
	}()
	c := newTestClient(t, "http://"+l.Addr().String()+"/v1", quick(1))
	_, err = c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), tenKg)
	require.Error(t, err)
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "%v", err)
	assert.Equal(t, int32(1), arrived.Load())
}

// And if the second sending is answered, the answer is about that one alone.
func TestAnswerToAResentRequest(t *testing.T) {
	for answer, unknown := range map[string]bool{
		"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n":                                         true,
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n":                                               true,
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" + `{"id":"x"}`: false,
	} {
		var connections atomic.Int32
		addr := listen(t, func(conn net.Conn) {
			if connections.Add(1) == 1 {
				readRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
				readRequest(conn)
				abort(conn)
				return
			}
			readRequest(conn)
			io.WriteString(conn, answer)
			conn.Close()
		})
		c := newTestClient(t, "http://"+addr+"/v1", quick(1))
		_, err := c.GetOrder(t.Context(), "x")
		require.NoError(t, err)
		_, err = c.PlaceOrder(t.Context(), tenKg)
		assert.Equal(t, int32(2), connections.Load(), "net/http has sent it again")
		assert.Equal(t, unknown, errors.Is(err, ErrOutcomeUnknown), "%.20s: %v", answer, err)
	}
}

// A POST without a body says so: servers may refuse one in chunks, or one
// without a length (RFC 9110, section 8.6).
func TestLengthsOnTheWire(t *testing.T) {
	type length struct {
		ContentLength    int64
		Header           string
		TransferEncoding []string
	}
	var got length
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = length{r.ContentLength, r.Header.Get("Content-Length"), r.TransferEncoding}
		w.Header().Set("Content-Type", "application/json")
		id, _ := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(r.URL.EscapedPath(), "/v1/orders/"), "/cancel"))
		io.WriteString(w, fmt.Sprintf(`{"id":%q,"amount_kg":100,"data":[]}`, id))
	}))
	defer server.Close()
	c := newTestClient(t, server.URL+"/v1")
	for _, m := range methods {
		_, err := m.call(t.Context(), c)
		require.NoError(t, err, m.operation)
		want := length{ContentLength: int64(len(m.body))}
		if m.body != "" || m.verb == http.MethodPost {
			assert.NotEmpty(t, got.Header, m.operation)
		}
		got.Header = ""
		assert.Equal(t, want, got, m.operation)
	}
}

func TestCallersTraceStillWorks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(temperamental))
	defer server.Close()
	var connected, written int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected++ },
		WroteRequest: func(httptrace.WroteRequestInfo) { written++ },
	})
	_, err := newTestClient(t, server.URL+"/v1").CancelOrder(ctx, "Gre28Fc35bt3")
	require.NoError(t, err)
	assert.Equal(t, 1, connected)
	assert.Equal(t, 1, written)
}

func TestAttemptTimeoutWhileDiallingIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		transport := servePipe(t, func(w http.ResponseWriter, _ *http.Request) {
			jsonHeader(w, 201)
			write(w, sessionJSON)
		})
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				time.Sleep(time.Minute)
				return nil, errRefused
			}
			return dial(ctx, network, addr)
		}
		session, err := newClient(t, transport, WithBaseURL("http://localhost/v1")).CreateCheckoutSession(t.Context(), anySession)
		require.NoError(t, err)
		assert.Equal(t, "zpQ6QSNRQh", session.ID)
		time.Sleep(time.Hour) // until the first dial is over
	})
}
