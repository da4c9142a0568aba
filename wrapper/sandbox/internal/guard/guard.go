// Package guard refuses requests that the web page of another site may have made in a
// browser on this machine.
package guard

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Refuse writes the answer to a request that is refused.
type Refuse func(w http.ResponseWriter, status int, title, text string)

// SameOrigin refuses requests from pages of other sites that would change something.
// Programs that are not browsers may send such requests, even without a key, because a
// sandbox holds nothing of value.
func SameOrigin(next http.Handler, refuse Refuse) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "Another site sent this request",
			"Only the sandbox's own pages and programs that are not browsers can make changes. Nothing was changed.")
	}))
	return protection.Handler(next)
}

// OwnHost protects against DNS rebinding, in which the page of another site reads data
// of the sandbox through the site's host name, after it was made to resolve to this
// machine. OwnHost accepts only requests whose Host is an IP address, localhost, or the
// host of the base URL.
func OwnHost(baseURL string, next http.Handler, refuse Refuse) http.Handler {
	own := ""
	if u, err := url.Parse(baseURL); err == nil {
		own = u.Hostname()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostName(r.Host)
		if net.ParseIP(host) == nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, own) {
			refuse(w, http.StatusMisdirectedRequest, "This is not the sandbox's host name",
				"Use an IP address, localhost, or the host of the sandbox's own URL. "+
					"WithBaseURL or the program's flag -base-url sets that URL.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Loopback refuses requests from other machines. It accepts requests without a remote
// address, because they did not come over a network.
func Loopback(next http.Handler, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := net.ParseIP(hostName(r.RemoteAddr)); r.RemoteAddr != "" && (ip == nil || !ip.IsLoopback()) {
			refuse(w, http.StatusForbidden, "This request came from another machine", "Send it from the machine that the sandbox runs on, or allow requests from other machines with WithRemoteControl or the program's flag -remote-control.")
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
