package source

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// plain writes what a description says in one of several ways in the one way
// that the code generator understands best. Nothing that it means is changed:
//
//	anyOf or oneOf of a schema and null   a list of types; for a $ref, oneOf
//	allOf of one schema                   that schema
//	a shared request body or success      written where it is used
func plain(root *yaml.Node) {
	inline(root)
	plainSchemas(root)
}

func plainSchemas(n *yaml.Node) {
	for _, child := range n.Content {
		plainSchemas(child)
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	plainAllOf(n)
	plainNull(n)
}

// plainAllOf lifts the only part of an allOf into the schema that it is the
// whole of. Members beside the allOf stay.
func plainAllOf(n *yaml.Node) {
	parts := sequence(tree.Get(n, "allOf"))
	if len(parts) != 1 || parts[0].Kind != yaml.MappingNode || tree.Get(n, "properties") != nil {
		return
	}
	tree.Delete(n, "allOf")
	if tree.Ref(parts[0]) != "" {
		tree.Delete(n, "type") // the schema that is referred to says it
	}
	for key, value := range tree.Pairs(parts[0]) {
		if tree.Get(n, key) == nil {
			tree.Set(n, key, value)
		}
	}
}

// plainNull writes a choice between a schema and null as OpenAPI 3.1 does
// without a choice, or, since nothing can be said beside a $ref, as oneOf with
// null as the second.
func plainNull(n *yaml.Node) {
	for _, key := range []string{"anyOf", "oneOf"} {
		parts := sequence(tree.Get(n, key))
		if len(parts) != 2 {
			continue
		}
		one, null := parts[0], parts[1]
		if isNull(one) {
			one, null = null, one
		}
		if !isNull(null) || isNull(one) || one.Kind != yaml.MappingNode {
			continue
		}
		types := tree.Get(one, "type")
		if tree.Ref(one) == "" && types != nil && types.Kind == yaml.ScalarNode {
			tree.Delete(n, key)
			for member, value := range tree.Pairs(one) {
				if member != "type" && tree.Get(n, member) == nil {
					tree.Set(n, member, value)
				}
			}
			tree.Set(n, "type", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{types, tree.String("null")}})
			continue
		}
		tree.Delete(n, key)
		tree.Delete(n, "type")
		tree.Set(n, "oneOf", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{one, null}})
	}
}

// isNull reports whether a schema allows null alone.
func isNull(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return false
	}
	types := tree.Get(n, "type")
	return types != nil && (types.Value == "null" || len(types.Content) == 1 && types.Content[0].Value == "null")
}

// inline writes shared request bodies, and shared answers of success, into the
// operations that use them: for those in components, the generator would make
// types with names of their own.
func inline(root *yaml.Node) {
	for _, group := range []string{"paths", "webhooks"} {
		for _, item := range tree.Pairs(tree.Get(root, group)) {
			for _, method := range tree.Methods {
				operation := tree.Get(item, method)
				put(root, operation, "requestBody")
				responses := tree.Get(operation, "responses")
				for status := range tree.Pairs(responses) {
					if strings.HasPrefix(status, "2") {
						put(root, responses, status)
					}
				}
			}
		}
	}
}

// put writes what the $ref at a member refers to into its place.
func put(root, parent *yaml.Node, key string) {
	member := tree.Get(parent, key)
	if member == nil || tree.Ref(member) == "" {
		return
	}
	target, _ := tree.Resolve(root, member, nil)
	if target == nil {
		return
	}
	copied := tree.Clone(target)
	for sibling, value := range tree.Pairs(member) {
		if sibling != "$ref" {
			tree.Set(copied, sibling, value)
		}
	}
	tree.Set(parent, key, copied)
}

func sequence(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}
