package live

import (
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The functions in this file describe a value without quoting it, because it may
// belong to the account.

// kindOf returns the name of the type of a JSON value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		if numberText.MatchString(v) {
			return "a string that holds a number"
		}
		return "a string"
	case []any:
		return "a list"
	}
	return "an object"
}

// typesOf returns the names of the types that a schema allows.
func typesOf(s *openapi3.Schema) string {
	var types []string
	for _, part := range parts(s) {
		if part.Type != nil {
			types = append(types, part.Type.Slice()...)
		}
	}
	return strings.Join(types, " or ")
}

var (
	numberText    = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	enumText      = regexp.MustCompile(`^[a-z][a-z_-]{0,23}$`)
	digit         = regexp.MustCompile(`[0-9]`)
	letter        = regexp.MustCompile(`[A-Za-z]`)
	limitText     = regexp.MustCompile(`^[0-9][0-9;=,. w]{0,39}$`)
	mediaTypeText = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]+)?$`)
	memberText    = regexp.MustCompile(`^[A-Za-z_-]{1,40}[0-9]{0,2}$`)
)

// word returns a value that looks like one of an enumeration, or otherwise its type.
func word(v any) string {
	if s, is := v.(string); is && enumText.MatchString(s) {
		return s
	}
	return kindOf(v)
}

// shape returns the form of a timestamp, with 0 for each digit and a for each letter
// except the T and the Z of RFC 3339.
func shape(v any) string {
	s, is := v.(string)
	if !is {
		return kindOf(v)
	}
	if len(s) > 40 {
		return "a long string"
	}
	s = letter.ReplaceAllStringFunc(digit.ReplaceAllString(s, "0"), func(l string) string {
		if l == "T" || l == "Z" {
			return l
		}
		return "a"
	})
	if s == "" {
		return "an empty string"
	}
	return s
}

// nameOf returns a name that looks like that of a member, or otherwise a mask.
func nameOf(name string) string {
	if memberText.MatchString(name) {
		return name
	}
	return masked
}
