package cnaught

import (
	"fmt"
	"math"
	"net/url"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
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

// refuseIf refuses a field if there is a reason to.
func (call *call) refuseIf(field, reason string) {
	if reason != "" {
		call.refuse(field, "%s", reason)
	}
}

// id refuses ids that would make the path another endpoint's.
func (call *call) id(field, id string) { call.refuseIf(field, check.ID(id)) }

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
		call.refuse(field, "is %q, not an absolute https URL", sanitize.Text(raw))
	}
}

// mayLeadTo reports whether the API may send a person or this client to a URL: an
// absolute https URL or, if the API runs on this machine, plain http to it.
func (c *Client) mayLeadTo(u *url.URL) bool {
	return u.Host != "" && (u.Scheme == "https" ||
		u.Scheme == "http" && check.IsLoopback(u.Hostname()) && check.IsLoopback(c.base.Hostname()))
}

func (call *call) absoluteURL(field, raw string) {
	if u, err := url.Parse(raw); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		call.refuse(field, "is %q, not an absolute http or https URL", sanitize.Text(raw))
	}
}

func (call *call) notification(n *api.NotificationConfig) {
	if n != nil {
		call.absoluteURL("notification_config.url", n.URL)
	}
}
