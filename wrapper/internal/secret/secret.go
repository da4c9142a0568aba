// Package secret keeps the API key out of everything that a program may print, such as
// errors, log lines, and headers and bodies in which a server repeats it.
package secret

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
)

const masked = "[masked]"

// minMaskable is the length of the shortest key that is masked. Masking the short keys
// of tests would make texts unreadable, and real keys are much longer.
const minMaskable = 6

// Secret holds a key in a closure, because no package prints the variables of a
// closure. A pointer to the key would not hide it: fmt follows pointers inside of
// values for a mismatched verb, such as %s for a struct, and packages that print values
// for debugging follow all pointers.
type Secret struct{ reveal func() string }

// New returns a Secret that hides key.
func New(key string) *Secret { return &Secret{func() string { return key }} }

// Mask replaces the key in a text.
func (s *Secret) Mask(text string) string {
	key := s.reveal()
	if len(key) < minMaskable {
		return text
	}
	return strings.ReplaceAll(text, key, masked)
}

// MaskBytes replaces the key in a text. It returns text itself if it does not contain
// the key.
func (s *Secret) MaskBytes(text []byte) []byte {
	key := []byte(s.reveal())
	if len(key) < minMaskable || !bytes.Contains(text, key) {
		return text
	}
	return bytes.ReplaceAll(text, key, []byte(masked))
}

// MaskHeader replaces the key in the values of a header. It returns h itself if it does
// not contain the key.
func (s *Secret) MaskHeader(h http.Header) http.Header {
	var clone http.Header
	for name, values := range h {
		for i, value := range values {
			if clean := s.Mask(value); clean != value {
				if clone == nil {
					clone = h.Clone()
				}
				clone[name][i] = clean
			}
		}
	}
	if clone == nil {
		return h
	}
	return clone
}

// MaskValue replaces the key in decoded JSON. It may change v.
func (s *Secret) MaskValue(v any) any {
	switch v := v.(type) {
	case string:
		return s.Mask(v)
	case []any:
		for i := range v {
			v[i] = s.MaskValue(v[i])
		}
	case map[string]any:
		for name, member := range v {
			clean := s.Mask(name)
			if clean != name {
				delete(v, name)
			}
			v[clean] = s.MaskValue(member)
		}
	}
	return v
}

// MaskError replaces the key in the text of an error, such as that of a transport that
// quotes the request. If the text contains the key, the result matches the same targets
// for errors.Is as err, but does not give access to err.
func (s *Secret) MaskError(err error) error {
	text := err.Error()
	clean := s.Mask(text)
	if clean == text {
		return err
	}
	return &maskedError{text: clean, is: func(target error) bool { return errors.Is(err, target) }}
}

// maskedError holds the original error in a closure, as Secret holds the key.
type maskedError struct {
	text string
	is   func(target error) bool
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return e.is(target) }
