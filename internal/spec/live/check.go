package live

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Finding is one way in which answers differ from the description.
type Finding struct {
	Operation string // method and path template
	Status    int
	Member    string // or another part of the answer, such as "HTTP status"
	Expected  string
	Seen      string
	What      string // the first request with this difference
	Answers   int    // the number of answers with this difference
}

// noter records one difference.
type noter func(member, expected, seen string)

// check returns the differences between an answer and the description.
func (l log) check(x *exchange) (found []Finding) {
	note := func(member, expected, seen string) {
		f := Finding{x.title(), x.status, member, expected, seen, x.what, 1}
		if !slices.Contains(found, f) { // the description is checked both with and without the overlay
			found = append(found, f)
		}
	}
	described := x.answered.Response != nil
	switch wanted := slices.Contains(x.want, x.status); {
	case !wanted && !described:
		note("HTTP status", statuses(x.want), fmt.Sprintf("%d, which is not described", x.status))
	case !wanted:
		note("HTTP status", statuses(x.want), strconv.Itoa(x.status))
	case !described:
		note("HTTP status", "a described status", strconv.Itoa(x.status))
	}
	if !described {
		return found
	}
	for _, err := range leaves(x.answered.Err) {
		if schema, is := err.(*openapi3.SchemaError); is {
			x.checkMember(schema, note)
		} else {
			x.checkWhole(note)
		}
	}
	x.checkBeyond(note)
	if x.status >= http.StatusBadRequest {
		x.checkProblem(note)
	}
	l.checkLists(x, note)
	return found
}

func (x *exchange) title() string { return x.method + " " + x.operation.Path }

func statuses(want []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(want), " ", " or "), "[]")
}

// leaves returns the errors about single members that an error contains, or the
// error itself if it contains none.
func leaves(err error) (all []error) {
	schema, isSchema := err.(*openapi3.SchemaError)
	if isSchema && schema.SchemaField == "format" { // it contains only the patterns of the format
		return []error{err}
	}
	var inner []error
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		inner = e
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	}
	for _, err := range inner {
		for _, leaf := range leaves(err) {
			if _, is := leaf.(*openapi3.SchemaError); is || !isSchema {
				all = append(all, leaf)
			}
		}
	}
	switch {
	case len(all) == 0:
		return []error{err}
	case isSchema && (schema.SchemaField == "oneOf" || schema.SchemaField == "anyOf"):
		return deepest(all)
	}
	return all
}

// deepest returns the errors that lie farthest inside the value. If none of several
// variants of a schema fits, these are the errors of the one that fits best.
func deepest(all []error) (kept []error) {
	depth := 0
	for _, err := range all {
		d := len(err.(*openapi3.SchemaError).JSONPointer())
		if d > depth {
			depth, kept = d, nil
		}
		if d == depth {
			kept = append(kept, err)
		}
	}
	return kept
}

// checkMember records an error about one member, in words that do not quote the
// member's value.
func (x *exchange) checkMember(err *openapi3.SchemaError, note noter) {
	if x.answered.Schema == nil { // the schema of a header
		note("headers", "valid headers", "an invalid header")
		return
	}
	path, schema, value := at(x.answered.Schema, x.value, err.JSONPointer())
	name := cmp.Or(path, "body")
	if err.SchemaField == "required" {
		if object, is := value.(map[string]any); is && schema != nil {
			for _, required := range missing(schema, object) {
				note(join(path, required), "always present", "missing")
			}
			return
		}
		note(name, "always present", "missing")
		return
	}
	switch {
	case schema == nil:
		note(name, err.SchemaField, kindOf(value))
	case err.SchemaField == "enum":
		note(name, fmt.Sprintf("one of %v", schema.Enum), word(value))
	case err.SchemaField == "format":
		note(name, schema.Format, shape(value))
	case err.SchemaField == "type", err.SchemaField == "nullable", err.SchemaField == "oneOf":
		note(name, typesOf(schema), kindOf(value))
	default:
		note(name, err.SchemaField, kindOf(value)+" that violates it")
	}
}

func missing(s *openapi3.Schema, object map[string]any) (names []string) {
	for _, part := range parts(s) {
		for _, name := range part.Required {
			if _, there := object[name]; !there {
				names = append(names, name)
			}
		}
	}
	return names
}

// checkWhole records what is wrong with an answer whose members could not be
// checked. It does not use the text of the error, which may quote the answer.
func (x *exchange) checkWhole(note noter) {
	content, mediaType := x.answered.Response.Content, x.header.Get("Content-Type")
	if len(content) == 0 || content.Get(mediaType) != nil {
		note("body", "JSON", "something else")
		return
	}
	if !mediaTypeText.MatchString(mediaType) {
		mediaType = "none, or an unreadable one"
	}
	note("media type", strings.Join(slices.Sorted(maps.Keys(content)), " or "), mediaType)
}

// checkBeyond records what the validator does not check: members that are not
// described, and fractions where the description says that numbers are whole.
func (x *exchange) checkBeyond(note noter) {
	walk("", x.answered.Schema, x.value, func(path string, s *openapi3.Schema, v any) {
		if path == "" {
			return
		}
		if s == nil {
			note(path, "not described", kindOf(v))
			return
		}
		if number, is := v.(float64); is && isWhole(s) && number != math.Trunc(number) {
			note(path, "a whole number", "a fraction")
		}
	})
}

// isWhole reports whether a number has to be whole, according to the words of the
// description or to the Go type in the overlay.
func isWhole(s *openapi3.Schema) bool {
	return s.Extensions["x-go-type"] == "USDCents" || strings.Contains(s.Description, "in whole ")
}

// checkProblem checks that the answer is a problem document with the right status.
func (x *exchange) checkProblem(note noter) {
	problem, _ := x.value.(map[string]any)
	if problem["type"] == nil && problem["title"] == nil && problem["status"] == nil {
		note("body", "a problem document", "something else")
	}
	if status, is := problem["status"].(float64); is && int(status) != x.status {
		note("status", fmt.Sprintf("%d, the status of the answer", x.status), "another number")
	}
}
