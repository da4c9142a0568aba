package cnaught

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/loopback"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// The tests of this file meet the errors of real networks, over TCP and TLS with
// net/http.

// network is a network that fails in one way.
type network struct {
	base      string // URL
	transport *http.Transport
	timeout   time.Duration // of an attempt; 0 for the default
	hits      *atomic.Int32 // requests that reached the server
}

// listen returns the address of a server that lives as long as the test.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	server, err := loopback.Listen(serve)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server.Addr()
}

// readRequest reads one request, up to the end of its header.
func readRequest(conn net.Conn) {
	buf := make([]byte, 64<<10)
	var got string
	for !strings.Contains(got, "\r\n\r\n") {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		got += string(buf[:n])
	}
}

// abort ends the connection with a reset.
func abort(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}

// countDials counts the dials of the transport from now on.
func (n *network) countDials() *atomic.Int32 {
	count, dial := new(atomic.Int32), n.transport.DialContext
	n.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		count.Add(1)
		return dial(ctx, network, addr)
	}
	return count
}

// serve starts a server that fails after it has read the request.
func (n *network) serve(t *testing.T, fail func(*net.TCPConn)) {
	n.base = "http://" + listen(t, func(conn *net.TCPConn) {
		readRequest(conn)
		n.hits.Add(1)
		fail(conn)
	})
}

// answer starts a server that answers with text and closes the connection.
func (n *network) answer(t *testing.T, text string) {
	n.serve(t, func(conn *net.TCPConn) { io.WriteString(conn, text) })
}

// quietTLSServer starts a server that does not log failed handshakes.
func quietTLSServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// startHTTP2 starts a server that expects nothing but HTTP/2.
func startHTTP2(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		h(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// rootsOf returns the pool with the certificate of a TLS server.
func rootsOf(server *httptest.Server) *x509.CertPool {
	return server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

func TestNetworkErrors(t *testing.T) {
	counting := func(n *atomic.Int32) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) { n.Add(1) }
	}
	for _, tt := range []struct {
		name    string
		start   func(t *testing.T, n *network)
		unsafe  int  // attempts of CreateCheckoutSession
		safe    int  // attempts of GetOrder and of PlaceOrder
		unknown bool // the outcome of what may act
		cause   any  // of a failure that lasts, as a pointer for errors.As; else nil
	}{
		{"connection refused", func(t *testing.T, n *network) {
			server, err := loopback.Listen(abort)
			require.NoError(t, err)
			server.Close()
			n.base = "http://" + server.Addr()
		}, 3, 3, false, nil},
		{"host unknown", func(_ *testing.T, n *network) {
			n.base = "https://unknown.invalid"
			n.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, dialError(&net.DNSError{Err: "no such host", Name: "unknown.invalid", IsNotFound: true})
			}
		}, 1, 1, false, new(*net.DNSError)},
		{"untrusted certificate", func(t *testing.T, n *network) {
			n.base = quietTLSServer(t, counting(n.hits)).URL
		}, 1, 1, false, new(*tls.CertificateVerificationError)},
		{"certificate of another host", func(t *testing.T, n *network) {
			server := quietTLSServer(t, counting(n.hits))
			n.base = server.URL
			n.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(server), ServerName: "elsewhere.test"}
		}, 1, 1, false, new(*tls.CertificateVerificationError)},
		{"TLS handshake timeout", func(t *testing.T, n *network) {
			n.base = "https://" + listen(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
			n.transport.TLSHandshakeTimeout = 20 * time.Millisecond
		}, 3, 3, false, nil},
		{"TLS record broken after the request", func(t *testing.T, n *network) {
			server := quietTLSServer(t, nil)
			config := &tls.Config{Certificates: server.TLS.Certificates}
			n.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(server)}
			n.base = "https://" + listen(t, func(raw *net.TCPConn) {
				readRequest(tls.Server(raw, config))
				n.hits.Add(1)
				raw.Write([]byte{23, 3, 3, 0xff, 0xff})
				io.Copy(io.Discard, raw)
			})
		}, 1, 3, true, nil},
		{"reset after the request", func(t *testing.T, n *network) { n.serve(t, abort) }, 1, 3, true, nil},
		{"EOF instead of an answer", func(t *testing.T, n *network) { n.answer(t, "") }, 1, 3, true, nil},
		{"no answer in time", func(t *testing.T, n *network) {
			n.timeout = 50 * time.Millisecond
			n.serve(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
		}, 1, 3, true, nil},
		{"no header in time", func(t *testing.T, n *network) {
			n.serve(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
			n.transport.ResponseHeaderTimeout = 20 * time.Millisecond
		}, 1, 3, true, nil},
		{"body cut off", func(t *testing.T, n *network) {
			n.answer(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"+orderJSON[:20])
		}, 1, 3, true, nil},
		{"chunks cut off", func(t *testing.T, n *network) {
			n.answer(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":\"a\r\n")
		}, 1, 3, true, nil},
		{"no HTTP", func(t *testing.T, n *network) { n.answer(t, "SSH-2.0-x\r\n") }, 1, 3, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := &network{transport: transport.New(), hits: new(atomic.Int32)}
			n.transport.Proxy = nil
			tt.start(t, n)
			dials := n.countDials()
			policy := RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond, AttemptTimeout: n.timeout}
			for kind, hc := range map[string]*http.Client{
				"transport": {Transport: n.transport},
				"client":    {Transport: n.transport, Timeout: time.Hour}, // goes through http.Client.Do
			} {
				dials.Store(0)
				c := newTestClient(t, n.base+"/v1", WithHTTPClient(hc), WithRetryPolicy(policy))
				t.Cleanup(n.transport.CloseIdleConnections)

				session, err := c.CreateCheckoutSession(t.Context(), anySession)
				require.Nil(t, session, kind)
				transport := as[*TransportError](t, err)
				assert.Equal(t, tt.unsafe, transport.Attempts, "%s: CreateCheckoutSession: %v", kind, err)
				assert.Equal(t, tt.unknown, transport.OutcomeUnknown, "%s: %v", kind, err)
				assert.Equal(t, tt.unknown, errors.Is(err, ErrOutcomeUnknown), kind)
				if !tt.unknown {
					assert.Zero(t, n.hits.Load(), "%s: the outcome is known only where no request arrived", kind)
				}

				order, err := c.GetOrder(t.Context(), "x")
				require.Nil(t, order, kind)
				transport = as[*TransportError](t, err)
				assert.Equal(t, tt.safe, transport.Attempts, "%s: GetOrder: %v", kind, err)
				assert.False(t, transport.OutcomeUnknown, "%s: a read has no outcome to settle", kind)

				_, err = c.PlaceOrder(t.Context(), tenKg)
				transport = as[*TransportError](t, err)
				assert.Equal(t, tt.safe, transport.Attempts, "%s: PlaceOrder: %v", kind, err)
				assert.Equal(t, tt.unknown, transport.OutcomeUnknown, "%s: %v", kind, err)

				if tt.cause != nil {
					assert.ErrorAs(t, err, tt.cause, kind)
					assert.EqualValues(t, 3, dials.Load(), "%s: a retry would not help, so each call dials once", kind)
				}
			}
		})
	}
}

