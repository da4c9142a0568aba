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

// naming assigns our names to the components and places of the published description.
type naming struct {
	*pairing
	component map[string]string   // place of the published component -> our name
	places    map[string]string   // other published places -> our name
	taken     map[string][]string // kind and our name -> the places with this name
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

// nameUnused names the components that no operation of ours uses. Each gets the name
// of an inline schema that is the same.
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

// nameComponent assigns our name to a published component. If it corresponds to
// several components of ours, each of the others becomes a copy with its own name.
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

// telling reports whether a schema has members or the values of an enum, by which it
// can be recognized.
func (d *naming) telling(at string) bool {
	return len(membersOf(d.theirs, d.node(at), nil)) > 0 || tree.Get(d.node(at), "enum") != nil
}

// settle decides which place gets a name that was assigned to several places. If all
// have the same schema, all get the name. Otherwise, the place that a person chose
// gets it, or else the component to which the vendor gave the name. If there is
// neither, a person has to decide.
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
			d.unsure = append(d.unsure, fmt.Sprintf("`%s` may be any of `%s`, which differ: add an entry for one of them to `%s` (`- at: %s`, `name: %s`)",
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

// avoidCollisions gives a new name to each published component whose name we use for
// another published component.
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
