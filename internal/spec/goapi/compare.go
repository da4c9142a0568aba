package goapi

import (
	"cmp"
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
)

// Kind is the kind of a change.
type Kind string

// The kinds of change.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Change is one change of an exported symbol.
type Change struct {
	Symbol   string // including the package, such as api.Order.CallbackURL
	Kind     Kind
	Text     string // a description, such as "`*string` becomes `string`"
	Breaking bool   // whether programs that use the symbol may not compile
}

// Compare returns the changes of the exported API, sorted by symbol.
func Compare(before, after *Snapshot) []Change {
	var out []Change
	for path, old := range before.Packages {
		next := after.Packages[path]
		if next == nil {
			out = append(out, Change{Symbol: old.Name, Kind: Removed, Text: "package removed", Breaking: true})
			continue
		}
		for _, found := range apidiff.Changes(old.Types, next.Types).Changes {
			out = append(out, change(old.Name, found))
		}
		out = append(out, tagChanges(old.Types, next.Types)...)
	}
	for path, next := range after.Packages {
		if before.Packages[path] == nil {
			out = append(out, Change{Symbol: next.Name, Kind: Added, Text: "package added"})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Text, b.Text)) })
	return slices.Compact(out)
}

var (
	fromTo      = regexp.MustCompile(`(?s)^(?:value )?changed from (.*) to (.*)$`)
	importPath  = regexp.MustCompile(`(?:[\w.-]+/)+([\w-]+\.)`)
	majorSuffix = regexp.MustCompile(`^v\d+\.$`)
)

// change converts a message of apidiff, such as "Order.CallbackURL: changed from
// *string to string".
func change(pkg string, found apidiff.Change) Change {
	symbol, text, _ := strings.Cut(found.Message, ": ")
	symbol, _, _ = strings.Cut(symbol, ", method set of ") // the same method again
	symbol = receiver.ReplaceAllString(symbol, "$1.$2")
	c := Change{Symbol: pkg + "." + symbol, Kind: Changed, Text: text, Breaking: !found.Compatible}
	switch {
	case text == "added":
		c.Kind = Added
	case strings.HasPrefix(text, "removed"):
		c.Kind = Removed
	case fromTo.MatchString(text):
		parts := fromTo.FindStringSubmatch(text)
		c.Text = fmt.Sprintf("`%s` becomes `%s`", localName(parts[1]), localName(parts[2]))
	}
	if c.Kind == Added && isClientInterface(symbol) {
		c.Breaking = false
	}
	return c
}

// receiver matches a method in the form of apidiff, such as (*Client).GetOrder.
var receiver = regexp.MustCompile(`^\(\*?(\w+)\)\.(\w+)$`)

// isClientInterface reports whether the symbol is a method of the interfaces that
// describe the generated client. Each new operation adds methods to them, and
// programs are not meant to implement them.
func isClientInterface(symbol string) bool {
	return strings.HasPrefix(symbol, "ClientInterface.") || strings.HasPrefix(symbol, "ClientWithResponsesInterface.")
}

// tag matches a struct tag in the form of go/types.
var tag = regexp.MustCompile(` "(?:[^"\\]|\\.)*"`)

// localName returns a type in the form that a program uses which imports its package,
// without struct tags.
func localName(name string) string {
	name = tag.ReplaceAllString(name, "")
	return importPath.ReplaceAllStringFunc(name, func(path string) string {
		parts := strings.Split(path, "/")
		last := parts[len(parts)-1]
		if majorSuffix.MatchString(last) && len(parts) > 1 {
			return parts[len(parts)-2] + "."
		}
		return last
	})
}

// tagChanges returns the changes of members that have another name in JSON but keep
// their Go name and type, which the compiler does not notice.
func tagChanges(before, after *types.Package) []Change {
	var out []Change
	for _, name := range before.Scope().Names() {
		old, next := structOf(before, name), structOf(after, name)
		if old == nil || next == nil || !before.Scope().Lookup(name).Exported() {
			continue
		}
		was, is := jsonNames(old), jsonNames(next)
		for _, field := range slices.Sorted(maps.Keys(was)) {
			if now, still := is[field]; still && now != was[field] {
				out = append(out, Change{
					Symbol: before.Name() + "." + name + "." + field, Kind: Changed,
					Text: fmt.Sprintf("`%s` in JSON becomes `%s`", was[field], now),
				})
			}
		}
	}
	return out
}

func structOf(pkg *types.Package, name string) *types.Struct {
	object := pkg.Scope().Lookup(name)
	if object == nil {
		return nil
	}
	fields, _ := object.Type().Underlying().(*types.Struct)
	return fields
}

func jsonNames(fields *types.Struct) map[string]string {
	names := map[string]string{}
	for i := range fields.NumFields() {
		if name := jsonName(fields, i); name != "" {
			names[fields.Field(i).Name()] = name
		}
	}
	return names
}

func jsonName(fields *types.Struct, i int) string {
	name, _, _ := strings.Cut(reflect.StructTag(fields.Tag(i)).Get("json"), ",")
	return name
}
