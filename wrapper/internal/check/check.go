// Package check validates input before it is put into a URL or a header. A function
// that returns a string returns what is wrong, such as "is empty", or "".
package check

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const notPrintable = "contains characters outside printable ASCII"

// ID refuses ids that would turn a path into that of another endpoint.
func ID(id string) string {
	switch {
	case id == "":
		return "is empty"
	case !Segment(url.PathEscape(id)):
		return fmt.Sprintf("is %.100q, which names another endpoint", id)
	case strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return "contains control characters"
	}
	return ""
}

// Path reports whether every segment of an escaped path is valid.
func Path(escaped string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(escaped, "/"), "/") {
		if !Segment(segment) {
			return false
		}
	}
	return true
}

// Segment reports whether an escaped segment is valid. Empty and dot segments, also
// escaped or after an escaped separator, are not, because URL libraries, proxies and
// servers may remove them. With the id "..", for instance, DELETE
// /subaccounts/{id}/logo would become DELETE /logo.
func Segment(escaped string) bool {
	segment, err := url.PathUnescape(escaped)
	if err != nil {
		return false
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(segment, `\`, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// HeaderValue refuses values that are not field content (RFC 9110, section 5.5) or
// not ASCII.
func HeaderValue(v string) string {
	switch {
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		return notPrintable
	case strings.TrimSpace(v) != v:
		return "begins or ends with white space"
	}
	return ""
}

// IsToken reports whether a name is a token of RFC 9110, section 5.6.2.
func IsToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// KeyTooLong is the reason for an idempotency key that is longer than the API allows.
const KeyTooLong = "has more than 512 characters"

// IdempotencyKey refuses keys that the API refuses, or that a header field cannot
// contain unchanged.
func IdempotencyKey(key string) string {
	switch {
	case key == "":
		return "is empty"
	case utf8.RuneCountInString(key) > 512:
		return KeyTooLong
	case strings.Contains(key, "\t"):
		return notPrintable
	}
	return HeaderValue(key)
}

// APIKey refuses keys that cannot be valid, for instance because of a mistake when
// the key was pasted.
func APIKey(key string) string {
	switch {
	case key == "":
		return "is empty"
	case strings.TrimSpace(key) != key:
		return "begins or ends with white space (a line break?)"
	case strings.Contains(key, " "):
		return `contains a space (leave out "Bearer")`
	}
	return HeaderValue(key)
}

// BaseURL parses the URL to which all paths are appended, and removes trailing
// slashes. Plain http is allowed only for this machine, unless insecure is set.
func BaseURL(raw string, insecure bool) (u *url.URL, reason string) {
	u, err := url.Parse(raw)
	switch {
	case strings.TrimSpace(raw) != raw:
		return nil, "begins or ends with white space"
	case err != nil:
		return nil, "is not a URL such as https://api.cnaught.com/v1"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "is not an absolute http or https URL such as https://api.cnaught.com/v1"
	case u.Hostname() == "":
		return nil, "has no host"
	case !isPort(u.Port()):
		return nil, "has a port that is not 1 to 65535"
	case u.User != nil:
		return nil, "contains credentials"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, "has a query or a fragment"
	case u.Scheme == "http" && !insecure && !IsLoopback(u.Hostname()):
		return nil, "uses plain http to a host that is not loopback, so the API key would travel unencrypted: use https, or WithInsecureHTTP"
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	if u.Path != "" && !Path(u.EscapedPath()) {
		return nil, "has an empty or dot segment in its path"
	}
	if !strings.Contains(u.Host, "%") { // the zone of an IPv6 address is case-sensitive
		u.Host = strings.ToLower(u.Host)
	}
	return u, ""
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
