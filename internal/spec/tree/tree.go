// Package tree reads and edits OpenAPI descriptions as trees of YAML nodes, which keep
// the order, the comments and the line numbers that typed models lose.
package tree

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Methods are the members of a path item that are operations, in the order
// of the OpenAPI 3.1 specification.
var Methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// maxNodes is the largest size of a document after YAML aliases are expanded. The
// CNaught description has a few thousand nodes.
const maxNodes = 100_000

// Parse reads one YAML or JSON document whose root is a mapping. Aliases are
// expanded, so that every part of the tree can be changed separately. Repeated keys and
// merge keys (<<) are errors, because OpenAPI does not allow them. A reader that uses
// one of two values without an error would hide a mistake of the vendor.
func Parse(name string, data []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, fmt.Errorf("%s is not valid YAML: %w", name, err)
	}
	root := &document
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		comments := [2]string{document.HeadComment, document.FootComment}
		root = root.Content[0]
		if root.HeadComment == "" {
			root.HeadComment = comments[0]
		}
		if root.FootComment == "" {
			root.FootComment = comments[1]
		}
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s is not an OpenAPI description: its root is not an object", name)
	}
	budget := maxNodes
	root, err := expand(root, &budget, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return root, nil
}

// maxDepth is the largest depth of a document. The limit also stops an alias that
// contains itself.
const maxDepth = 200

func expand(n *yaml.Node, budget *int, depth int) (*yaml.Node, error) {
	if *budget--; *budget < 0 || depth > maxDepth {
		return nil, fmt.Errorf("line %d: the document is too large or too deep (more than %d nodes or %d levels)", n.Line, maxNodes, maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return expand(n.Alias, budget, depth+1)
	}
	out := *n
	out.Anchor = ""
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		out.Tag = "!!str" // the core schema of YAML 1.2, which OpenAPI uses, has no timestamps
	}
	out.Content = make([]*yaml.Node, len(n.Content))
	seen := map[string]int{}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if child.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: a key is not a scalar", child.Line)
			}
			if child.Tag == "!!merge" {
				return nil, fmt.Errorf("line %d: merge keys (<<) are not part of OpenAPI", child.Line)
			}
			if first, twice := seen[child.Value]; twice {
				return nil, fmt.Errorf("line %d: key %q is repeated (first on line %d)", child.Line, child.Value, first)
			}
			seen[child.Value] = child.Line
		}
		expanded, err := expand(child, budget, depth+1)
		if err != nil {
			return nil, err
		}
		out.Content[i] = expanded
	}
	return &out, nil
}

// Get follows keys and indexes of sequences from n. It returns nil if one of them is
// missing or n is nil, so calls can be chained without checks.
func Get(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil {
			return nil
		}
		switch n.Kind {
		case yaml.MappingNode:
			i := index(n, key)
			if i < 0 {
				return nil
			}
			n = n.Content[i+1]
		case yaml.SequenceNode:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(n.Content) {
				return nil
			}
			n = n.Content[i]
		default:
			return nil
		}
	}
	return n
}

// Text returns the scalar at keys, or "" if there is none.
func Text(n *yaml.Node, keys ...string) string {
	if n = Get(n, keys...); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// Pairs yields the keys and values of a mapping in order. For any other node, it yields
// nothing.
func Pairs(n *yaml.Node) func(yield func(key string, value *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// Set sets the value of key in the mapping n. A new key is added at the end.
func Set(n *yaml.Node, key string, value *yaml.Node) {
	if i := index(n, key); i >= 0 {
		n.Content[i+1] = value
		return
	}
	n.Content = append(n.Content, String(key), value)
}

// Delete removes key from the mapping n and reports whether it was present.
func Delete(n *yaml.Node, key string) bool {
	i := index(n, key)
	if i < 0 {
		return false
	}
	n.Content = append(n.Content[:i], n.Content[i+2:]...)
	return true
}

// Ensure returns the mapping at key of n. It adds the mapping if it is missing.
func Ensure(n *yaml.Node, key string) *yaml.Node {
	if child := Get(n, key); child != nil {
		return child
	}
	child := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	Set(n, key, child)
	return child
}

// String returns a scalar node with a string.
func String(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// Clone returns a deep copy of n.
func Clone(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	out := *n
	out.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		out.Content[i] = Clone(child)
	}
	return &out
}

// Equal reports whether two trees have the same values. It ignores the order of keys,
// comments, quotes and layout.
func Equal(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.ShortTag() == b.ShortTag() && a.Value == b.Value
	case yaml.MappingNode:
		for key, value := range Pairs(a) {
			if other := Get(b, key); other == nil || !Equal(value, other) {
				return false
			}
		}
		return true
	default:
		for i := range a.Content {
			if !Equal(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	}
}

// Ref returns the value of the $ref of n, such as "#/components/schemas/Order", or "".
func Ref(n *yaml.Node) string { return Text(n, "$ref") }

// Target returns the place to which the $ref of n refers. It returns nil if there is
// none or it refers to another document.
func Target(n *yaml.Node) Path {
	rest, local := strings.CutPrefix(Ref(n), "#/")
	if !local {
		return nil
	}
	var path Path
	for part := range strings.SplitSeq(rest, "/") {
		path = append(path, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
	}
	return path
}

// Resolve follows the $ref of n inside the document root, repeatedly if necessary, and
// returns the target with its path. It returns nil if the target is missing.
func Resolve(root, n *yaml.Node, path Path) (*yaml.Node, Path) {
	for range maxDepth {
		if Ref(n) == "" {
			return n, path
		}
		if path = Target(n); path == nil {
			return nil, nil
		}
		if n = Get(root, path...); n == nil {
			return nil, nil
		}
	}
	return nil, nil
}

func index(n *yaml.Node, key string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}
