package cnaught

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// testKey is as long as a real key, so that it is masked like one.
const testKey = "C0-sandbox-4Zr7Qm1xT9pWv2"

const (
	orderJSON      = `{"id":"Gre28Fc35bt3","order_number":"47726-53238","created_on":"2022-08-01T18:00:00.000000Z","amount_kg":10,"state":"placed","price_usd_cents":20,"project_allocations":[]}`
	sessionJSON    = `{"id":"zpQ6QSNRQh","amount_kg":100,"price_usd_cents":200,"state":"open","created_on":"2022-07-31T18:00:00.000000Z","expires_on":"2022-08-01T18:00:00.000000Z","completed_on":null}`
	subaccountJSON = `{"id":"5nubL0NS","name":"Marketing","email":"jane.doe@example.com","default_portfolio_id":"mHvNvWbq","logo_url":null,"created_on":"2023-08-01T18:00:00.000000Z"}`
	quoteJSON      = `{"amount_kg":10,"price_usd_cents":20}`
	notFoundJSON   = `{"type":"https://api.cnaught.com/v1/errors/not-found","title":"Could not find order","status":404}`
	concurrentJSON = `{"type":"https://api.cnaught.com/v1/errors/idempotency-concurrent-requests","title":"Concurrent","status":409}`
	mismatchJSON   = `{"type":"https://api.cnaught.com/v1/errors/idempotency-changed-payload","title":"Previous request submitted with same idempotency key had different payload","status":422}`
)

var (
	tenKg      = api.OrderCreate{AmountKg: 10}
	anySession = api.CheckoutSessionCreate{AmountKg: 100, SuccessURL: "https://shop.example/ok", CancelURL: "https://shop.example/no"}
)

// step is what a transport does with one request. As a transport of its own, it
// reports its connections as net/http does.
type step func(*http.Request) (*http.Response, error)

func (f step) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f(req)
	reportConnection(req, err)
	return resp, err
}

// silent is a transport that reports nothing to httptrace, as many transports of
// users do.
type silent func(*http.Request) (*http.Response, error)

func (f silent) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reportConnection tells httptrace what net/http would tell it: that a connection
// was asked for, and that there was one unless dialing failed.
func reportConnection(req *http.Request, err error) {
	trace := httptrace.ContextClientTrace(req.Context())
	if trace == nil || trace.GetConn == nil || trace.GotConn == nil {
		return
	}
	trace.GetConn(req.URL.Host)
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

// anyCall returns a call of an operation that is safe to repeat, after one attempt.
func anyCall(t testing.TB, c *Client) *call {
	call := c.newCall(t.Context(), "GetOrder", nil)
	call.op, call.attempts = &opGetOrderByID.endpoint, 1
	return call
}

// reply answers with a body, which is JSON unless the headers, given as names
// and values in turn, say otherwise.
func reply(status int, body string, headers ...string) step {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		if status/100 != 2 {
			h.Set("Content-Type", "application/problem+json")
		}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
		}, nil
	}
}

// replyBody answers with a body of unknown length.
func replyBody(status int, body io.Reader, headers ...string) step {
	return func(req *http.Request) (*http.Response, error) {
		resp, _ := reply(status, "", headers...)(req)
		resp.Body, resp.ContentLength = io.NopCloser(body), -1
		return resp, nil
	}
}

// breakWith fails without an answer.
func breakWith(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang answers as net/http does when the context ends before the answer comes.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, context.Cause(req.Context())
}

var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errRefused = dialError(syscall.ECONNREFUSED)
)

