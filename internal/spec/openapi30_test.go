package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// as30 returns a description as OpenAPI 3.0.3, with "nullable" instead of a list of
// types, one example for each schema, and without webhooks and the components that
// only they use.
func as30(t *testing.T, root *yaml.Node) {
	t.Helper()
	set(t, root, "3.0.3", "openapi")
	drop(t, root, "webhooks")
	drop(t, root, "components", "schemas", "OrderEvent")
	nullable, examples := 0, 0
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		for _, child := range n.Content {
			visit(child)
		}
		if choice := tree.Get(n, "oneOf"); choice != nil && len(choice.Content) == 2 && tree.Text(choice, "1", "type") == "null" {
			require.True(t, tree.Delete(n, "oneOf"))
			tree.Set(n, "nullable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
			tree.Set(n, "allOf", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: choice.Content[:1]})
			nullable++
		}
		if least := tree.Get(n, "exclusiveMinimum"); least != nil {
			tree.Set(n, "minimum", least)
			tree.Set(n, "exclusiveMinimum", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		}
		types := tree.Get(n, "type")
		if types != nil && types.Kind == yaml.SequenceNode {
			require.Len(t, types.Content, 2)
			require.Equal(t, "null", types.Content[1].Value)
			tree.Set(n, "type", types.Content[0])
			tree.Set(n, "nullable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
			nullable++
		}
		if list := tree.Get(n, "examples"); types != nil && list != nil && list.Kind == yaml.SequenceNode {
			require.True(t, tree.Delete(n, "examples"))
			tree.Set(n, "example", list.Content[0])
			examples++
		}
	}
	visit(root)
	require.Greater(t, nullable, 20)
	require.Greater(t, examples, 20)
}
