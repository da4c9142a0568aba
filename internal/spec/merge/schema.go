package merge

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

func itoa(i int) string { return strconv.Itoa(i) }

// walkSchema pairs a schema of ours with a published one, whose place is at. The
// argument out is its place with our names.
func (p *pairing) walkSchema(ours, theirs *yaml.Node, at, out tree.Path) {
	if ours == nil || theirs == nil {
		return
	}
	old, _, oldNull := core(ours, nil)
	next, nextAt, nextNull := core(theirs, at)
	if oldNull && !nextNull {
		p.keepNull(theirs, out)
	}
	name := nameOf(old)
	target, targetAt := tree.Resolve(p.theirs, next, nextAt)
	if target == nil || name != "" && !p.alike(old, next) {
		return
	}
	known, _ := tree.Resolve(p.ours, old, nil)
	if known == nil {
		return
	}
	key := name + " " + targetAt.String()
	if name != "" {
		p.pair(name, next, nextAt)
		out = tree.Path{"components", "schemas", name}
	} else if called := nameOf(next); called != "" {
		out = tree.Path{"components", "schemas", called}
	} else if nextNull && len(nextAt) > len(at) {
		out = slices.Concat(out, nextAt[len(at):])
	}
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	p.walkBelow(known, target, targetAt, out)
}

func (p *pairing) keepNull(theirs *yaml.Node, out tree.Path) {
	if p.soft || tree.Get(theirs, "type") == nil && tree.Ref(theirs) == "" {
		return
	}
	p.keep(Kept{At: out.String(), Null: true})
}

// walkBelow pairs the schemas inside of two schemas.
func (p *pairing) walkBelow(ours, theirs *yaml.Node, at, out tree.Path) {
	below := func(path tree.Path, keys ...string) tree.Path { return slices.Concat(path, keys) }
	p.keepMissing(ours, theirs, out)
	for _, key := range []string{"items", "additionalProperties"} {
		p.walkSchema(tree.Get(ours, key), tree.Get(theirs, key), below(at, key), below(out, key))
	}
	matched := false
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		old, next := sequence(tree.Get(ours, key)), sequence(tree.Get(theirs, key))
		if len(old) == 0 || len(old) != len(next) {
			continue
		}
		matched = true
		for i, part := range next {
			p.walkSchema(p.closest(old, part, i), part, below(at, key, itoa(i)), below(out, key, itoa(i)))
		}
	}
	if matched || tree.Get(theirs, "properties") == nil && tree.Get(ours, "properties") == nil {
		return
	}
	next := membersOf(p.theirs, theirs, at)
	for name, known := range membersOf(p.ours, ours, nil) {
		if found, both := next[name]; both {
			place := below(out, "properties", name)
			if tree.Get(theirs, "properties", name) == nil { // it is in a part of the published schema
				place = found.at
			}
			p.walkSchema(known.node, found.node, found.at, place)
		}
	}
}

// closest returns the part of ours that corresponds to a published part: the one
// that shares the most members, but at least half of its own, or else the one with
// the same index.
func (p *pairing) closest(ours []*yaml.Node, theirs *yaml.Node, i int) *yaml.Node {
	members := membersOf(p.theirs, theirs, nil)
	best, most := ours[i], -1
	for _, part := range ours {
		known := membersOf(p.ours, part, nil)
		score := -len(known)
		for name := range known {
			if _, both := members[name]; both {
				score += 2
			}
		}
		if len(known) > 0 && score > most {
			best, most = part, score
		}
	}
	return best
}

// keepMissing keeps the facts that the transcription of a schema contains and the
// published schema does not: the values of an enum, a format, required members, and
// members that are not published.
func (p *pairing) keepMissing(ours, theirs *yaml.Node, out tree.Path) {
	if p.soft {
		return
	}
	below := func(keys ...string) string { return slices.Concat(out, keys).String() }
	for _, key := range []string{"enum", "format"} {
		if known := tree.Get(ours, key); known != nil && tree.Get(theirs, key) == nil && typeOf(ours) == typeOf(theirs) {
			p.keep(Kept{At: below(key), Value: known})
		}
	}
	members := membersOf(p.theirs, theirs, nil)
	if properties := tree.Get(ours, "properties"); properties != nil && tree.Get(theirs, "properties") != nil {
		for name, known := range tree.Pairs(properties) {
			if _, there := members[name]; !there {
				marked := tree.Clone(known)
				if tree.Ref(marked) == "" {
					tree.Set(marked, "x-source", tree.String("transcribed"))
				}
				p.keep(Kept{At: below("properties", name), Value: marked})
			}
		}
	}
	p.keepRequired(ours, theirs, members, below("required"))
}

func (p *pairing) keepRequired(ours, theirs *yaml.Node, members map[string]member, at string) {
	said := sequence(tree.Get(theirs, "required"))
	missing := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, name := range sequence(tree.Get(ours, "required")) {
		_, there := members[name.Value]
		if there && !slices.ContainsFunc(said, func(n *yaml.Node) bool { return n.Value == name.Value }) {
			missing.Content = append(missing.Content, tree.String(name.Value))
		}
	}
	if len(missing.Content) > 0 && tree.Get(theirs, "properties") != nil {
		p.keep(Kept{At: at, Value: missing})
	}
}
