package live

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Finding is one way in which answers differ from the description.
type Finding struct {
	Operation string // method and path template
	What      string // the request that showed it first
	Status    int
	Member    string // empty for the answer as a whole
	Expected  string
	Seen      string
	Times     int
}

// check names how an answer differs from what the description says.
func (x *exchange) check() (found []Finding) {
	note := func(member, expected, seen string) {
		found = append(found, Finding{x.title(), x.what, x.status, member, expected, seen, 1})
	}
	if !slices.Contains(x.want, x.status) {
		note("HTTP status", statuses(x.want), fmt.Sprint(x.status)+x.declaredWord())
	}
	if !x.answered.Declared {
		if slices.Contains(x.want, x.status) {
			note("HTTP status", "one that is described", fmt.Sprint(x.status))
		}
		return found
	}
	for _, err := range leaves(x.answered.Err) {
		var unfit *openapi3filter.ResponseError
		if schema, is := err.(*openapi3.SchemaError); is {
			x.checkMember(schema, note)
		} else if errors.As(err, &unfit) {
			x.checkWhole(note)
		} else {
			note("body", "an answer that fits", "one that does not") // the error may quote it
		}
	}
	x.checkBeyond(note)
	if x.status >= http.StatusBadRequest {
		x.checkProblem(note)
	}
	return found
}

func (x *exchange) declaredWord() string {
	if x.answered.Declared {
		return ""
	}
	return ", which is not described"
}

func (x *exchange) title() string { return x.method + " " + x.operation.Path }

func statuses(want []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(want), " ", " or "), "[]")
}

// leaves are the errors that others are made of: each says one thing.
func leaves(err error) (all []error) {
	var inner []error
	schema, isSchema := err.(*openapi3.SchemaError)
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		inner = e
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	case interface{ Unwrap() error }:
		if !isSchema || schema.SchemaField != "format" { // below a format are its patterns
			inner = []error{e.Unwrap()}
		}
	}
	for _, err := range inner {
		all = append(all, leaves(err)...)
	}
	if isSchema && (schema.SchemaField == "oneOf" || schema.SchemaField == "anyOf") {
		all = deepest(all)
	}
	if _, isUnfit := err.(*openapi3filter.ResponseError); isSchema || isUnfit {
		if !slices.ContainsFunc(all, func(err error) bool { _, is := err.(*openapi3.SchemaError); return is }) {
			return []error{err}
		}
	}
	if len(all) == 0 {
		return []error{err}
	}
	return all
}

// deepest keeps the errors of the variant that fits best: those that it has far
// inside the value.
func deepest(all []error) (kept []error) {
	depth := -1
	for _, err := range all {
		schema, is := err.(*openapi3.SchemaError)
		if !is {
			continue
		}
		if d := len(schema.JSONPointer()); d > depth {
			depth, kept = d, nil
		} else if d < depth {
			continue
		}
		kept = append(kept, err)
	}
	return kept
}

type noter func(member, expected, seen string)

// checkMember puts what the library found of one member into words without the
// member's value.
func (x *exchange) checkMember(err *openapi3.SchemaError, note noter) {
	if x.answered.Schema == nil {
		note("body", "an answer that fits", "one that does not")
		return
	}
	name, schema, value := at(x.answered.Schema, x.value, err.JSONPointer())
	if err.SchemaField == "required" {
		if object, is := value.(map[string]any); is {
			for _, required := range missing(schema, object) {
				note(join(name, required), "always there", "missing")
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

// checkWhole names what is wrong with an answer whose members were not looked at.
func (x *exchange) checkWhole(note noter) {
	content := x.operation.Responses.Status(x.status).Value.Content
	mediaType := x.header.Get("Content-Type")
	if len(content) > 0 && content.Get(mediaType) == nil {
		if !media.MatchString(mediaType) {
			mediaType = "none that can be read"
		}
		note("media type", strings.Join(slices.Sorted(maps.Keys(content)), " or "), mediaType)
		return
	}
	note("body", "JSON", "something else")
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
