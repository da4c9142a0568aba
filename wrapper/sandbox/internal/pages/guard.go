package pages

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// requireSameOrigin refuses forms that a page of another site sends. A program
// that is not a browser may use the buttons too, without a key: a sandbox holds
// nothing of value.
func (s *Site) requireSameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.showMessage(w, http.StatusForbidden, "Another site sent this form",
			"The buttons work only on the sandbox's own pages. Nothing was changed.")
	}))
	return protection.Handler(next)
}

// requireOwnHost refuses a Host header that somebody else's web page could have
// caused: with a name that resolves to this machine (DNS rebinding), such a page
// could read these pages and press their buttons. That is not possible with an
// IP address, with localhost, or with the host of the sandbox's own URL.
func (s *Site) requireOwnHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, own := hostName(r.Host), ""
		if u, err := url.Parse(s.BaseURL); err == nil {
			own = u.Hostname()
		}
		if net.ParseIP(host) == nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, own) {
			s.showMessage(w, http.StatusMisdirectedRequest, "This is not the sandbox's host name",
				"Open the pages under an IP address, under localhost, or under the host of the sandbox's own URL, "+
					"which WithBaseURL sets, or the program's flag -base-url.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName returns a Host header without port and brackets.
func hostName(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}
