package cnaught

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// The tests of this file meet the errors of the network as they really come:
// over TCP and TLS, with net/http on both sides.

// network is one way to fail: the base URL, the transport, and what must follow
// for an operation that can't be repeated blindly, and for a read.
type network struct {
	base      string
	transport *http.Transport
	timeout   time.Duration // of an attempt; 0 for long enough
	hits      *atomic.Int32 // requests that reached the server
}

func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

// readRequest takes one request off the wire, so that what follows happens
// after the server had it.
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

func abort(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // a reset, not an orderly end
	}
	conn.Close()
}

func quietTLSServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestNetworkErrors(t *testing.T) {
	counting := func(n *atomic.Int32) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) { n.Add(1) }
	}
	for _, tt := range []struct {
		name    string
		start   func(t *testing.T, n *network)
		unsafe  int // attempts of CreateCheckoutSession
		safe    int // attempts of GetOrder
		unknown bool
	}{
		{"connection refused", func(t *testing.T, n *network) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			n.base = "http://" + l.Addr().String()
			l.Close()
		}, 3, 3, false},
		{"host unknown", func(_ *testing.T, n *network) {
			n.base = "https://unknown.invalid"
			n.transport.DialContext = func(_ context.Context, network, _ string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: "unknown.invalid", IsNotFound: true}}
			}
		}, 1, 1, false},
		{"untrusted certificate", func(t *testing.T, n *network) {
			n.base = quietTLSServer(t, counting(n.hits)).URL
		}, 1, 1, false},
		{"certificate of another host", func(t *testing.T, n *network) {
			server := quietTLSServer(t, counting(n.hits))
			n.base = server.URL
			n.transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			n.transport.TLSClientConfig.ServerName = "elsewhere.test"
		}, 1, 1, false},
		{"TLS handshake timeout", func(t *testing.T, n *network) {
			n.base = "https://" + listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn); conn.Close() })
			n.transport.TLSHandshakeTimeout = 20 * time.Millisecond
		}, 3, 3, false},
		{"TLS record spoiled after the request", func(t *testing.T, n *network) {
			server := quietTLSServer(t, nil)
			config := &tls.Config{Certificates: server.TLS.Certificates}
			n.transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			n.base = "https://" + listen(t, func(raw net.Conn) {
				readRequest(tls.Server(raw, config))
				n.hits.Add(1)
				raw.Write([]byte{23, 3, 3, 0xff, 0xff})
				io.Copy(io.Discard, raw)
				raw.Close()
			})
		}, 1, 3, true},
		{"reset after the request", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) { readRequest(conn); n.hits.Add(1); abort(conn) })
		}, 1, 3, true},
		{"EOF instead of an answer", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) { readRequest(conn); n.hits.Add(1); conn.Close() })
		}, 1, 3, true},
		{"no answer in time", func(t *testing.T, n *network) {
			n.timeout = 50 * time.Millisecond
			n.base = "http://" + listen(t, func(conn net.Conn) { readRequest(conn); n.hits.Add(1); io.Copy(io.Discard, conn); conn.Close() })
		}, 1, 3, true},
		{"no header in time", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) { readRequest(conn); n.hits.Add(1); io.Copy(io.Discard, conn); conn.Close() })
			n.transport.ResponseHeaderTimeout = 20 * time.Millisecond
		}, 1, 3, true},
		{"body cut off", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) {
				readRequest(conn)
				n.hits.Add(1)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"+orderJSON[:20])
				conn.Close()
			})
		}, 1, 3, true},
		{"chunks cut off", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) {
				readRequest(conn)
				n.hits.Add(1)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":\"a\r\n")
				conn.Close()
			})
		}, 1, 3, true},
		{"no HTTP", func(t *testing.T, n *network) {
			n.base = "http://" + listen(t, func(conn net.Conn) {
				readRequest(conn)
				n.hits.Add(1)
				io.WriteString(conn, "SSH-2.0-x\r\n")
				conn.Close()
			})
		}, 1, 3, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := &network{transport: transport.New(), hits: new(atomic.Int32)}
			n.transport.Proxy = nil
			tt.start(t, n)
			policy := RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond, AttemptTimeout: n.timeout}
			for kind, hc := range map[string]*http.Client{
				"transport": {Transport: n.transport},
				"client":    {Transport: n.transport, Timeout: time.Hour}, // goes through http.Client.Do
			} {
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
				assert.False(t, transport.OutcomeUnknown, "%s: a read is repeated, not settled", kind)

				_, err = c.PlaceOrder(t.Context(), tenKg)
				transport = as[*TransportError](t, err)
				assert.Equal(t, tt.safe, transport.Attempts, "%s: PlaceOrder: %v", kind, err)
				assert.Equal(t, tt.unknown, transport.OutcomeUnknown, "%s: %v", kind, err)
			}
		})
	}
}

// A keep-alive connection that the server closes at the wrong moment must not
// make net/http repeat what may not be repeated.
func TestStaleConnectionDoesNotRepeatAnUnsafeRequest(t *testing.T) {
	var posts atomic.Int32
	addr := listen(t, func(conn net.Conn) {
		readRequest(conn) // GetOrder
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"+`{"id":"x"}`)
		readRequest(conn) // CreateCheckoutSession, and then the connection dies
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
