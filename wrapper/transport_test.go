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

	"github.com/cnaught-go/cnaught/internal/loopback"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// Nothing was sent if an attempt fails before there is a connection.
func TestFailureBeforeTheRequest(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, tr *http.Transport) string{
		"reset in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, abort)
		},
		"EOF in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, func(*net.TCPConn) {})
		},
		"timeout in the TLS handshake": func(t *testing.T, _ *http.Transport) string {
			return "https://" + listen(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
		},
		"timeout while dialing": func(_ *testing.T, tr *http.Transport) string {
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
			tr := transport.New()
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

// net/http itself sends a keyed request again when a kept connection breaks. If
// the second sending is refused, the first may have acted all the same.
func TestRefusedResendingByNetHTTP(t *testing.T) {
	var arrived, dials atomic.Int32
	addr := listen(t, func(conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
		readRequest(conn) // The order is placed, and then the connection breaks.
		arrived.Add(1)
		abort(conn)
	})
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) > 1 { // The server is restarting.
			return nil, errRefused
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	c := newTestClient(t, "http://"+addr+"/v1", WithHTTPClient(&http.Client{Transport: tr}), quick(1))
	_, err := c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), tenKg)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, int32(1), arrived.Load())
	assert.Equal(t, int32(2), dials.Load(), "net/http has tried to send it again")
}

// If the second sending is answered, the answer says nothing about the first.
func TestAnsweredResendingByNetHTTP(t *testing.T) {
	for answer, unknown := range map[string]bool{
		"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n":                                         true,
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n":                                               true,
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" + `{"id":"x"}`: false,
	} {
		var connections atomic.Int32
		addr := listen(t, func(conn *net.TCPConn) {
			if connections.Add(1) == 1 {
				readRequest(conn)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
				readRequest(conn)
				abort(conn)
				return
			}
			readRequest(conn)
			io.WriteString(conn, answer)
		})
		c := newTestClient(t, "http://"+addr+"/v1", quick(1))
		_, err := c.GetOrder(t.Context(), "x")
		require.NoError(t, err)
		_, err = c.PlaceOrder(t.Context(), tenKg)
		assert.Equal(t, int32(2), connections.Load(), "net/http has sent it again")
		assert.Equal(t, unknown, errors.Is(err, ErrOutcomeUnknown), "%.20s: %v", answer, err)
	}
}

// A POST without a body has a Content-Length of 0, because servers may refuse one
// that is chunked or has no length (RFC 9110, section 8.6).
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

func TestTraceOfTheCallerStillWorks(t *testing.T) {
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

func TestAttemptTimeoutWhileDialingIsRetried(t *testing.T) {
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

// Pings find a dead HTTP/2 connection within the time of one attempt.
func TestForgottenHTTP2Connection(t *testing.T) {
	backend := startHTTP2(t, temperamental)
	nat, err := loopback.NewNAT(backend.Listener.Addr().String())
	require.NoError(t, err)
	defer nat.Close()
	c := newTestClient(t, "https://"+nat.Addr()+"/v1", WithRetryPolicy(RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, AttemptTimeout: time.Minute}))
	defaults := *c.ownTransport.HTTP2
	assert.Positive(t, defaults.SendPingTimeout)
	assert.Positive(t, defaults.PingTimeout)
	assert.Less(t, defaults.SendPingTimeout+defaults.PingTimeout, DefaultRetryPolicy().AttemptTimeout)
	c.ownTransport.HTTP2.SendPingTimeout, c.ownTransport.HTTP2.PingTimeout = 50*time.Millisecond, 50*time.Millisecond
	c.ownTransport.TLSClientConfig.RootCAs = rootsOf(backend)
	var r Response
	_, err = c.GetOrder(t.Context(), "Gre28Fc35bt3")
	require.NoError(t, err)

	for round := range 2 {
		nat.Forget()
		begun := time.Now()
		_, err = c.PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err, round)
		assert.Less(t, time.Since(begun), 10*time.Second, "an attempt may take a minute")
		_, err = c.PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, 1, r.Attempts, "the next call has a living connection")
	}
	nat.Forget()
	_, err = c.CreateCheckoutSession(t.Context(), anySession, WithResponse(&r))
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "it may have arrived")
	assert.Equal(t, 1, r.Attempts)
}

func TestHTTP2(t *testing.T) {
	server := startHTTP2(t, temperamental)
	c := newTestClient(t, server.URL+"/v1", quick(2))
	c.ownTransport.TLSClientConfig.RootCAs = rootsOf(server)
	_, err := c.GetOrder(t.Context(), "good")
	require.NoError(t, err)
	_, err = c.GetOrder(t.Context(), "missing")
	assert.ErrorIs(t, err, ErrNotFound)
	for range 2 {
		_, err = c.CancelOrder(t.Context(), "missing")
		assert.ErrorIs(t, err, ErrNotFound)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown, "sent once, over one connection")
	}
	_, err = c.CancelOrder(t.Context(), "reset")
	assert.Error(t, err)
	require.NoError(t, errorOf(c.UploadSubaccountLogo(t.Context(), "good", "image/png", strings.NewReader("x"))))
}