func dialError(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

// sent is a request as the transport got it.
type sent struct {
	method, url string
	header      http.Header
	body        []byte
	length      int64
	at          time.Time
}

// script is a transport that takes one step per request, and repeats the last
// one. It records the requests, and counts the bodies that are still open.
type script struct {
	bodies
	mu    sync.Mutex
	steps []step
	sent  []sent
}

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body bytes.Buffer
	if req.Body != nil {
		body.Grow(int(max(req.ContentLength, 0)) + bytes.MinRead)
		_, err := body.ReadFrom(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.sent = append(s.sent, sent{req.Method, req.URL.String(), req.Header.Clone(), body.Bytes(), req.ContentLength, time.Now()})
	next := s.steps[min(len(s.sent), len(s.steps))-1]
	s.mu.Unlock()
	resp, err := next(req)
	reportConnection(req, err)
	s.track(resp)
	return resp, err
}

func (s *script) requests() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// count returns the number of requests.
func (s *script) count() int { return len(s.requests()) }

// pauses returns the times between the requests.
func (s *script) pauses() []time.Duration {
	var d []time.Duration
	requests := s.requests()
	for i := 1; i < len(requests); i++ {
		d = append(d, requests[i].at.Sub(requests[i-1].at))
	}
	return d
}

// bodies counts the bodies of answers.
type bodies struct{ opened, closed atomic.Int32 }

// track counts the body of resp, if there is one, now and when it is closed.
func (b *bodies) track(resp *http.Response) {
	if resp != nil && resp.Body != nil {
		b.opened.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, of: b}
	}
}

// open returns how many bodies are not closed.
func (b *bodies) open() int { return int(b.opened.Load() - b.closed.Load()) }

type countedBody struct {
	io.ReadCloser
	of   *bodies
	once sync.Once
}

func (b *countedBody) Close() error {
	b.once.Do(func() { b.of.closed.Add(1) })
	return b.ReadCloser.Close()
}

const testBase = "https://api.test/v1"

// newClient returns a client that calls through rt, and that waits the whole backoff
// instead of a random part of it, so that times can be compared exactly.
func newClient(t testing.TB, rt http.RoundTripper, opts ...Option) *Client {
	t.Helper()
	opts = append([]Option{WithBaseURL(testBase), WithHTTPClient(&http.Client{Transport: rt})}, opts...)
	c, err := New(testKey, opts...)
	require.NoError(t, err)
	c.jitter = func(d time.Duration) time.Duration { return d }
	return c
}

// newTestClient returns a client of a server of the test.
func newTestClient(t testing.TB, base string, opts ...Option) *Client {
	t.Helper()
	c, err := New(testKey, append([]Option{WithBaseURL(base)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// errorOf drops the value of a call.
func errorOf[T any](_ T, err error) error { return err }

// quick retries without a pause, and with a budget that is never exhausted.
func quick(attempts int) Option {
	return WithRetryPolicy(RetryPolicy{
		MaxAttempts: attempts, BaseDelay: time.Microsecond, MaxDelay: time.Millisecond,
		Budget: RetryBudget{Capacity: 1e9},
	})
}

// as returns the error of type T in err's chain, or fails the test.
func as[T error](t testing.TB, err error) T {
	t.Helper()
	var target T
	require.ErrorAs(t, err, &target)
	return target
}

// pipeListener connects a client to a server without a network, so that both
// can live in a synctest bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servePipe returns a transport of net/http that leads to a server of net/http.
func servePipe(t *testing.T, h http.HandlerFunc) *http.Transport {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	transport := &http.Transport{DialContext: l.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-done
	})
	return transport
}

// pipeClient returns a client of a server that it reaches through pipes.
func pipeClient(t *testing.T, h http.HandlerFunc, opts ...Option) *Client {
	t.Helper()
	return newClient(t, servePipe(t, h), append([]Option{WithBaseURL("http://localhost/v1")}, opts...)...)
}

// logTo makes the client log to w from the level on, as text.
func logTo(w io.Writer, level slog.Level) Option {
	return WithLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

// lockedBuffer takes log lines from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// endless returns n bytes b without holding them in memory.
func endless(n int64, b byte) io.Reader {
	return io.LimitReader(repeating{bytes.Repeat([]byte{b}, 32<<10)}, n)
}

type repeating struct{ chunk []byte }

func (r repeating) Read(p []byte) (int, error) { return copy(p, r.chunk), nil }
