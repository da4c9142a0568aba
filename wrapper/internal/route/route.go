// Package route compares paths with the templates of a description, such as
// /orders/{id}/cancel.
package route

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/internal/check"
)

// Match reports whether an escaped path matches a template. A parameter matches any
// single segment that check.Segment accepts.
func Match(template, path string) bool {
	for {
		literal, parameter, more := strings.Cut(template, "{")
		rest, ok := strings.CutPrefix(path, literal)
		if !ok || !more {
			return ok && rest == ""
		}
		segment, _, _ := strings.Cut(rest, "/")
		if !check.Segment(segment) {
			return false
		}
		_, template, _ = strings.Cut(parameter, "}")
		path = rest[len(segment):]
	}
}

// LastParameter returns the value of the template's last parameter in an escaped path,
// whose end has to match the template. It returns "" if there is no parameter.
func LastParameter(template, path string) string {
	names, segments := strings.Split(template, "/"), strings.Split(path, "/")
	slices.Reverse(names)
	slices.Reverse(segments)
	for i, name := range names {
		if strings.HasPrefix(name, "{") && i < len(segments) {
			value, _ := url.PathUnescape(segments[i])
			return value
		}
	}
	return ""
}
