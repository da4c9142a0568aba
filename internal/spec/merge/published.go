package merge

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Differences returns the places at which the description differs from a published
// document with our names. Extensions (x-) are ignored. If a component was published
// in several places, it is also ignored which of their texts it has.
func Differences(description *yaml.Node, published source.Document, remembered *Remembered) []tree.Path {
	published.Root = remembered.Apply(published.Root)
	var out []tree.Path
	for _, fact := range factsOf(published) {
		theirs := withoutExtensions(fact.value)
		ours := tree.Get(description, fact.path...)
		if ours == nil {
			out = append(out, fact.path)
			continue
		}
		if isComponent(fact.path) && len(remembered.Names) > 0 && sameComponent(description, ours, theirs) {
			continue
		}
		theirs = tree.Align(theirs, ours, fact.path[len(fact.path)-1])
		for _, below := range tree.Diff(theirs, withoutExtensions(ours)) {
			out = append(out, slices.Concat(fact.path, below))
		}
	}
	return out
}

func withoutExtensions(n *yaml.Node) *yaml.Node {
	out := *n
	out.Content = nil
	for i := 0; i < len(n.Content); i++ {
		if n.Kind == yaml.MappingNode && i%2 == 0 && strings.HasPrefix(n.Content[i].Value, "x-") {
			i++
			continue
		}
		out.Content = append(out.Content, withoutExtensions(n.Content[i]))
	}
	return &out
}

// Operations returns the operations of a description in the form "GET /orders".
func Operations(root *yaml.Node) []string {
	var out []string
	for path, item := range tree.Pairs(tree.Get(root, "paths")) {
		for method := range tree.Pairs(item) {
			if slices.Contains(tree.Methods, method) {
				out = append(out, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return out
}
