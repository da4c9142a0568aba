// Package secret keeps the API key out of everything that a caller may print:
// errors, log lines, headers and bodies in which a server echoes it.
package secret

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
)

const masked = "[masked]"

// minMaskable keeps a short key used in a test from turning every text into
// masks; real keys are far longer.
const minMaskable = 6

// Secret holds a key in a closure. Nothing that prints looks into one: fmt
// follows no pointer below the top level for %v, but it does for a mismatched verb,
// such as %s for a struct, and debugging printers follow every pointer.
type Secret struct{ reveal func() string }

// New returns a Secret that hides key.
func New(key string) *Secret { return &Secret{func() string { return key }} }

// Mask replaces the key wherever text has it.
func (s *Secret) Mask(text string) string {
	key := s.reveal()
	if len(key) < minMaskable {
		return text
	}
	return strings.ReplaceAll(text, key, masked)
}

// MaskBytes returns text itself if the key is nowhere in it.
func (s *Secret) MaskBytes(text []byte) []byte {
	key := []byte(s.reveal())
	if len(key) < minMaskable || !bytes.Contains(text, key) {
		return text
	}
	return bytes.ReplaceAll(text, key, []byte(masked))
}

// MaskHeader returns h itself if the key is nowhere in it.
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

// MaskValue masks decoded JSON, in place where it can.
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

// MaskError hides the key in the text of an error from below, such as that of a
// transport that quotes the request. What it returns then matches what err
// matches, and gives nothing else of it away.
func (s *Secret) MaskError(err error) error {
	text := err.Error()
	clean := s.Mask(text)
	if clean == text {
		return err
	}
	return &maskedError{text: clean, is: func(target error) bool { return errors.Is(err, target) }}
}

// maskedError holds the hidden error in a closure, as Secret does the key.
type maskedError struct {
	text string
	is   func(target error) bool
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return e.is(target) }
