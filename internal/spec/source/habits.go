package source

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// plain rewrites parts of a description that can be written in several ways into the
// form that the code generator supports best. It does not change their meaning:
//
//	anyOf or oneOf of a schema and null   becomes a list of types, or oneOf for a $ref
//	allOf of one schema                   becomes that schema
//	a shared request body or success      is copied to the operations that use it
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

// plainAllOf replaces an allOf with a single part by the members of that part. Other
// members of the schema are kept.
func plainAllOf(n *yaml.Node) {
	parts := sequence(tree.Get(n, "allOf"))
	if len(parts) != 1 || parts[0].Kind != yaml.MappingNode || tree.Get(n, "properties") != nil {
		return
	}
	tree.Delete(n, "allOf")
	if tree.Ref(parts[0]) != "" {
		tree.Delete(n, "type") // the target of the reference has it
	}
	for key, value := range tree.Pairs(parts[0]) {
		if tree.Get(n, key) == nil {
			tree.Set(n, key, value)
		}
	}
}

// plainNull replaces a choice between a schema and null by a list of types. For a
// $ref, which cannot have a type next to it, the result is a oneOf whose second part
// is null.
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

// isNull reports whether a schema allows only null.
func isNull(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return false
	}
	types := tree.Get(n, "type")
	return types != nil && (types.Value == "null" || len(types.Content) == 1 && types.Content[0].Value == "null")
}

// inline copies shared request bodies, and shared answers of success, to the
// operations that use them, because the generator would make additional types for
// those in components.
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

// put replaces a member that is a $ref by a copy of the target.
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
