// Package merge replaces our description, or the parts of it that new pages
// contain, by a new description. If pages contradict each other, it reports a
// conflict, which a person has to resolve.
package merge

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Result is the result of a merge.
type Result struct {
	Root *yaml.Node
	// Notes describe, for the report, what the merge removed or kept.
	Notes []string
	// Conflicts are contradictions between pages. If there are any, Root is nil.
	Conflicts []Conflict
	// Unsure are messages about our names that a person has to assign to one of
	// several components of the new description.
	Unsure []string
	// Remembered are the differences between the published description and Root.
	Remembered *Remembered
}

// Conflict is one place that two pages define differently.
type Conflict struct {
	Place         tree.Path
	First, Second string
	// Differences are the places at which they differ, relative to Place.
	Differences []tree.Path
}

func (c Conflict) String() string {
	where := make([]string, 0, len(c.Differences))
	for _, path := range c.Differences {
		where = append(where, "`"+append(slices.Clone(c.Place), path...).String()+"`")
	}
	return fmt.Sprintf("`%s` is defined differently by %s and %s: they differ at %s", c.Place, c.First, c.Second, strings.Join(where, ", "))
}

// Merge returns a copy of ours in which the documents of from replace what they
// describe, with our names. The argument before is what is remembered of the
// description that was published until now.
func Merge(ours *yaml.Node, from *source.Source, before *Remembered) (*Result, error) {
	for _, document := range from.Documents {
		if err := sameAPI(ours, document, from.Whole); err != nil {
			return nil, err
		}
	}
	m := &merger{ours: ours, root: tree.Clone(ours)}
	if from.Ours {
		return &Result{Root: m.root, Remembered: before}, nil
	}
	if !from.Whole {
		if _, conflicts := collect(from.Documents, tree.Equal); len(conflicts) > 0 {
			return &Result{Conflicts: conflicts}, nil
		}
	}
	documents, remembered, unsure := inOurNames(ours, from, before)
	result := &Result{Unsure: unsure, Remembered: remembered}
	if from.Whole {
		m.root = documents[0].Root
		m.markWhole()
		if documents[0].Older != "" {
			m.keepWebhooks()
		}
		result.Root, result.Notes = m.root, m.allNotes()
		return result, nil
	}
	// Inline schemas of two pages can be the same component of ours. Then only
	// their texts and examples may differ.
	facts, conflicts := collect(documents, func(a, b *yaml.Node) bool { return tree.Equal(a, b) || sameComponent(ours, a, b) })
	if len(conflicts) > 0 {
		return &Result{Conflicts: conflicts}, nil
	}
	m.pushDownParameters(facts)
	for _, fact := range facts {
		m.apply(fact)
	}
	result.Root, result.Notes = m.root, m.allNotes()
	return result, nil
}

// inOurNames returns the documents with our names, and what has to be remembered
// from now on. For pages, this includes what was remembered of other pages.
func inOurNames(ours *yaml.Node, from *source.Source, before *Remembered) (documents []source.Document, all *Remembered, unsure []string) {
	all = &Remembered{}
	for _, document := range from.Documents {
		found, doubts := Pair(ours, document.Root, before, from.Whole && document.Older == "")
		unsure = append(unsure, doubts...)
		all.add(found)
		if !from.Whole {
			all.addOthers(before, document.Root, found.Apply(document.Root))
		}
		document.Root = found.Apply(document.Root)
		documents = append(documents, document)
	}
	all.sort()
	return documents, all, unsure
}

// groups are the members of a description that contain operations.
var groups = []string{"paths", "webhooks"}

// fact is one part of a page: a top-level member, a member of a path item or a
// component.
type fact struct {
	path  tree.Path
	value *yaml.Node
	page  string
}

func (f fact) isPathItemMember() bool { return slices.Contains(groups, f.path[0]) }

func (f fact) isOperation() bool {
	return f.isPathItemMember() && slices.Contains(tree.Methods, f.path[2])
}

// collect returns the facts of all pages, each once, and the conflicts between them.
func collect(documents []source.Document, equal func(a, b *yaml.Node) bool) (facts []fact, conflicts []Conflict) {
	for _, document := range documents {
		for _, next := range factsOf(document) {
			i := slices.IndexFunc(facts, func(f fact) bool { return slices.Equal(f.path, next.path) })
			switch {
			case i < 0:
				facts = append(facts, next)
			case !equal(facts[i].value, next.value):
				conflicts = append(conflicts, Conflict{
					Place: next.path, First: facts[i].page, Second: next.page,
					Differences: tree.Diff(facts[i].value, next.value),
				})
			}
		}
	}
	return facts, conflicts
}

func factsOf(document source.Document) []fact {
	var out []fact
	add := func(value *yaml.Node, path ...string) {
		out = append(out, fact{path: path, value: value, page: document.Name})
	}
	for key, value := range tree.Pairs(document.Root) {
		if !slices.Contains(groups, key) && key != "components" {
			add(value, key)
			continue
		}
		for name, members := range tree.Pairs(value) {
			for member, what := range tree.Pairs(members) {
				add(what, key, name, member)
			}
		}
	}
	return out
}

type merger struct {
	ours, root *yaml.Node
	notes      []string
	published  []string // places whose x-note was removed
}

// allNotes returns the notes. One note covers all places that are published now.
func (m *merger) allNotes() []string {
	if n := len(m.published); n > 0 {
		m.note("Published now, so our notes (x-note) were removed: %d, the first at `%s` (see the diff of openapi.yaml for all).", n, m.published[0])
		m.published = nil
	}
	return m.notes
}

