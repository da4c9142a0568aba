package cnaught

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

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
