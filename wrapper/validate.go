package cnaught

import (
	"fmt"
	"math"
	"net/url"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
)

// maxText is the API's limit on names, descriptions and metadata, in
// characters.
const maxText = 512

// input collects the first complaint about the input of an operation. It
// refuses what the API documents as wrong; where the documentation is unsure,
// such as on fractions of a kilogram, the API decides.
type input struct {
	op  string
	err error
}

func (in *input) refuse(field, format string, args ...any) {
	if in.err == nil {
		in.err = &InvalidRequestError{in.op, field, fmt.Sprintf(format, args...)}
	}
}

func (in *input) id(field, id string) {
	if err := checkID(in.op, field, id); err != nil && in.err == nil {
		in.err = err
	}
}

// positive takes amounts, distances and areas. Zero stands for a member that
// was forgotten.
func (in *input) positive(field string, v float64) {
	if !(v > 0) || math.IsInf(v, 1) {
		in.refuse(field, "is %v, not a positive number", v)
	}
}

func (in *input) required(field, text string) {
	if text == "" {
		in.refuse(field, "is empty")
	}
	in.text(field, text)
}

func (in *input) text(field, text string) {
	if !utf8.ValidString(text) { // JSON would carry another text
		in.refuse(field, "is not valid UTF-8")
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		in.refuse(field, "has %d characters, more than %d", n, maxText)
	}
}

// httpsURL: the API accepts absolute https URLs only where it sends customers.
func (in *input) httpsURL(field, raw string) {
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" || u.Host == "" {
		in.refuse(field, "is %q, not an absolute https URL", quote(raw))
	}
}

func (in *input) absoluteURL(field, raw string) {
	if u, err := url.Parse(raw); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		in.refuse(field, "is %q, not an absolute http or https URL", quote(raw))
	}
}

func (in *input) notification(n *api.NotificationConfig) {
	if n != nil {
		in.absoluteURL("notification_config.url", n.URL)
	}
}
