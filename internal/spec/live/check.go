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
	Member    string // or the part of the answer that is no member
	Expected  string
	Seen      string
	What      string // the request that showed it first
	Answers   int    // that show it
}

// noter takes down one difference.
type noter func(member, expected, seen string)

// check names how an answer differs from what the description says.
func (l log) check(x *exchange) (found []Finding) {
	note := func(member, expected, seen string) {
		f := Finding{x.title(), x.status, member, expected, seen, x.what, 1}
		if !slices.Contains(found, f) { // the description says it with and without the overlay
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
		note("HTTP status", "one that is described", strconv.Itoa(x.status))
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

// leaves are the errors that an error is made of: where there are any, those of
// the members, each of which says one thing; else the error itself.
func leaves(err error) (all []error) {
	schema, isSchema := err.(*openapi3.SchemaError)
	if isSchema && schema.SchemaField == "format" { // below are only the patterns of the format
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

// deepest keeps, of the errors of several variants, those that lie farthest inside
// the value: those of the variant that fits best.
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

// checkMember puts what the library found of one member into words without the
// member's value.
func (x *exchange) checkMember(err *openapi3.SchemaError, note noter) {
	if x.answered.Schema == nil { // the schema of a header
		note("headers", "headers that fit", "one that does not")
		return
	}
	path, schema, value := at(x.answered.Schema, x.value, err.JSONPointer())
	name := cmp.Or(path, "body")
	if err.SchemaField == "required" {
		if object, is := value.(map[string]any); is && schema != nil {
			for _, required := range missing(schema, object) {
				note(join(path, required), "always there", "missing")
			}
			return
		}
		note(name, "always there", "missing")
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
		note(name, err.SchemaField, kindOf(value)+" that breaks it")
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

// checkWhole names what is wrong with an answer whose members could not be looked
// at. The error may quote the answer, so it is not printed.
func (x *exchange) checkWhole(note noter) {
	content, mediaType := x.answered.Response.Content, x.header.Get("Content-Type")
	if len(content) == 0 || content.Get(mediaType) != nil {
		note("body", "JSON", "something else")
		return
	}
	if !mediaTypeText.MatchString(mediaType) {
		mediaType = "none that can be read"
	}
	note("media type", strings.Join(slices.Sorted(maps.Keys(content)), " or "), mediaType)
}

// checkBeyond names what the library does not look for: members that are not
// described, and fractions of what is whole.
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

// isWhole says whether the description, in words, or the overlay, by a type of
// Go, has a number be whole.
func isWhole(s *openapi3.Schema) bool {
	return s.Extensions["x-go-type"] == "USDCents" || strings.Contains(s.Description, "in whole ")
}

// checkProblem holds an error to be a problem document.
func (x *exchange) checkProblem(note noter) {
	problem, _ := x.value.(map[string]any)
	if problem["type"] == nil && problem["title"] == nil && problem["status"] == nil {
		note("body", "a problem document", "none")
	}
	if status, is := problem["status"].(float64); is && int(status) != x.status {
		note("status", fmt.Sprintf("%d, as the answer has it", x.status), "another number in the document")
	}
}
