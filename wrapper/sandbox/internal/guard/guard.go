// Package guard refuses requests that somebody else's web page may have caused in
// a browser on this machine.
package guard

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Refuse answers a request that is refused.
type Refuse func(w http.ResponseWriter, status int, title, text string)

// SameOrigin refuses requests that change something and that a page of another
// site sends. A program that is not a browser may send them without a key: a
// sandbox holds nothing of value.
func SameOrigin(next http.Handler, refuse Refuse) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "Another site sent this request",
			"Only the sandbox's own pages, and programs that are not browsers, can change something. Nothing was changed.")
	}))
	return protection.Handler(next)
}

// OwnHost refuses a Host header that somebody else's web page could have caused:
// with a name that resolves to this machine (DNS rebinding), such a page could
// read what the sandbox serves. That is not possible with an IP address, with
// localhost, or with the host of the sandbox's own URL.
func OwnHost(baseURL string, next http.Handler, refuse Refuse) http.Handler {
	own := ""
	if u, err := url.Parse(baseURL); err == nil {
		own = u.Hostname()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostName(r.Host)
		if net.ParseIP(host) == nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, own) {
			refuse(w, http.StatusMisdirectedRequest, "This is not the sandbox's host name",
				"Use an IP address, localhost, or the host of the sandbox's own URL, "+
					"which WithBaseURL sets, or the program's flag -base-url.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Loopback refuses requests from other machines. A request without an address did
// not come over a network.
func Loopback(next http.Handler, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := net.ParseIP(hostName(r.RemoteAddr)); r.RemoteAddr != "" && (ip == nil || !ip.IsLoopback()) {
			refuse(w, http.StatusForbidden, "This request came from another machine", "Send it from the machine that the sandbox runs on, or take requests from others with WithRemoteControl, or the program's flag -remote-control.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName returns a host without its port and brackets.
func hostName(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}
