package goapi

import (
	"go/constant"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Resolver finds the generated Go symbol for a place in a description. For instance,
// that of components.schemas.Order.properties.callback_url is api.Order.CallbackURL.
// It looks up members by their JSON names in the generated types, so it does not
// depend on how the generator derives names.
type Resolver struct {
	root *yaml.Node
	pkg  *types.Package
	// byKey are the exported names of the package by Key.
	byKey map[string]string
}

// NewResolver returns a Resolver for the package that was generated from a description
// with the overlay applied.
func NewResolver(overlaid *yaml.Node, pkg *types.Package) *Resolver {
	r := &Resolver{root: overlaid, pkg: pkg, byKey: map[string]string{}}
	for _, name := range pkg.Scope().Names() {
		if r.pkg.Scope().Lookup(name).Exported() {
			r.byKey[Key(name)] = name
		}
	}
	return r
}

// Key returns a form of a name that does not depend on its case and separators.
func Key(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, name)
}

// Symbols returns the Go symbols of a place, each with the name of the package,
// sorted. It returns none if no code is generated for the place.
func (r *Resolver) Symbols(place tree.Path) []string {
	found := r.symbols(place)
	for i := range found {
		found[i] = r.pkg.Name() + "." + found[i]
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (r *Resolver) symbols(place tree.Path) []string {
	switch {
	case len(place) >= 3 && place[0] == "components" && place[1] == "schemas":
		return r.schema(place[2], place[3:], nil)
	case len(place) >= 3 && place[0] == "components" && place[1] == "parameters":
		return r.sharedParameter(place[2])
	case len(place) >= 3 && place[0] == "components":
		if name := r.byKey[Key(place[2])]; name != "" {
			return []string{name}
		}
	case len(place) >= 3 && place[0] == "paths":
		return r.inPath(place)
	}
	return nil
}

// OperationName returns the Go name of an operation, as in the method
// api.Client.GetOrderByID, or "".
func (r *Resolver) OperationName(operationID string) string {
	client := r.named("Client")
	if client == nil || operationID == "" {
		return ""
	}
	for i := range client.NumMethods() {
		if name := client.Method(i).Name(); Key(name) == Key(operationID) {
			return name
		}
	}
	// An operation with a body that is not JSON may only have this method.
	for i := range client.NumMethods() {
		if name := client.Method(i).Name(); Key(name) == Key(operationID+"WithBody") {
			return strings.TrimSuffix(name, "WithBody")
		}
	}
	return ""
}

func (r *Resolver) named(name string) *types.Named {
	object := r.pkg.Scope().Lookup(name)
	if object == nil {
		return nil
	}
	named, _ := types.Unalias(object.Type()).(*types.Named)
	return named
}

// schema returns the symbols for a named schema, and for those that are composed of
// it, because their Go types have its members too.
func (r *Resolver) schema(name string, rest tree.Path, seen []string) []string {
	if slices.Contains(seen, name) {
		return nil
	}
	seen = append(seen, name)
	var out []string
	if goName := r.byKey[Key(name)]; goName != "" {
		out = r.walk(r.pkg.Scope().Lookup(goName).Type(), goName, tree.Path{"components", "schemas", name}, rest)
	}
	if len(rest) == 0 && len(out) > 0 {
		return out
	}
	ref := "#/components/schemas/" + name
	for user, schema := range tree.Pairs(tree.Get(r.root, "components", "schemas")) {
		if composedOf(schema, ref) {
			out = append(out, r.schema(user, rest, seen)...)
		}
	}
	return out
}

func composedOf(schema *yaml.Node, ref string) bool {
	for _, composition := range []string{"allOf", "oneOf", "anyOf"} {
		parts := tree.Get(schema, composition)
		if parts == nil {
			continue
		}
		if slices.ContainsFunc(parts.Content, func(part *yaml.Node) bool { return tree.Ref(part) == ref }) {
			return true
		}
	}
	return false
}

// sharedParameter returns the type of a component parameter and the members for it in
// the parameter objects of operations.
func (r *Resolver) sharedParameter(name string) []string {
	var out []string
	if goName := r.byKey[Key(name)]; goName != "" {
		out = append(out, goName)
	}
	ref := "#/components/parameters/" + name
	for path, item := range tree.Pairs(tree.Get(r.root, "paths")) {
		for member := range tree.Pairs(item) {
			for i, parameter := range sequence(tree.Get(item, parametersOf(member)...)) {
				if tree.Ref(parameter) == ref {
					out = append(out, r.parameter(tree.Path{"paths", path, member}, i)...)
				}
			}
		}
	}
	return out
}

// parametersOf returns the keys that lead from a path item to the parameters of one of
// its members, which is an operation or the parameters of the path itself.
func parametersOf(member string) []string {
	if member == "parameters" {
		return []string{member}
	}
	return []string{member, "parameters"}
}

func sequence(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	return n.Content
}

// walk follows rest, a path inside of a schema, through the Go type of the schema. The
// argument at is the place of the schema, and symbol is its Go name.
func (r *Resolver) walk(t types.Type, symbol string, at, rest tree.Path) []string {
	t, symbol = r.deref(t, symbol)
	if len(rest) == 0 {
		return []string{symbol}
	}
	next := func(n int) tree.Path { return slices.Concat(at, rest[:n]) }
	switch rest[0] {
	case "properties":
		if len(rest) < 2 {
			return []string{symbol}
		}
		field, name := fieldByJSON(t, rest[1])
		if field == nil {
			return nil
		}
		if len(rest) == 2 {
			return []string{symbol + "." + name}
		}
		return r.walk(field.Type(), symbol+"."+name, next(2), rest[2:])
	case "items", "additionalProperties":
		return r.walk(element(t), symbol, next(1), rest[1:])
	case "allOf", "oneOf", "anyOf":
		if len(rest) < 2 {
			return []string{symbol}
		}
		return r.walk(t, symbol, next(2), rest[2:])
	case "enum":
		if constant := r.constantOf(t, tree.Get(r.root, slices.Concat(at, rest)...)); constant != "" {
			return []string{constant}
		}
	}
	return []string{symbol}
}

// deref removes pointers. For a named type of the package, it returns the name of the
// type instead of the symbol of the member.
func (r *Resolver) deref(t types.Type, symbol string) (types.Type, string) {
	for {
		t = types.Unalias(t)
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
			continue
		}
		if named, ok := t.(*types.Named); ok && named.Obj().Pkg() == r.pkg {
			return t, named.Obj().Name()
		}
		return t, symbol
	}
}

func element(t types.Type) types.Type {
	switch t := t.Underlying().(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Map:
		return t.Elem()
	}
	return t
}

func fieldByJSON(t types.Type, member string) (*types.Var, string) {
	fields, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil, ""
	}
	for i := range fields.NumFields() {
		name, _, _ := strings.Cut(reflect.StructTag(fields.Tag(i)).Get("json"), ",")
		if name == member {
			return fields.Field(i), fields.Field(i).Name()
		}
	}
	return nil, ""
}

func (r *Resolver) constantOf(t types.Type, value *yaml.Node) string {
	if value == nil {
		return ""
	}
	for _, name := range r.pkg.Scope().Names() {
		c, ok := r.pkg.Scope().Lookup(name).(*types.Const)
		if !ok || !types.Identical(c.Type(), t) {
			continue
		}
		text := c.Val().ExactString()
		if c.Val().Kind() == constant.String {
			text = constant.StringVal(c.Val())
		}
		if text == value.Value {
			return name
		}
	}
	return ""
}
