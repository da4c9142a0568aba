package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// RememberedFile is the path of the file with what an update remembers.
const RememberedFile = "internal/spec/remembered.yaml"

// Remembered are the differences between what the vendor published and our
// description. They are our names that differ, and facts that were known before but
// are not published.
type Remembered struct {
	Names []Name `yaml:"names,omitempty"`
	Kept  []Kept `yaml:"kept,omitempty"`
}

// Name is our name for a place of the published description: for a component, for an
// inline schema or parameter, or for an operation, whose operationId it is.
type Name struct {
	At   string `yaml:"at"`
	Name string `yaml:"name"`
}

// Kept is a fact that was known before and that is not in the published description.
// At is its place, with our names. If there is a list at this place, such as
// required, the items of Value are added to it.
type Kept struct {
	At string `yaml:"at"`
	// Null reports whether the schema may be null.
	Null  bool       `yaml:"null,omitempty"`
	Value *yaml.Node `yaml:"value,omitempty"`
}

const rememberedHeader = `# What "make update-spec" remembers of the published description. The entries in
# "names" are places in the published description for which this client uses another
# name. The entries in "kept" are facts that were known before but are not published,
# and that have to be confirmed or removed. The next update uses entries that were
# added or changed by hand.
`

// ReadRemembered reads the file. If it does not exist, the result is empty.
func ReadRemembered(path string) (*Remembered, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Remembered{}, nil
	}
	if err != nil {
		return nil, err
	}
	root, err := tree.Parse(path, data)
	if err != nil {
		return nil, err
	}
	r := &Remembered{}
	for _, entry := range sequence(tree.Get(root, "names")) {
		r.Names = append(r.Names, Name{At: tree.Text(entry, "at"), Name: tree.Text(entry, "name")})
	}
	for _, entry := range sequence(tree.Get(root, "kept")) {
		r.Kept = append(r.Kept, Kept{At: tree.Text(entry, "at"), Null: tree.Text(entry, "null") == "true", Value: tree.Get(entry, "value")})
	}
	for _, name := range r.Names {
		if _, err := tree.ParsePath(name.At); err != nil || name.Name == "" {
			return nil, fmt.Errorf("%s: the entry for %q needs a place and a name", path, name.At)
		}
	}
	for _, kept := range r.Kept {
		if _, err := tree.ParsePath(kept.At); err != nil || kept.Null == (kept.Value != nil) {
			return nil, fmt.Errorf("%s: the entry for %q needs a place, and either null or a value", path, kept.At)
		}
	}
	return r, nil
}

// Format returns the contents of the file.
func (r *Remembered) Format() ([]byte, error) {
	out := bytes.NewBufferString(rememberedHeader)
	if r.Empty() {
		out.WriteString("{}\n")
		return out.Bytes(), nil
	}
	body, err := yaml.Dump(r, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", RememberedFile, err)
	}
	out.Write(body)
	return out.Bytes(), nil
}

// Empty reports whether there are no differences.
func (r *Remembered) Empty() bool { return len(r.Names)+len(r.Kept) == 0 }

func (r *Remembered) add(found *Remembered) {
	for _, name := range found.Names {
		if !slices.Contains(r.Names, name) {
			r.Names = append(r.Names, name)
		}
	}
	for _, kept := range found.Kept {
		if !slices.ContainsFunc(r.Kept, func(other Kept) bool { return other.At == kept.At }) {
			r.Kept = append(r.Kept, kept)
		}
	}
}

// addOthers adds the entries of before for places that a page does not contain. The
// argument published is the page, and inOurs is the page with our names.
func (r *Remembered) addOthers(before *Remembered, published, inOurs *yaml.Node) {
	others := &Remembered{}
	for _, name := range before.Names {
		if at, err := tree.ParsePath(name.At); err == nil && tree.Get(published, at...) == nil {
			others.Names = append(others.Names, name)
		}
	}
	for _, kept := range before.Kept {
		at, err := tree.ParsePath(kept.At)
		if err == nil && tree.Get(inOurs, at[:min(len(at), 3)]...) == nil {
			others.Kept = append(others.Kept, kept)
		}
	}
	r.add(others)
}

func (r *Remembered) sort() {
	slices.SortFunc(r.Names, func(a, b Name) int { return strings.Compare(a.At, b.At) })
	slices.SortFunc(r.Kept, func(a, b Kept) int { return strings.Compare(a.At, b.At) })
}

// Apply returns a published description with our names and with the facts that are
// kept. It ignores entries for places that the description does not have, because a
// page is only a part.
func (r *Remembered) Apply(published *yaml.Node) *yaml.Node {
	if r.Empty() {
		return tree.Clone(published)
	}
	a := &applying{root: published, names: map[string]string{}, added: map[string]map[string]*yaml.Node{}}
	for _, name := range r.Names {
		a.names[name.At] = name.Name
	}
	out := a.rewrite(published, nil)
	for kind, components := range a.added {
		into := tree.Ensure(tree.Ensure(out, "components"), kind)
		for name, component := range tree.Pairs(sortedMapping(components)) {
			tree.Set(into, name, component)
		}
	}
	for _, kept := range r.Kept {
		kept.apply(out)
	}
	return out
}

func sortedMapping(members map[string]*yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		tree.Set(out, name, members[name])
	}
	return out
}

// applying rewrites one published description.
type applying struct {
	root  *yaml.Node
	names map[string]string
	added map[string]map[string]*yaml.Node // components that were inline, by kind
}

