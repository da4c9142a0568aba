package cnaught

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

// secret holds the API key in a closure. Nothing that prints looks into one: fmt
// follows no pointer below the top level for %v, but it does for a verb that
// does not fit, such as %s, and debugging printers follow every pointer.
type secret struct{ reveal func() string }

func newSecret(key string) *secret { return &secret{func() string { return key }} }

// mask replaces the key wherever a server echoed it.
func (s *secret) mask(text string) string {
	key := s.reveal()
	if len(key) < minMaskable || !strings.Contains(text, key) {
		return text
	}
	return strings.ReplaceAll(text, key, masked)
}

func (s *secret) maskBytes(text []byte) []byte {
	key := []byte(s.reveal())
	if len(key) < minMaskable || !bytes.Contains(text, key) {
		return text
	}
	return bytes.ReplaceAll(text, key, []byte(masked))
}

// maskHeader returns h itself if the key is nowhere in it.
func (s *secret) maskHeader(h http.Header) http.Header {
	var clone http.Header
	for name, values := range h {
		for i, value := range values {
			if clean := s.mask(value); clean != value {
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

// maskValue masks decoded JSON in place where it can.
func (s *secret) maskValue(v any) any {
	switch v := v.(type) {
	case string:
		return s.mask(v)
	case []any:
		for i := range v {
			v[i] = s.maskValue(v[i])
		}
	case map[string]any:
		for name, member := range v {
			clean := s.mask(name)
			if clean != name {
				delete(v, name)
			}
			v[clean] = s.maskValue(member)
		}
	}
	return v
}

// maskProblem works on the decoded members, so that a key written with JSON
// escapes is found too.
func (s *secret) maskProblem(e *Error) {
	for _, text := range []*string{&e.Type, &e.Title, &e.Detail, &e.Instance, &e.URL} {
		*text = s.mask(*text)
	}
	for field, texts := range e.Errors {
		for i := range texts {
			texts[i] = s.mask(texts[i])
		}
		if clean := s.mask(field); clean != field {
			delete(e.Errors, field)
			e.Errors[clean] = texts
		}
	}
	if e.Extensions != nil {
		s.maskValue(e.Extensions)
	}
	e.Header = s.maskHeader(e.Header)
	e.Body = s.maskBytes(e.Body)
}

// maskError hides the key in the text of an error from below, such as that of a
// transport that quotes the request.
func (s *secret) maskError(err error) error {
	text := err.Error()
	clean := s.mask(text)
	if clean == text {
		return err
	}
	return &maskedError{text: clean, is: func(target error) bool { return errors.Is(err, target) }}
}

// maskedError still matches what the hidden error matches, but gives nothing
// else of it away.
type maskedError struct {
	text string
	is   func(target error) bool
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return e.is(target) }
