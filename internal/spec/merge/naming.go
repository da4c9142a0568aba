package merge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// naming decides which of their components and places get which of our names.
type naming struct {
	*pairing
	component map[string]string   // place of their component -> our name
	places    map[string]string   // other places of theirs -> our name
	taken     map[string][]string // kind and our name -> the places that have it
}

func (d *naming) decide() {
	for _, at := range slices.Sorted(maps.Keys(d.uses)) {
		d.nameComponent(at, false)
	}
	for _, at := range d.order {
		d.take(at, d.inline[at])
		d.places[at] = d.inline[at]
	}
	for _, at := range slices.Sorted(maps.Keys(d.uses)) {
		if d.component[at] == "" {
			d.nameComponent(at, true)
		}
	}
	for _, soft := range d.softInline {
		taken := d.taken[kindOf(soft.At)+soft.Name]
		if len(taken) == 0 && !d.exists(kindOf(soft.At), soft.Name) || len(taken) > 0 && sameSchema(d.theirs, d.node(taken[0]), d.node(soft.At), 0) {
			d.take(soft.At, soft.Name)
			d.places[soft.At] = soft.Name
		}
	}
	d.settle()
	d.nameUnused()
	d.avoidCollisions()
}

// nameUnused gives components that no operation of ours leads to the name of
// the place at which they are written out.
func (d *naming) nameUnused() {
	for own := range tree.Pairs(tree.Get(d.theirs, "components", "schemas")) {
		at := tree.Path{"components", "schemas", own}.String()
		if d.component[at] != "" || d.uses[at] != nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(d.taken)) {
			name, isSchema := strings.CutPrefix(key, "schemas.")
			if isSchema && d.telling(at) && sameSchema(d.theirs, d.node(d.taken[key][0]), d.node(at), 0) {
				d.component[at] = name
				d.take(at, name)
				break
			}
		}
	}
}

// nameComponent gives a component of theirs our name. Where it stands for
// several of ours, each of those is a copy of it under its own name.
func (d *naming) nameComponent(at string, soft bool) {
	count := map[string]int{}
	for name, uses := range d.uses[at] {
		for _, u := range uses {
			if !u.soft || soft {
				count[name]++
			}
		}
	}
	if soft {
		maps.DeleteFunc(count, func(name string, _ int) bool { return len(d.taken[kindOf(at)+name]) > 0 })
	}
	if len(count) == 0 {
		return
	}
	own := at[strings.LastIndex(at, ".")+1:]
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	main := names[0]
	if forced := d.forced[at]; forced != "" {
		main = forced
	} else if count[own] > 0 {
		main = own
	}
	d.component[at] = main
	d.take(at, main)
	for _, name := range names {
		if name == main || soft {
			continue
		}
		for _, u := range d.uses[at][name] {
			if !u.soft {
				d.places[u.at.String()] = name
			}
		}
	}
}

func (d *naming) take(at, name string) {
	key := kindOf(at) + name
	d.taken[key] = append(d.taken[key], at)
}

func kindOf(at string) string {
	path, _ := tree.ParsePath(at)
	if len(path) > 2 && (isComponent(path) && path[1] == "parameters" || path[len(path)-2] == "parameters") {
		return "parameters."
	}
	return "schemas."
}

func (d *naming) exists(kind, name string) bool {
	return tree.Get(d.theirs, "components", strings.TrimSuffix(kind, "."), name) != nil
}

// telling reports whether a schema says enough to be recognized by: members, or
// the values of an enum.
func (d *naming) telling(at string) bool {
	return len(membersOf(d.theirs, d.node(at), nil)) > 0 || tree.Get(d.node(at), "enum") != nil
}

// settle looks at each name that several of theirs would have. If they are the
// same schema, all of them have it. Otherwise the one that a person named has
// it, or the one that is called so by the vendor; else a person has to say.
func (d *naming) settle() {
	for _, key := range slices.Sorted(maps.Keys(d.taken)) {
		candidates := d.taken[key]
		first := d.node(candidates[0])
		differs := slices.ContainsFunc(candidates[1:], func(at string) bool {
			return !sameSchema(d.theirs, first, d.node(at), 0)
		})
		if !differs {
			continue
		}
		_, name, _ := strings.Cut(key, ".")
		chosen := slices.IndexFunc(candidates, func(at string) bool { return d.forced[at] == name })
		if chosen < 0 {
			chosen = slices.IndexFunc(candidates, func(at string) bool { return at == "components."+key })
		}
		if chosen < 0 {
			d.unsure = append(d.unsure, fmt.Sprintf("`%s` may be any of `%s`, which differ: name one of them in `%s` (`- at: %s`, `name: %s`)",
				name, strings.Join(candidates, "`, `"), RememberedFile, candidates[0], name))
			continue
		}
		for i, at := range candidates {
			if i != chosen && !sameSchema(d.theirs, d.node(candidates[chosen]), d.node(at), 0) {
				delete(d.component, at)
				delete(d.places, at)
			}
		}
	}
}

func (d *naming) node(at string) *yaml.Node {
	path, _ := tree.ParsePath(at)
	return tree.Get(d.theirs, path...)
}

// avoidCollisions names components of theirs that are called as one of ours
// that is another one of theirs.
func (d *naming) avoidCollisions() {
	for _, kind := range []string{"schemas", "parameters"} {
		for own := range tree.Pairs(tree.Get(d.theirs, "components", kind)) {
			at := tree.Path{"components", kind, own}.String()
			if d.component[at] == "" && len(d.taken[kind+"."+own]) > 0 && !slices.Contains(d.taken[kind+"."+own], at) {
				d.component[at] = "Published" + own
			}
		}
	}
}
