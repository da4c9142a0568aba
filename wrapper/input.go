package cnaught

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
)

// maxText is the API's limit on names, descriptions and metadata, in
// characters.
const maxText = 512

// refuse keeps the first complaint about the input of a call. The checks below
// refuse what the API documents as wrong; where the documentation is unsure,
// such as on fractions of a kilogram, the API decides.
func (call *call) refuse(field, format string, args ...any) {
	if call.err == nil {
		call.err = &InvalidRequestError{call.name, field, fmt.Sprintf(format, args...)}
	}
}

// id refuses ids that would make the path another endpoint's.
func (call *call) id(field, id string) {
	if reason := checkID(id); reason != "" {
		call.refuse(field, "%s", reason)
	}
}

// positive checks amounts, distances and areas. Zero stands for a member that
// was forgotten.
func (call *call) positive(field string, v float64) {
	if !(v > 0) || math.IsInf(v, 1) {
		call.refuse(field, "is %v, not a positive number", v)
	}
}

func (call *call) required(field, text string) {
	if text == "" {
		call.refuse(field, "is empty")
	}
	call.text(field, text)
}

func (call *call) text(field, text string) {
	if !utf8.ValidString(text) { // encoding/json would send another text
		call.refuse(field, "is not valid UTF-8")
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		call.refuse(field, "has %d characters, more than %d", n, maxText)
	}
}

// returnURL checks where the API sends a customer: it accepts absolute https
// URLs only, and the sandbox plain http to this machine.
func (call *call) returnURL(field, raw string) {
	if u, err := url.Parse(raw); err != nil || !call.client.mayLeadTo(u) {
		call.refuse(field, "is %q, not an absolute https URL", quote(raw))
	}
}

func (call *call) absoluteURL(field, raw string) {
	if u, err := url.Parse(raw); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		call.refuse(field, "is %q, not an absolute http or https URL", quote(raw))
	}
}

func (call *call) notification(n *api.NotificationConfig) {
	if n != nil {
		call.absoluteURL("notification_config.url", n.URL)
	}
}

// checkID says what is wrong with an id, if anything is.
func checkID(id string) string {
	switch {
	case id == "":
		return "is empty"
	case !validSegment(url.PathEscape(id)):
		return fmt.Sprintf("is %q, which names another endpoint", quote(id))
	case strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return "contains control characters"
	}
	return ""
}

// validSegment refuses what a URL library, a proxy or a server may resolve
// away: empty and dot segments, escaped or not, and also behind an escaped
// separator. Without this check the id ".." turns DELETE /subaccounts/{id}/logo
// into DELETE /logo.
func validSegment(escaped string) bool {
	segment := escaped
	if strings.IndexByte(escaped, '%') >= 0 {
		var err error
		if segment, err = url.PathUnescape(escaped); err != nil {
			return false
		}
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(segment, `\`, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// checkHeaderValue says what is wrong with a header value: it allows what
// RFC 9110, section 5.5, calls field content, in ASCII.
func checkHeaderValue(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
		return "contains characters outside printable ASCII"
	}
	if strings.TrimSpace(v) != v {
		return "begins or ends with white space"
	}
	return ""
}

// checkIdempotencyKey refuses, beyond what the API does, what a header field
// cannot carry unchanged.
func checkIdempotencyKey(key string) string {
	switch {
	case key == "":
		return "is empty"
	case utf8.RuneCountInString(key) > maxIdempotencyKey:
		return reasonKeyTooLong
	case strings.Contains(key, "\t"):
		return "contains characters outside printable ASCII"
	}
	return checkHeaderValue(key)
}