// A keep-alive connection that the server closes at the wrong moment must not
// make net/http repeat an unsafe request.
func TestStaleConnectionDoesNotRepeatAnUnsafeRequest(t *testing.T) {
	var posts atomic.Int32
	addr := listen(t, func(conn *net.TCPConn) {
		readRequest(conn) // GetOrder
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
		readRequest(conn) // CreateCheckoutSession, and then the connection breaks
		posts.Add(1)
		abort(conn)
	})
	c := newTestClient(t, "http://"+addr+"/v1", quick(3))
	_, err := c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	_, err = c.CreateCheckoutSession(t.Context(), anySession)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, int32(1), posts.Load())
}

// An error body that is read to its end leaves the connection to the next
// attempt.
func TestRetriesUseTheSameConnection(t *testing.T) {
	for name, size := range map[string]int{"empty": 0, "small": 100, "64 KiB": 64 << 10, "1 MiB": 1 << 20, "a little over 1 MiB": 1<<20 + 60<<10} {
		for _, chunked := range []bool{false, true} {
			var requests atomic.Int32
			server, conns := countConnections(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				status := 500
				if requests.Add(1) == 4 {
					status = 404
				}
				w.WriteHeader(status)
				if chunked {
					w.(http.Flusher).Flush()
				}
				io.Copy(w, endless(int64(size), ' '))
			})
			reused := 0
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
				if info.Reused {
					reused++
				}
			}})
			_, err := newTestClient(t, server.URL+"/v1", quick(4)).GetOrder(ctx, "x")
			assert.ErrorIs(t, err, ErrNotFound)
			assert.Equal(t, int32(4), requests.Load())
			assert.Equal(t, 1, conns.opened(), "%s, chunked: %t", name, chunked)
			assert.Equal(t, 3, reused, "%s, chunked: %t", name, chunked)
			server.Close()
		}
	}
}

// The body of a 101 is the bare connection, which does not end with the context.
func TestSwitchingProtocols(t *testing.T) {
	addr := listen(t, func(conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
		<-t.Context().Done()
	})
	c := newTestClient(t, "http://"+addr+"/v1", quick(2))
	_, err := c.PlaceOrder(t.Context(), tenKg)
	assert.Equal(t, 101, as[*Error](t, err).StatusCode)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
}
