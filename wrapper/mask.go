package cnaught

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const masked = "[masked]"

// minMaskable keeps a short key used in a test from turning every text into
// masks; real keys are far longer.
const minMaskable = 6

// secret holds the API key. Only pointers to it are kept, because fmt follows
// no pointers below the top level: %+v of a struct that holds one shows an
// address.
type secret struct {
	key    string
	bearer string
}

func newSecret(key string) *secret { return &secret{key: key, bearer: "Bearer " + key} }

// String keeps fmt from printing the key should it ever be handed a *secret.
func (s *secret) String() string { return masked }

// GoString does the same for %#v.
func (s *secret) GoString() string { return masked }

// mask replaces the key wherever a server echoed it.
func (s *secret) mask(text string) string {
	if len(s.key) < minMaskable || !strings.Contains(text, s.key) {
		return text
	}
	return strings.ReplaceAll(text, s.key, masked)
}

func (s *secret) maskBytes(text []byte) []byte {
	if len(s.key) < minMaskable || !bytes.Contains(text, []byte(s.key)) {
		return text
	}
	return bytes.ReplaceAll(text, []byte(s.key), []byte(masked))
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

// maskError hides the key in the text of an error from below, such as a
// caller's own RoundTripper that quotes the request.
func (s *secret) maskError(err error) error {
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); s.mask(text) == text {
		return err
	}
	return &maskedError{text: s.mask(err.Error()), err: &hidden{err}}
}

type hidden struct{ err error }

// maskedError still matches what the hidden error matches, but gives nothing
// else of it away.
type maskedError struct {
	text string
	err  *hidden
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return errors.Is(e.err.err, target) }
