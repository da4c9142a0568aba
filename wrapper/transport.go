package cnaught

import (
	"net/http"
	"net/http/httptrace"
	"time"
)

// innermost is the transport below all middleware.
type innermost struct{ c *Client }

// RoundTrip asks the http.Client for its Transport and Jar at each attempt,
// because tests replace them after the client was made. Redirects are
// not followed, because a redirected call would take the credentials along.
func (t innermost) RoundTrip(req *http.Request) (*http.Response, error) {
	base, jar := t.c.baseTransport()
	if a, ok := req.Context().Value(attemptKey{}).(*attemptContext); ok {
		_, own := base.(*http.Transport)
		a.custom.Store(!own)
		// Only these look at what was sent, and httptrace costs allocations.
		if a.op.canActTwice() || a.op.removesResource() || !own && t.c.logger != nil {
			req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
				GetConn: func(string) { a.asked.Store(true) },
				GotConn: func(httptrace.GotConnInfo) { a.connections.Add(1) },
			}))
		}
	}
	if jar == nil {
		return base.RoundTrip(req)
	}
	for _, cookie := range jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	resp, err := base.RoundTrip(req)
	if err == nil {
		if cookies := resp.Cookies(); len(cookies) > 0 {
			jar.SetCookies(req.URL, cookies)
		}
	}
	return resp, err
}

// baseTransport returns what the caller's http.Client holds now. Without one, it is
// the client's own transport, unless the program has replaced
// http.DefaultTransport by something of another kind: a test that puts a mock
// there must not buy.
func (c *Client) baseTransport() (http.RoundTripper, http.CookieJar) {
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
