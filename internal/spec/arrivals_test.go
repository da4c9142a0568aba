package spec

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// TestArrivals updates to descriptions of the same API in other words, which a
// program derives from ours, each from a seed. No manual change is needed, the names
// that Go callers know are kept, and all tests pass afterwards.
func TestArrivals(t *testing.T) {
	t.Parallel()
	seeds := 1
	if *all {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { testArrival(t, uint64(seed)) })
	}
}

func testArrival(t *testing.T, seed uint64) {
	repo := wholeRepository(t, "arrival")
	repo.skipAfterArrival(t)
	a := &arrival{t: t, random: rand.New(rand.NewPCG(seed, 13)), root: repo.description(t)}
	a.derive()
	from := write(t, "openapi.yaml", text(t, a.root))
	if seed%3 == 1 {
		from = a.pages()
	}

	options := repo.options(t, from)
	options.untested, options.unbuilt = false, false
	r := Run(t.Context(), options)
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	decide, _, _ := strings.Cut(r.Markdown(), "## Entry for CHANGELOG.md")
	assert.LessOrEqual(t, strings.Count(decide, "\n"), 60, "the decisions for a whole file fit on two screens")
	assert.LessOrEqual(t, strings.Count(r.Markdown(), "Published now"), 1)
	require.Contains(t, []report.Verdict{report.Additive, report.Breaking, report.Nothing}, r.Verdict(), "no manual change is needed")
	require.True(t, r.Applied)
	assert.LessOrEqual(t, len(r.BrokenSymbols()), 5, "%q", r.BrokenSymbols())

	a.testAll(repo, seed)
	again := Run(t.Context(), Options{Root: repo.dir, From: from, ReportOnly: true, generator: generate})
	assert.Empty(t, again.Changes, "a second update changes nothing")
	assert.Empty(t, again.Names)
	assert.Empty(t, again.Kept)
}

// testAll runs the tests of an updated repository. Those of api and wrapper were
// already run by the update. With -more, the tests run that read files of the
// repository. With -all, the first arrivals run everything that "make test" runs in the
// modules that depend on the description.
func (a *arrival) testAll(repo *fixture, seed uint64) {
	defer func(start time.Time) {
		a.t.Logf("the tests of the updated repository: %s", time.Since(start).Round(time.Second/10))
	}(time.Now())
	if *all && seed < 2 {
		repo.goCommand(a.t, ".", "test", "-vet=off", "-short", "./...")
		repo.goCommand(a.t, "internal/spec", "test", "-vet=off", "./...")
		return
	}
	if *more || *all {
		repo.goCommand(a.t, ".", "test", "-vet=off", "-short", "./wrapper/sandbox/...")
		repo.goCommand(a.t, "internal/spec", "test", "-vet=off", "./contract")
	}
}

// arrival derives a description from ours.
type arrival struct {
	t      *testing.T
	random *rand.Rand
	root   *yaml.Node
}

func (a *arrival) chance(percent int) bool { return a.random.IntN(100) < percent }

func (a *arrival) derive() {
	dropExtensions(a.root)
	a.renameComponents()
	a.renameOperations()
	a.putInPlace()
	a.drop()
	if a.chance(50) {
		tree.Delete(a.root, "webhooks")
	}
	a.reorder(a.root, "")
}

// renameComponents gives other names to most schemas and parameters.
func (a *arrival) renameComponents() {
	for _, kind := range []string{"schemas", "parameters"} {
		var names []string
		for name := range tree.Pairs(at(a.t, a.root, "components", kind)) {
			names = append(names, name)
		}
		for _, name := range names {
			if a.chance(80) {
				forms := []string{name + "Dto", "CNaught.Api." + name, "Get" + name + "Model", strings.ToLower(name)}
				renameComponent(a.t, a.root, kind, name, forms[a.random.IntN(len(forms))])
			}
		}
	}
}

func (a *arrival) renameOperations() {
	for path, item := range tree.Pairs(at(a.t, a.root, "paths")) {
		for method, operation := range tree.Pairs(item) {
			if slices.Contains(tree.Methods, method) && a.chance(60) {
				words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}-_", r) })
				tree.Set(operation, "operationId", tree.String(method+"_"+strings.Join(words, "_")))
			}
		}
	}
}

