package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
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
)

// Whatever ends the attempt before there is a connection, nothing was sent.
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

// replaceDefaultTransport puts a mock in place until the test ends.
func replaceDefaultTransport(t *testing.T, mock http.RoundTripper) {
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	http.DefaultTransport = mock
}

// A mock that is put in place after the client was made gets its calls: a test
// must not buy.
func TestMocksThatComeLater(t *testing.T) {
	real := play(breakWith(errReset))
	for name, start := range map[string]func(t *testing.T, mock http.RoundTripper) *Client{
		"http.DefaultTransport, for a client without an http.Client": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase)
			replaceDefaultTransport(t, mock)
			return c
		},
		"http.DefaultTransport, for an http.Client without a Transport": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithHTTPClient(&http.Client{}))
			replaceDefaultTransport(t, mock)
			return c
		},
		"http.DefaultTransport, below middleware": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithMiddleware(passOn))
			replaceDefaultTransport(t, mock)
			return c
		},
		"the Transport of the http.Client": func(t *testing.T, mock http.RoundTripper) *Client {
			hc := &http.Client{Transport: real}
			c := newTestClient(t, testBase, WithHTTPClient(hc))
			hc.Transport = mock
			return c
		},
		"http.DefaultClient": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithHTTPClient(http.DefaultClient))
			before := http.DefaultClient.Transport
			t.Cleanup(func() { http.DefaultClient.Transport = before })
			http.DefaultClient.Transport = mock
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range actingCalls {
				mock := play(reply(201, call.answer))
				t.Run(call.name, func(t *testing.T) {
					assert.NoError(t, call.call(t.Context(), start(t, mock)))
					assert.Equal(t, 1, mock.count())
				})
			}
		})
	}
	assert.Zero(t, real.count())
}

// The http.Client is asked at each attempt, not at each call.
func TestHTTPClientIsAskedAtEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hc := new(http.Client)
		second := play(hang)
		hc.Transport = silent(func(req *http.Request) (*http.Response, error) {
			hc.Transport, hc.Timeout = second, 2*time.Second
			hc.Jar, _ = cookiejar.New(nil)
			hc.Jar.SetCookies(req.URL, []*http.Cookie{{Name: "route", Value: "b"}})
			return reply(503, ``)(req)
		})
		c := newClient(t, nil, WithHTTPClient(hc), quick(2))
		_, err := c.GetOrder(t.Context(), "x")
		assert.ErrorContains(t, err, "no whole answer within 2s")
		require.Equal(t, 1, second.count())
		assert.Equal(t, "route=b", second.requests()[0].header.Get("Cookie"))
	})
}

// A Location that is no URL makes net/http's client fail where it follows
// redirects. This one does not.
func TestMalformedLocationWithACookieJar(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for _, location := range []string{"http://[::1", "%zz", ":", "http://a b/", "\x7f"} {
		for _, hc := range []*http.Client{{Jar: jar}, {}, {Jar: jar, Timeout: time.Minute}} {
			rt := play(reply(302, ``, "Location", location))
			hc.Transport = rt
			c := newClient(t, nil, WithHTTPClient(hc))
			_, err := c.GetOrder(t.Context(), "x")
			assert.Equal(t, 302, as[*Error](t, err).StatusCode, location)
			assert.Equal(t, 1, rt.count(), location)
			_, err = c.PlaceOrder(t.Context(), tenKg)
			assert.Equal(t, 302, as[*Error](t, err).StatusCode, location)
			assert.ErrorIs(t, err, ErrOutcomeUnknown)
		}
	}
}

// Pings find a dead HTTP/2 connection within one attempt's time.
func TestForgottenHTTP2Connection(t *testing.T) {
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, orderJSON)
	}))
	backend.EnableHTTP2 = true
	backend.StartTLS()
	defer backend.Close()
	nat, err := loopback.NewNAT(backend.Listener.Addr().String())
	require.NoError(t, err)
	defer nat.Close()
	c := newTestClient(t, "https://"+nat.Addr()+"/v1", WithRetryPolicy(RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, AttemptTimeout: time.Minute}))
	defaults := *c.ownTransport.HTTP2
	assert.Positive(t, defaults.SendPingTimeout)
	assert.Positive(t, defaults.PingTimeout)
	assert.Less(t, defaults.SendPingTimeout+defaults.PingTimeout, DefaultRetryPolicy().AttemptTimeout)
	c.ownTransport.HTTP2.SendPingTimeout, c.ownTransport.HTTP2.PingTimeout = 50*time.Millisecond, 50*time.Millisecond
	c.ownTransport.TLSClientConfig.RootCAs = backend.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	var r Response
	_, err = c.GetOrder(t.Context(), "Gre28Fc35bt3")
	require.NoError(t, err)

	for round := range 2 {
		nat.Forget()
		begun := time.Now()
		_, err = c.PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err, round)
		assert.Less(t, time.Since(begun), 10*time.Second, "of a minute for each attempt")
		_, err = c.PlaceOrder(t.Context(), tenKg, WithResponse(&r))
		require.NoError(t, err)
		assert.Equal(t, 1, r.Attempts, "the next call has a living connection")
	}
	nat.Forget()
	_, err = c.CreateCheckoutSession(t.Context(), anySession, WithResponse(&r))
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "it may have arrived")
	assert.Equal(t, 1, r.Attempts)
}