// rewrite returns a copy of a node of the published description, with our names.
func (a *applying) rewrite(n *yaml.Node, at tree.Path) *yaml.Node {
	name := a.names[at.String()]
	switch {
	case name == "" || len(at) == 0 || isComponent(at):
		return a.copy(n, at)
	case isOperation(at):
		out := a.copy(n, at)
		tree.Set(out, "operationId", tree.String(name))
		return out
	}
	kind := "schemas"
	if len(at) > 1 && at[len(at)-2] == "parameters" {
		kind = "parameters"
	}
	if a.added[kind] == nil {
		a.added[kind] = map[string]*yaml.Node{}
	}
	if a.added[kind][name] == nil {
		content, place := n, at
		if tree.Ref(n) != "" {
			content, place = tree.Resolve(a.root, n, at)
		}
		if content != nil {
			a.added[kind][name] = tree.String("") // a schema may contain itself
			a.added[kind][name] = withoutNull(a.copy(content, place))
		}
	}
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	tree.Set(out, "$ref", tree.String("#/components/"+kind+"/"+name))
	if kind == "schemas" && hasNull(n) {
		allowNull(out)
	}
	return out
}

// withoutNull removes null from the types and the values of a schema that becomes a
// component. Whether it may be null is then expressed by the schemas that refer to it.
func withoutNull(schema *yaml.Node) *yaml.Node {
	if !hasNull(schema) {
		return schema
	}
	for _, key := range []string{"type", "enum"} {
		if list := tree.Get(schema, key); list != nil && list.Kind == yaml.SequenceNode {
			list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return n.Value == "null" })
		}
	}
	if types := tree.Get(schema, "type"); len(types.Content) == 1 {
		tree.Set(schema, "type", types.Content[0])
	}
	return schema
}

// copy returns a copy of a node and of everything in it, with our names.
func (a *applying) copy(n *yaml.Node, at tree.Path) *yaml.Node {
	out := *n
	out.Content = make([]*yaml.Node, 0, len(n.Content))
	below := func(key string) tree.Path { return append(at[:len(at):len(at)], key) }
	switch n.Kind {
	case yaml.MappingNode:
		isKind := len(at) == 2 && at[0] == "components"
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, place := *n.Content[i], below(n.Content[i].Value)
			if name := a.names[place.String()]; isKind && name != "" {
				key.Value = name
			}
			if seen[key.Value] {
				continue // two published components are the same component of ours
			}
			seen[key.Value] = true
			out.Content = append(out.Content, &key, a.rewrite(n.Content[i+1], place))
		}
		if target := tree.Target(n); target != nil {
			tree.Set(&out, "$ref", tree.String(a.ref(tree.Ref(n), target)))
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			out.Content = append(out.Content, a.rewrite(item, below(fmt.Sprint(i))))
		}
	}
	if isMapping(at) && n.Kind == yaml.MappingNode {
		for i := 1; i < len(out.Content); i += 2 {
			a.renameTarget(out.Content[i])
		}
	}
	return &out
}

// isMapping reports whether a place is the mapping of a discriminator. The values of
// a mapping are references.
func isMapping(at tree.Path) bool {
	return len(at) > 1 && at[len(at)-1] == "mapping" && at[len(at)-2] == "discriminator"
}

func (a *applying) renameTarget(value *yaml.Node) {
	ref := &yaml.Node{Kind: yaml.MappingNode}
	tree.Set(ref, "$ref", value)
	if target := tree.Target(ref); target != nil {
		value.Value = a.ref(value.Value, target)
	}
}

func (a *applying) ref(ref string, target tree.Path) string {
	if name := a.names[target.String()]; name != "" && isComponent(target) {
		return "#/components/" + target[1] + "/" + name
	}
	return ref
}

func isComponent(at tree.Path) bool { return len(at) == 3 && at[0] == "components" }

func isOperation(at tree.Path) bool {
	return len(at) == 3 && slices.Contains(groups, at[0]) && slices.Contains(tree.Methods, at[2])
}

// apply adds the fact to a description.
func (k Kept) apply(root *yaml.Node) {
	at, err := tree.ParsePath(k.At)
	if err != nil || len(at) == 0 {
		return
	}
	if k.Null {
		if schema := tree.Get(root, at...); schema != nil {
			allowNull(schema)
		}
		return
	}
	top := slices.Contains(groups, at[0]) && len(at) == 2 || isComponent(at)
	parent := tree.Get(root, at[:len(at)-1]...)
	if parent == nil {
		if !top || tree.Get(root, "paths") == nil {
			return
		}
		parent = root
		for _, key := range at[:len(at)-1] {
			parent = tree.Ensure(parent, key)
		}
	}
	last := at[len(at)-1]
	now := tree.Get(parent, last)
	switch {
	case now == nil && parent.Kind == yaml.MappingNode:
		tree.Set(parent, last, tree.Clone(k.Value))
	case now != nil && now.Kind == yaml.SequenceNode && k.Value.Kind == yaml.SequenceNode:
		for _, item := range k.Value.Content {
			if !slices.ContainsFunc(now.Content, func(other *yaml.Node) bool { return tree.Equal(item, other) }) {
				now.Content = append(now.Content, tree.Clone(item))
			}
		}
	}
}

// allowNull changes a schema so that it may be null.
func allowNull(schema *yaml.Node) {
	null := tree.String("null")
	if types := tree.Get(schema, "type"); types != nil && types.Kind == yaml.ScalarNode {
		tree.Set(schema, "type", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{types, null}})
		return
	}
	ref := tree.Get(schema, "$ref")
	if ref == nil {
		return
	}
	one, none := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	tree.Set(one, "$ref", ref)
	tree.Set(none, "type", null)
	tree.Delete(schema, "$ref")
	tree.Set(schema, "oneOf", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{one, none}})
}
