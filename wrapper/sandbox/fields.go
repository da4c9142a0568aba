package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is the largest number of characters of a name, a description or metadata.
const maxText = 512

// fields reads the members of a JSON body and collects the errors in each of them.
// Members that are not read are ignored.
type fields struct {
	values map[string]json.RawMessage
	errors map[string][]string
}

// readFields returns the members of the body, or the answer that refuses the request
// if the body is not a JSON object.
func readFields(r *http.Request) (*fields, *answer) {
	f := &fields{}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != typeJSON && !strings.HasSuffix(mediaType, "+json") {
		f.refuse("body", "must be JSON, with the Content-Type "+typeJSON)
		return nil, f.refusal()
	}
	if err := json.Unmarshal(exchangeOf(r).body, &f.values); err != nil || f.values == nil {
		f.refuse("body", "must be a JSON object")
		return nil, f.refusal()
	}
	return f, nil
}

// refuse records an error in a member.
func (f *fields) refuse(name, complaint string) {
	if f.errors == nil {
		f.errors = make(map[string][]string)
	}
	f.errors[name] = append(f.errors[name], complaint)
}

// refusal returns the answer that lists the recorded errors, or nil if there are none.
func (f *fields) refusal() *answer {
	if len(f.errors) == 0 {
		return nil
	}
	return invalidParameters(f.errors)
}

// has reports whether the body has a member that is not null.
func (f *fields) has(name string) bool {
	v, ok := f.values[name]
	return ok && !bytes.Equal(v, []byte("null"))
}

// require is like has, but refuses the member if the body does not have it.
func (f *fields) require(name string) bool {
	if !f.has(name) {
		f.refuse(name, "is required")
		return false
	}
	return true
}

// number reads a required number. It refuses one that is too large for a float64
// to hold exactly.
func (f *fields) number(name string) (decimal, bool) {
	if !f.require(name) {
		return decimal{}, false
	}
	var n json.Number
	raw := f.values[name]
	if raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
		f.refuse(name, "must be a number")
		return decimal{}, false
	}
	v, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || math.Abs(v) > maxExact {
		f.refuse(name, "is too large")
		return decimal{}, false
	}
	return newDecimal(v), true
}

// wholePositive reads a required whole number above 0.
func (f *fields) wholePositive(name string) decimal {
	n := f.positive(name)
	if n.value > 0 && !n.exact.IsInt() {
		f.refuse(name, "must be a whole number")
	}
	return n
}

// positive reads a required number above 0.
func (f *fields) positive(name string) decimal {
	n, ok := f.number(name)
	if ok && n.value <= 0 {
		f.refuse(name, "must be greater than 0")
	}
	return n
}

// notNegative reads a required number that may be 0.
func (f *fields) notNegative(name string) decimal {
	n, ok := f.number(name)
	if ok && n.value < 0 {
		f.refuse(name, "must not be negative")
	}
	return n
}

// text reads an optional string. It returns nil if the member is absent or null.
func (f *fields) text(name string) *string {
	if !f.has(name) {
		return nil
	}
	var s string
	if json.Unmarshal(f.values[name], &s) != nil {
		f.refuse(name, "must be a string")
		return nil
	}
	return &s
}

// shortText is text of at most maxText characters.
func (f *fields) shortText(name string) *string {
	s := f.text(name)
	if s != nil && utf8.RuneCountInString(*s) > maxText {
		f.refuse(name, fmt.Sprintf("must have at most %d characters", maxText))
	}
	return s
}

// orNone returns nil for an empty string, because the vendor's own example programs
// send an empty string for a member that they leave out.
func orNone(s *string) *string {
	if s == nil || *s == "" {
		return nil
	}
	return s
}

// requiredText reads a required string that is not empty.
func (f *fields) requiredText(name string) string {
	if !f.require(name) {
		return ""
	}
	s := f.text(name)
	if s == nil {
		return ""
	}
	if strings.TrimSpace(*s) == "" {
		f.refuse(name, "must not be empty")
	}
	return *s
}

// oneOf reads an optional string that must be one of values.
func (f *fields) oneOf(name string, values ...string) string {
	s := f.text(name)
	if s == nil {
		return ""
	}
	if !slices.Contains(values, *s) {
		f.refuse(name, "must be one of "+strings.Join(values, ", "))
	}
	return *s
}

// returnURL reads a required absolute https URL. With loopback, it also accepts a
// plain http URL of this machine, so that a shop in development needs no TLS.
func (f *fields) returnURL(name string, loopback bool) string {
	s := f.requiredText(name)
	if s == "" || absoluteURL(s, "https") {
		return s
	}
	if u, err := url.Parse(s); err == nil && loopback && absoluteURL(s, "http") && loopbackHost(u.Hostname()) {
		return s
	}
	f.refuse(name, "must be an absolute https URL")
	return s
}

// notificationURL reads notification_config.url. It returns nil if there is no
// notification_config.
func (f *fields) notificationURL() *string {
	const name = "notification_config"
	if !f.has(name) {
		return nil
	}
	inner := &fields{}
	if json.Unmarshal(f.values[name], &inner.values) != nil {
		f.refuse(name, "must be an object")
		return nil
	}
	s := inner.requiredText("url")
	if s != "" && !absoluteURL(s, "https", "http") {
		inner.refuse("url", "must be an absolute http or https URL")
	}
	for _, complaint := range inner.errors["url"] {
		f.refuse(name+".url", complaint)
	}
	return &s
}

// absoluteURL reports whether s is an absolute URL with one of the schemes.
func absoluteURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != ""
}
