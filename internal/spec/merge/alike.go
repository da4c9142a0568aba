package merge

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// maxNesting limits the depth to which schemas are followed, because they can
// contain themselves.
const maxNesting = 20

// membersOf returns the members of an object by name, each with its place. This
// includes the members of the schemas that it is composed of.
func membersOf(root, schema *yaml.Node, at tree.Path) map[string]member {
	out := map[string]member{}
	collectMembers(root, schema, at, out, 0)
	return out
}

type member struct {
	node *yaml.Node
	at   tree.Path
}

func collectMembers(root, schema *yaml.Node, at tree.Path, into map[string]member, depth int) {
	schema, at = tree.Resolve(root, schema, at)
	if schema == nil || depth > maxNesting {
		return
	}
	for name, node := range tree.Pairs(tree.Get(schema, "properties")) {
		if _, known := into[name]; !known {
			into[name] = member{node, slices.Concat(at, tree.Path{"properties", name})}
		}
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		for i, part := range sequence(tree.Get(schema, key)) {
			collectMembers(root, part, slices.Concat(at, tree.Path{key, itoa(i)}), into, depth+1)
		}
	}
}

// alike reports whether a published schema can be the given schema of ours. Objects
// have to share at least half of the members that either has, other values have to
// have the same type, and enums have to share a value.
func (p *pairing) alike(ours, theirs *yaml.Node) bool {
	ours, _ = tree.Resolve(p.ours, ours, nil)
	theirs, _ = tree.Resolve(p.theirs, theirs, nil)
	if ours == nil || theirs == nil {
		return false
	}
	a, b := membersOf(p.ours, ours, nil), membersOf(p.theirs, theirs, nil)
	if len(a)+len(b) > 0 {
		common := 0
		for name := range a {
			if _, both := b[name]; both {
				common++
			}
		}
		return common > 0 && 2*common >= len(a)+len(b)-common
	}
	if typeOf(ours) != typeOf(theirs) {
		return false
	}
	old, next := sequence(tree.Get(ours, "enum")), sequence(tree.Get(theirs, "enum"))
	return len(old) == 0 || len(next) == 0 || slices.ContainsFunc(next, func(value *yaml.Node) bool {
		return slices.ContainsFunc(old, func(other *yaml.Node) bool { return other.Value == value.Value })
	})
}

// typeOf returns the type of a schema, without null.
func typeOf(schema *yaml.Node) string {
	types := tree.Get(schema, "type")
	if types == nil {
		return ""
	}
	if types.Kind == yaml.ScalarNode {
		return types.Value
	}
	var names []string
	for _, t := range types.Content {
		if t.Value != "null" {
			names = append(names, t.Value)
		}
	}
	return strings.Join(names, " ")
}

// core returns a schema without null, its place, and whether it may be null.
func core(schema *yaml.Node, at tree.Path) (*yaml.Node, tree.Path, bool) {
	if parts := sequence(tree.Get(schema, "oneOf")); len(parts) == 2 && tree.Text(parts[1], "type") == "null" {
		return parts[0], slices.Concat(at, tree.Path{"oneOf", "0"}), true
	}
	return schema, at, hasNull(schema)
}

func hasNull(schema *yaml.Node) bool {
	return slices.ContainsFunc(sequence(tree.Get(schema, "type")), func(t *yaml.Node) bool { return t.Value == "null" })
}

// sameSchema reports whether two schemas of a description can be the same, that is,
// whether they have the same members with the same types. Texts and examples are
// ignored, and so is a fact that only one of them has, such as the values of an enum.
func sameSchema(root, a, b *yaml.Node, depth int) bool {
	a, _, _ = core(a, nil)
	b, _, _ = core(b, nil)
	a, _ = tree.Resolve(root, a, nil)
	b, _ = tree.Resolve(root, b, nil)
	if a == nil || b == nil || a == b || depth > maxNesting {
		return a == b || depth > maxNesting
	}
	if typeOf(a) != typeOf(b) {
		return false
	}
	old, next := membersOf(root, a, nil), membersOf(root, b, nil)
	if len(old) != len(next) {
		return false
	}
	for name, member := range old {
		other, both := next[name]
		if !both || !sameSchema(root, member.node, other.node, depth+1) {
			return false
		}
	}
	if x, y := tree.Get(a, "enum"), tree.Get(b, "enum"); x != nil && y != nil && !sameValues(x, y) {
		return false
	}
	for _, key := range []string{"items", "additionalProperties"} {
		x, y := tree.Get(a, key), tree.Get(b, key)
		if (x == nil) != (y == nil) || x != nil && x.Kind == yaml.MappingNode && !sameSchema(root, x, y, depth+1) {
			return false
		}
	}
	return true
}

func sameValues(a, b *yaml.Node) bool {
	values := func(list *yaml.Node) []string {
		var out []string
		for _, value := range list.Content {
			if value.Value != "null" {
				out = append(out, value.Value)
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(values(a), values(b))
}

// sameComponent is like sameSchema, but for schemas and parameters.
func sameComponent(root, a, b *yaml.Node) bool {
	if name := tree.Text(a, "name"); tree.Text(a, "in") != "" || tree.Text(b, "in") != "" {
		return name == tree.Text(b, "name") && tree.Text(a, "in") == tree.Text(b, "in") &&
			sameSchema(root, tree.Get(a, "schema"), tree.Get(b, "schema"), 0)
	}
	return a.Kind == yaml.MappingNode && tree.Get(a, "content") == nil && sameSchema(root, a, b, 0)
}
