package live

import (
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// walk calls visit for a value and for all values inside it, each with its schema.
// The schema of a member that is not described is nil, and the values inside such
// a member are not visited.
func walk(path string, s *openapi3.Schema, v any, visit func(path string, s *openapi3.Schema, v any)) {
	visit(path, s, v)
	if s == nil {
		return
	}
	switch v := v.(type) {
	case []any:
		items := step(s, "0")
		for _, item := range v {
			if items != nil {
				walk(path+"[]", items, item, visit)
			}
		}
	case map[string]any:
		if isOpen(s) {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(join(path, name), step(s, name), v[name], visit)
		}
	}
}

func join(path, name string) string {
	name = nameOf(name)
	if path == "" {
		return name
	}
	return path + "." + name
}

// parts returns a schema and all schemas that it combines with allOf, oneOf and
// anyOf.
func parts(s *openapi3.Schema) []*openapi3.Schema {
	all := []*openapi3.Schema{s}
	for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.OneOf, s.AnyOf} {
		for _, ref := range refs {
			all = append(all, parts(ref.Value)...)
		}
	}
	return all
}

// isOpen reports whether an object may have members with any names.
func isOpen(s *openapi3.Schema) bool {
	return !slices.ContainsFunc(parts(s), func(part *openapi3.Schema) bool { return len(part.Properties) > 0 }) ||
		slices.ContainsFunc(parts(s), func(part *openapi3.Schema) bool { return part.AdditionalProperties.Schema != nil })
}

// step returns the schema of a member or of the items of a list, or nil if there is
// none.
func step(s *openapi3.Schema, token string) *openapi3.Schema {
	for _, part := range parts(s) {
		if ref := part.Properties[token]; ref != nil {
			return ref.Value
		}
		if _, err := strconv.Atoi(token); err == nil && part.Items != nil {
			return part.Items.Value
		}
	}
	return nil
}

// at follows a JSON pointer in a schema and in a value. The returned name contains
// [] instead of indexes.
func at(s *openapi3.Schema, v any, pointer []string) (name string, schema *openapi3.Schema, value any) {
	for _, token := range pointer {
		if list, is := v.([]any); is {
			name += "[]"
			if i, err := strconv.Atoi(token); err == nil && i < len(list) {
				v = list[i]
			}
		} else {
			name = join(name, token)
			object, _ := v.(map[string]any)
			v = object[token]
		}
		if s != nil {
			s = step(s, token)
		}
	}
	return name, s, v
}
