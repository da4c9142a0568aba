package cnaught

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Attempt says which request of which call a transport is about to send; see
// [AttemptFrom].
type Attempt struct {
	Call           string // the method that was called, such as PlaceOrder
	Operation      string // operationId, such as SubmitOrder
	HTTPMethod     string
	PathTemplate   string // such as /orders/{id}
	IdempotencyKey string // empty for operations without
	Number         int    // 1 for the first attempt of the call
}

// AttemptFrom returns the attempt that a request's context belongs to, for a
// transport that names a span or counts attempts; false for a request of
// another client.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	if u, ok := ctx.Value(attemptKey{}).(*attemptContext); ok {
		return u.Attempt, true
	}
	return Attempt{}, false
}

// NotSent marks the error of a transport that sent nothing, such as an open
// circuit breaker or a rate limiter that gave up. Without it, an error of a
// transport that is not net/http's own leaves the outcome of a purchase unknown.
func NotSent(err error) error { return &notSentError{err} }

type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

// sending says how far an attempt came. That is more than an error says: one
// type stands for a reset in the TLS handshake and for a reset after the
// request, and net/http sends a request with an Idempotency-Key again by itself
// when a kept connection breaks, but reports the last sending alone.
type sending uint8

const (
	sentPerhaps sending = iota // nothing below the client says more
	sentNever                  // there was no connection
	sentOnce                   // there was one
	sentAgain                  // there was more than one: sent, perhaps acted on, and sent again
)

// attemptContext is the context of one attempt. It travels to the innermost
// transport, which records there what is sent.
type attemptContext struct {
	context.Context
	Attempt
	op          *endpoint
	asked       atomic.Bool  // a transport looked for a connection
	connections atomic.Int32 // and had as many
	foreign     atomic.Bool  // the transport is not net/http's own
}

type attemptKey struct{}

func (a *attemptContext) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func (call *call) underway(ctx context.Context) *attemptContext {
	return &attemptContext{Context: ctx, op: call.op, Attempt: Attempt{
		Call:           call.name,
		Operation:      call.op.ID,
		HTTPMethod:     call.op.Method,
		PathTemplate:   call.op.Path,
		IdempotencyKey: call.key,
		Number:         call.attempts,
	}}
}

// sending reads err only if no answer came and the call's context has not
// ended: the cause of a context may be anybody's error. Only net/http's own
// transport is trusted to report every connection; another one may have sent the
// request in a way that nobody sees, unless it says NotSent.
func (a *attemptContext) sending(r *result, err error, callEnded bool) sending {
	var (
		notSent *notSentError
		dial    *net.OpError
	)
	switch connections := a.connections.Load(); {
	case connections > 1:
		return sentAgain
	case connections == 1:
		return sentOnce
	case a.asked.Load() && !a.foreign.Load():
		return sentNever
	case r.resp != nil || callEnded:
		return sentPerhaps
	case errors.As(err, &notSent):
		return sentNever
	case a.asked.Load() && errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"):
		return sentNever
	}
	return sentPerhaps
}

// innermost is the transport below all middleware.
type innermost struct{ c *Client }

// RoundTrip asks the http.Client for its Transport and Jar at each attempt,
// since test doubles are put in place after the client was made. Redirects are
// not followed, because a redirected call would take the credentials along.
func (t innermost) RoundTrip(req *http.Request) (*http.Response, error) {
	transport, jar := t.c.network()
	if a, ok := req.Context().Value(attemptKey{}).(*attemptContext); ok {
		_, own := transport.(*http.Transport)
		a.foreign.Store(!own)
		if a.op.canActTwice() || a.op.removesResource() || !own && t.c.logger != nil {
			req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
				GetConn: func(string) { a.asked.Store(true) },
				GotConn: func(httptrace.GotConnInfo) { a.connections.Add(1) },
			}))
		}
	}
	if jar == nil {
		return transport.RoundTrip(req)
	}
	for _, cookie := range jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		if cookies := resp.Cookies(); len(cookies) > 0 {
			jar.SetCookies(req.URL, cookies)
		}
	}
	return resp, err
}

// network returns what the caller's http.Client holds now. Without one, it is
// the client's own transport, unless the program has replaced
// http.DefaultTransport by something of another kind: a test that puts a mock
// there must not buy.
func (c *Client) network() (http.RoundTripper, http.CookieJar) {
	if c.httpClient != nil && c.httpClient.Transport != nil {
		return c.httpClient.Transport, c.httpClient.Jar
	}
	if c.httpClient != nil {
		return http.DefaultTransport, c.httpClient.Jar
	}
	if _, own := http.DefaultTransport.(*http.Transport); !own {
		return http.DefaultTransport, nil
	}
	return c.ownTransport, nil
}

// attemptTimeout lets the Timeout of the caller's http.Client bound the attempt.
func (c *Client) attemptTimeout(policy *RetryPolicy) time.Duration {
	if c.httpClient != nil && c.httpClient.Timeout > 0 {
		return min(policy.AttemptTimeout, c.httpClient.Timeout)
	}
	return policy.AttemptTimeout
}

// warnOfResending speaks up about a transport that retries by itself, or
// follows redirects: it sends more requests than the policy allows, and takes
// the API key along.
func (call *call) warnOfResending(a *attemptContext) {
	n := a.connections.Load()
	if n < 2 || !a.foreign.Load() || call.client.logger == nil {
		return
	}
	call.client.logger.LogAttrs(call.ctx, slog.LevelWarn, "cnaught: the transport sends more requests than it was asked to",
		slog.String("call", call.name), slog.String("operation", call.op.ID), slog.Int("attempt", call.attempts), slog.Int("requests", int(n)))
}

// newTransport differs from http.DefaultTransport in its time limits and in
// keeping a connection for each of 64 parallel calls, where net/http keeps two
// and closes the rest after every use. Pings find an HTTP/2 connection that died
// in silence, for instance because a NAT forgot its flow, well within the
// default timeout of an attempt.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   64,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
}