func (m *merger) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// apply writes a fact to the description.
func (m *merger) apply(f fact) {
	parent := m.root
	for _, key := range f.path[:len(f.path)-1] {
		parent = tree.Ensure(parent, key)
	}
	value := tree.Clone(f.value)
	m.keepExtensions(tree.Get(m.ours, f.path...), value, f.path, f.isOperation())
	tree.Set(parent, f.path[len(f.path)-1], value)
}

// markWhole copies our extensions to a whole new description.
func (m *merger) markWhole() {
	for key, value := range tree.Pairs(m.ours) {
		if strings.HasPrefix(key, "x-") && tree.Get(m.root, key) == nil {
			tree.Set(m.root, key, tree.Clone(value))
		}
	}
	for _, group := range groups {
		for path, item := range tree.Pairs(tree.Get(m.root, group)) {
			for method, operation := range tree.Pairs(item) {
				if slices.Contains(tree.Methods, method) {
					m.keepExtensions(tree.Get(m.ours, group, path, method), operation, tree.Path{group, path, method}, true)
				}
			}
		}
	}
	for kind, components := range tree.Pairs(tree.Get(m.root, "components")) {
		for name, component := range tree.Pairs(components) {
			m.keepExtensions(tree.Get(m.ours, "components", kind, name), component, tree.Path{"components", kind, name}, false)
		}
	}
}

// keepWebhooks copies our webhooks, with the components that only they use, to a
// description in OpenAPI 3.0, which cannot contain webhooks.
func (m *merger) keepWebhooks() {
	webhooks := tree.Get(m.ours, "webhooks")
	if webhooks == nil || tree.Get(m.root, "webhooks") != nil {
		return
	}
	tree.Set(m.root, "webhooks", tree.Clone(webhooks))
	m.keepReferenced(webhooks)
	m.note("The webhooks are unchanged, because OpenAPI 3.0 cannot contain webhooks.")
}

// keepReferenced copies the components that a part of ours refers to and that the
// new description does not have.
func (m *merger) keepReferenced(part *yaml.Node) {
	if path := tree.Target(part); path != nil {
		component := tree.Get(m.ours, path...)
		if component == nil || tree.Get(m.root, path...) != nil {
			return
		}
		parent := m.root
		for _, key := range path[:len(path)-1] {
			parent = tree.Ensure(parent, key)
		}
		tree.Set(parent, path[len(path)-1], tree.Clone(component))
		m.keepReferenced(component)
		return
	}
	for _, child := range part.Content {
		m.keepReferenced(child)
	}
}

// guesses are our extensions that say how certain a transcription is. They are
// removed when the vendor's text replaces it.
var guesses = []string{"x-confidence", "x-note"}

// keepExtensions copies our extensions from old to next, which the vendor published.
// It marks an operation as published, unless next has an x-source, as a copy of our
// description does.
func (m *merger) keepExtensions(old, next *yaml.Node, path tree.Path, operation bool) {
	if next.Kind != yaml.MappingNode || tree.Ref(next) != "" {
		return
	}
	if operation && tree.Get(next, "x-source") == nil {
		tree.Set(next, "x-source", tree.String("published"))
	}
	for key, value := range tree.Pairs(old) {
		if !strings.HasPrefix(key, "x-") || tree.Get(next, key) != nil {
			continue
		}
		if !slices.Contains(guesses, key) {
			tree.Set(next, key, tree.Clone(value))
		} else if key == "x-note" {
			m.published = append(m.published, path.String())
		}
	}
}

// pushDownParameters keeps the parameters of operations that no page contains. A
// page contains one operation, with the parameters that the vendor defines at the
// path for all operations. If ours defines others at the path, they are copied to
// the other operations before those of the page replace them.
func (m *merger) pushDownParameters(facts []fact) {
	for _, f := range facts {
		if !f.isOperation() {
			continue
		}
		item := tree.Get(m.root, f.path[0], f.path[1])
		parameters := tree.Get(item, "parameters")
		if parameters == nil {
			continue
		}
		fromPage := func(member string) *yaml.Node {
			for _, other := range facts {
				if slices.Equal(other.path, tree.Path{f.path[0], f.path[1], member}) {
					return other.value
				}
			}
			return nil
		}
		for method, operation := range tree.Pairs(item) {
			if slices.Contains(tree.Methods, method) && fromPage(method) == nil {
				m.addMissing(operation, parameters, fromPage("parameters"))
			}
		}
		tree.Delete(item, "parameters")
	}
}

// addMissing appends the parameters that neither the operation nor the path will
// have to the operation.
func (m *merger) addMissing(operation, parameters, atPath *yaml.Node) {
	for _, parameter := range parameters.Content {
		identity := m.identity(parameter)
		same := func(other *yaml.Node) bool { return m.identity(other) == identity }
		if own := tree.Get(operation, "parameters"); own != nil && slices.ContainsFunc(own.Content, same) {
			continue
		}
		if atPath != nil && slices.ContainsFunc(atPath.Content, same) {
			continue
		}
		if tree.Get(operation, "parameters") == nil {
			tree.Set(operation, "parameters", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
		}
		own := tree.Get(operation, "parameters")
		own.Content = append(own.Content, tree.Clone(parameter))
	}
}

// identity returns a key that is the same for the same parameter: its location and
// name or, if ours does not have the target of a reference, the reference.
func (m *merger) identity(parameter *yaml.Node) string {
	resolved, _ := tree.Resolve(m.ours, parameter, nil)
	if resolved == nil {
		return tree.Ref(parameter)
	}
	return tree.Text(resolved, "in") + " " + tree.Text(resolved, "name")
}
