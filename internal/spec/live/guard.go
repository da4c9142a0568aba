package live

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var (
	errRefused = errors.New("the guard sends only GET requests and quotes")
	errBound   = errors.New("the limit on the number of requests is reached")
)

// guard is the transport that sends all requests. It refuses those that could
// change or cost something, and those beyond the limit on their number.
type guard struct {
	next http.RoundTripper
	base *url.URL
	left int
}

var quotePath = regexp.MustCompile(`^/quotes(/[a-z-]+)?$`)

// RoundTrip sends a request if it is harmless.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case !g.harmless(r):
		return nil, errRefused
	case g.left <= 0:
		return nil, errBound
	}
	g.left--
	return g.next.RoundTrip(r)
}

func (g *guard) harmless(r *http.Request) bool {
	path, below := strings.CutPrefix(r.URL.EscapedPath(), g.base.EscapedPath())
	if !below || !strings.HasPrefix(path, "/") || r.URL.Scheme != g.base.Scheme || r.URL.Host != g.base.Host {
		return false
	}
	switch r.Method {
	case http.MethodGet:
		return r.Body == nil || r.Body == http.NoBody
	case http.MethodPost:
		return quotePath.MatchString(path)
	}
	return false
}
