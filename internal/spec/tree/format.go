package tree

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// lineWidth is the width at which texts are folded, as in the vendor's pages.
const lineWidth = 80

// foldWidth is the width for the YAML library. It breaks a line after the word that
// exceeds the width, so the lines end near lineWidth.
const foldWidth = 74

const indent = 2

// Format returns next in a stable form, so that the diff of two versions contains only
// the changes and does not depend on the order, the quotes and the line width of next.
//
// Members have the same order as in current, and a new member follows its predecessor
// in next. The style is block style with two spaces and lines of about 80 columns.
// Long texts are folded (>-), texts with several lines are literal (|), and other
// strings are plain if YAML allows it and otherwise in single quotes. The comments of
// current are kept.
//
// If current is nil, next keeps its order. Neither argument is changed.
func Format(next, current *yaml.Node) ([]byte, error) {
	ordered := align(next, current, "", false)
	restyle(ordered, 0)
	out, err := yaml.Dump(ordered,
		yaml.WithIndent(indent), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(foldWidth))
	if err != nil {
		return nil, fmt.Errorf("format the description as YAML: %w", err)
	}
	return out, nil
}

// Align returns next, which is the value of key, in the order of current. Neither
// argument is changed.
func Align(next, current *yaml.Node, key string) *yaml.Node { return align(next, current, key, false) }

// sets are the sequences whose order has no meaning in OpenAPI. If their items are the
// same, they keep the order of current.
var sets = []string{"required", "enum", "parameters", "tags", "security", "type"}

// values are the members whose values are data and not part of the description. The
// order of a list in an example, for instance, is part of the example.
var values = []string{"example", "examples", "default", "const"}

// align returns a copy of next with the order and the comments of current.
// If literal is set, next is data.
func align(next, current *yaml.Node, key string, literal bool) *yaml.Node {
	out := *next
	out.HeadComment, out.LineComment, out.FootComment = "", "", ""
	if current == nil || current.Kind != next.Kind {
		current = nil
	} else {
		out.HeadComment, out.LineComment, out.FootComment = current.HeadComment, current.LineComment, current.FootComment
	}
	switch next.Kind {
	case yaml.MappingNode:
		out.Content = alignMapping(next, current, literal)
	case yaml.SequenceNode:
		out.Content = alignSequence(next, current, slices.Contains(sets, key) && !literal, literal)
	}
	return &out
}

func alignMapping(next, current *yaml.Node, literal bool) []*yaml.Node {
	var content []*yaml.Node
	for _, key := range keyOrder(next, current) {
		var oldKey *yaml.Node
		if current != nil {
			oldKey = keyNode(current, key)
		}
		isData := literal || slices.Contains(values, key) || strings.HasPrefix(key, "x-")
		content = append(content,
			align(keyNode(next, key), oldKey, "", literal),
			align(Get(next, key), Get(current, key), key, isData))
	}
	return content
}

// keyOrder returns the keys of next in the order of current. A new key follows its
// predecessor in next.
func keyOrder(next, current *yaml.Node) []string {
	var order []string
	for key := range Pairs(current) {
		if Get(next, key) != nil {
			order = append(order, key)
		}
	}
	previous := ""
	for key := range Pairs(next) {
		if !slices.Contains(order, key) {
			order = slices.Insert(order, slices.Index(order, previous)+1, key)
		}
		previous = key
	}
	return order
}

func keyNode(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i]
		}
	}
	return nil
}

func alignSequence(next, current *yaml.Node, isSet, literal bool) []*yaml.Node {
	items := slices.Clone(next.Content)
	if current != nil && isSet {
		if sameSet(items, current.Content) {
			items = slices.Clone(current.Content)
		} else {
			items = byIdentity(items, current.Content)
		}
	}
	for i, item := range items {
		var old *yaml.Node
		if current != nil && i < len(current.Content) && (identity(item) == "" || identity(item) == identity(current.Content[i])) {
			old = current.Content[i]
		}
		items[i] = align(item, old, "", literal)
	}
	return items
}

// identity returns a key that is the same for the same parameter, or "" for other
// values.
func identity(item *yaml.Node) string {
	if ref := Ref(item); ref != "" {
		return ref
	}
	if Text(item, "in") == "" || Text(item, "name") == "" {
		return ""
	}
	return Text(item, "in") + " " + Text(item, "name")
}

// byIdentity returns parameters in the order of current, with new ones at the end.
func byIdentity(items, current []*yaml.Node) []*yaml.Node {
	place := func(item *yaml.Node) int {
		i := slices.IndexFunc(current, func(other *yaml.Node) bool { return identity(item) != "" && identity(other) == identity(item) })
		if i < 0 {
			return len(current)
		}
		return i
	}
	slices.SortStableFunc(items, func(a, b *yaml.Node) int { return place(a) - place(b) })
	return items
}

func sameSet(a, b []*yaml.Node) bool {
	if len(a) != len(b) {
		return false
	}
	left := slices.Clone(b)
	for _, item := range a {
		i := slices.IndexFunc(left, func(other *yaml.Node) bool { return Equal(item, other) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// restyle sets the style of every node. The value of n begins at column, which decides
// whether a text fits on the line.
func restyle(n *yaml.Node, column int) {
	n.Style = 0
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			restyle(key, 0)
			if value.Kind == yaml.ScalarNode {
				restyle(value, column+len(key.Value)+len(": "))
			} else {
				restyle(value, column+indent)
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			restyle(item, column+indent)
		}
	case yaml.ScalarNode:
		n.Style = scalarStyle(n, column)
	}
}

// yaml11Bool matches strings that are booleans in YAML 1.1, such as the country code
// of Norway.
var yaml11Bool = regexp.MustCompile(`(?i)^(?:y|n|yes|no|on|off)$`)

func scalarStyle(n *yaml.Node, column int) yaml.Style {
	if n.ShortTag() != "!!str" {
		return 0
	}
	n.Tag = "!!str"
	long := slices.ContainsFunc(strings.Split(n.Value, "\n"), func(line string) bool {
		return column+len(line) > lineWidth && strings.Contains(line, " ")
	})
	switch {
	case yaml11Bool.MatchString(n.Value):
		return yaml.SingleQuotedStyle
	case long && foldable(n.Value):
		return yaml.FoldedStyle
	case strings.Contains(n.Value, "\n"):
		return yaml.LiteralStyle
	}
	return 0
}

// foldable reports whether folding preserves a text. It does not preserve spaces at
// the beginning or the end of a line, nor several spaces in a row.
func foldable(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != line || strings.Contains(line, "  ") || strings.Contains(line, "\t") {
			return false
		}
	}
	return true
}
