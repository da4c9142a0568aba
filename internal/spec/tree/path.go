package tree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Path is a place in a document, given by the keys and indexes that lead to it.
type Path []string

// String returns the path in a readable form, such as
// components.schemas.Order.properties.id or paths["/orders"].post.
func (p Path) String() string {
	var b strings.Builder
	for i, key := range p {
		switch {
		case strings.ContainsAny(key, "/.[] \"") || key == "":
			b.WriteString("[" + strconv.Quote(key) + "]")
		case i > 0:
			b.WriteString("." + key)
		default:
			b.WriteString(key)
		}
	}
	return b.String()
}

// HasPrefix reports whether p begins with prefix.
func (p Path) HasPrefix(prefix Path) bool {
	return len(p) >= len(prefix) && slices.Equal(p[:len(prefix)], prefix)
}

// At returns the path of the innermost key or sequence item of root that
// begins exactly at the line and column, both counted from 1, or nil.
func At(root *yaml.Node, line, column int) Path {
	var found Path
	var walk func(n *yaml.Node, path Path)
	walk = func(n *yaml.Node, path Path) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				visit(n.Content[i], n.Content[i+1], append(path[:len(path):len(path)], n.Content[i].Value), line, column, &found, walk)
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				visit(item, item, append(path[:len(path):len(path)], strconv.Itoa(i)), line, column, &found, walk)
			}
		}
	}
	walk(root, nil)
	return found
}

// visit records path if start is at the given position. If several nodes begin there,
// such as an item and its first key, the innermost is recorded, because it is visited
// last.
func visit(start, value *yaml.Node, path Path, line, column int, found *Path, walk func(*yaml.Node, Path)) {
	if start.Line == line && start.Column == column {
		*found = path
	}
	walk(value, path)
}

// Diff returns the places where two trees differ, the outermost first. At such a place,
// only one tree has a value, or the values differ.
func Diff(a, b *yaml.Node) []Path {
	var out []Path
	diff(a, b, nil, &out)
	return out
}

func diff(a, b *yaml.Node, path Path, out *[]Path) {
	if Equal(a, b) {
		return
	}
	below := func(key string) Path { return append(path[:len(path):len(path)], key) }
	switch {
	case a == nil || b == nil || a.Kind != b.Kind || a.Kind == yaml.ScalarNode:
		*out = append(*out, path)
	case a.Kind == yaml.MappingNode:
		for key, value := range Pairs(a) {
			diff(value, Get(b, key), below(key), out)
		}
		for key, value := range Pairs(b) {
			if Get(a, key) == nil {
				diff(nil, value, below(key), out)
			}
		}
	default:
		if len(a.Content) != len(b.Content) {
			*out = append(*out, path)
			return
		}
		for i := range a.Content {
			diff(a.Content[i], b.Content[i], below(strconv.Itoa(i)), out)
		}
	}
}

// ParsePath parses the form that Path.String returns.
func ParsePath(text string) (Path, error) {
	var path Path
	for rest := text; rest != ""; {
		if quoted, isQuoted := strings.CutPrefix(rest, "["); isQuoted {
			prefix, err := strconv.QuotedPrefix(quoted)
			if err != nil || !strings.HasPrefix(quoted[len(prefix):], "]") {
				return nil, fmt.Errorf("%q is not a place in a description", text)
			}
			key, _ := strconv.Unquote(prefix)
			path, rest = append(path, key), quoted[len(prefix)+1:]
			rest = strings.TrimPrefix(rest, ".")
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, fmt.Errorf("%q is not a place in a description", text)
		}
		path, rest = append(path, rest[:end]), strings.TrimPrefix(rest[end:], ".")
	}
	return path, nil
}