// putInPlace replaces some references to schemas and parameters by the schemas and
// parameters themselves.
func (a *arrival) putInPlace() {
	inPlace := map[string]bool{}
	for _, kind := range []string{"schemas", "parameters"} {
		for name := range tree.Pairs(at(a.t, a.root, "components", kind)) {
			inPlace["#/components/"+kind+"/"+name] = a.chance(25)
		}
	}
	var visit func(n *yaml.Node, depth int)
	visit = func(n *yaml.Node, depth int) {
		if ref := tree.Ref(n); inPlace[ref] && depth < 8 {
			target, _ := tree.Resolve(a.root, n, nil)
			copied := tree.Clone(target)
			for key, value := range tree.Pairs(n) {
				if key != "$ref" {
					tree.Set(copied, key, value)
				}
			}
			*n = *copied
			visit(n, depth+1)
			return
		}
		for _, child := range n.Content {
			visit(child, depth)
		}
	}
	visit(at(a.t, a.root, "paths"), 0)
	if webhooks := tree.Get(a.root, "webhooks"); webhooks != nil {
		visit(webhooks, 0)
	}
	visit(at(a.t, a.root, "components"), 0)
	for _, ref := range slices.Sorted(maps.Keys(inPlace)) { // a seed gives the same description each time
		if target := strings.Split(ref, "/"); inPlace[ref] && a.chance(50) {
			tree.Delete(at(a.t, a.root, "components", target[2]), target[3])
		}
	}
}

// drop removes what vendors often leave out: required, formats, enums and examples.
func (a *arrival) drop() {
	var visit func(n *yaml.Node, key string)
	visit = func(n *yaml.Node, key string) {
		if n.Kind == yaml.MappingNode && key != "properties" && key != "schemas" {
			for _, member := range []string{"required", "format", "enum", "example", "examples"} {
				value := tree.Get(n, member)
				if value == nil || member == "required" && value.Kind != yaml.SequenceNode || member == "examples" && key == "components" {
					continue
				}
				if a.chance(40) {
					tree.Delete(n, member)
				}
			}
		}
		for name, value := range tree.Pairs(n) {
			visit(value, name)
		}
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				visit(item, "")
			}
		}
	}
	visit(a.root, "")
}

// reorder shuffles members and parameters.
func (a *arrival) reorder(n *yaml.Node, key string) {
	for name, value := range tree.Pairs(n) {
		a.reorder(value, name)
	}
	switch {
	case n.Kind == yaml.MappingNode:
		pairs := len(n.Content) / 2
		a.random.Shuffle(pairs, func(i, j int) {
			n.Content[2*i], n.Content[2*j] = n.Content[2*j], n.Content[2*i]
			n.Content[2*i+1], n.Content[2*j+1] = n.Content[2*j+1], n.Content[2*i+1]
		})
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			a.reorder(item, "")
		}
		if key == "parameters" {
			a.random.Shuffle(len(n.Content), func(i, j int) { n.Content[i], n.Content[j] = n.Content[j], n.Content[i] })
		}
	}
}

// pages writes the description as a folder of pages, one for each operation.
func (a *arrival) pages() string {
	folder := a.t.TempDir()
	for path := range tree.Pairs(at(a.t, a.root, "paths")) {
		page := published(a.t, a.root, path)
		name := strings.NewReplacer("/", "-", "{", "", "}", "").Replace(strings.TrimPrefix(path, "/")) + ".md"
		require.NoError(a.t, os.WriteFile(filepath.Join(folder, name), []byte(markdown(a.t, page)), 0o644))
	}
	return folder
}

// renameComponent gives a component another name, everywhere.
func renameComponent(t *testing.T, root *yaml.Node, kind, from, to string) {
	t.Helper()
	component := at(t, root, "components", kind, from)
	drop(t, root, "components", kind, from)
	tree.Set(at(t, root, "components", kind), to, component)
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Value == "#/components/"+kind+"/"+from {
			n.Value = "#/components/" + kind + "/" + to
		}
		for _, child := range n.Content {
			visit(child)
		}
	}
	visit(root)
}
