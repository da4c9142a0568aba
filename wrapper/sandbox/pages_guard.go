package sandbox

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// sameOrigin refuses forms that a page of another site sends. A program that is
// no browser may press the buttons too, without the key: a sandbox holds
// nothing of value.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.showTrouble(w, http.StatusForbidden, "Another site sent this form",
			"The buttons work only from the sandbox's own pages. Nothing was changed.")
	}))
	return protection.Handler(next)
}

// ownHost refuses a Host that a web page of somebody else could have made up:
// a name that resolves to this machine (DNS rebinding) would let that page
// read these pages and press their buttons. An address can't be made up, and
// the host of the sandbox's own URL is known.
func (s *Server) ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, own := hostName(r.Host), ""
		if u, err := url.Parse(s.baseURL); err == nil {
			own = u.Hostname()
		}
		if net.ParseIP(host) == nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, own) {
			s.showTrouble(w, http.StatusMisdirectedRequest, "This is not the sandbox's host name",
				"The pages answer to an IP address, to localhost and to the host of the sandbox's own URL, "+
					"which WithBaseURL, or -base-url of the program, sets.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName is the Host header without port and brackets.
func hostName(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}
