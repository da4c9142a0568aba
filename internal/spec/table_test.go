package spec

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/report"
)

var (
	// more is set by "make test-more", which CI runs, too.
	more = flag.Bool("more", false, "run the whole table of changed descriptions, and more tests in an updated copy")
	// all is set by "make test-all", which takes minutes.
	all = flag.Bool("all", false, "do what -more does, run all tests in updated copies, and derive more arrivals")
)

// TestChangedDescriptions updates copies of the repository to changed descriptions.
// The results are type-checked. The tests in atonce_test.go build and test them. Without
// -more, only the quick cases run: one for each kind of result.
func TestChangedDescriptions(t *testing.T) {
	t.Parallel()
	groups := []struct {
		name    string
		changes []change
	}{{"additive", additive}, {"breaking", breaking}, {"decision", decisions}, {"quiet", quiet}}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.changes {
				if *more || *all || c.quick {
					t.Run(c.name, c.check)
				}
			}
		})
	}
}

func (c change) check(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	root := repo.description(t)
	c.edit(t, root)
	from := write(t, "openapi.yaml", text(t, root))

	var shown string
	options := repo.options(t, from)
	options.Show = func(r *report.Report) {
		shown = r.Markdown()
		assert.Empty(t, repo.changed(t), "the report comes before anything is written")
	}
	r := Run(t.Context(), options)
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))

	assert.NotEmpty(t, shown, "the report was shown")
	assert.Equal(t, c.verdict, r.Verdict())
	assert.Equal(t, c.step, r.Step())
	assert.Equal(t, c.breaks, breaksAPI(r), "breaks the API")
	c.checkSymbols(t, r)
	if known := string(repo.files[merge.RememberedFile]); c.renamed == "" || !strings.Contains(known, c.renamed) {
		for _, text := range c.says {
			assert.Contains(t, r.Markdown(), text)
		}
	}
	if c.verdict == report.Additive {
		assert.LessOrEqual(t, strings.Count(r.Markdown(), "\n"), 40, "the report of an additive change fits on one screen")
	}
	c.checkDecisions(t, r)
	c.checkExit(t, r)
	c.checkTree(t, r, repo)
}

func breaksAPI(r *report.Report) bool {
	return slices.ContainsFunc(r.Changes, func(c report.Change) bool { return c.Breaking })
}

func (c change) checkSymbols(t *testing.T, r *report.Report) {
	t.Helper()
	found := map[string]string{}
	for _, change := range r.Changes {
		for _, symbol := range change.Symbols {
			found[symbol.Name] = symbol.Text
		}
	}
	for _, change := range r.Other {
		found[change.Symbol] = change.Text
	}
	for symbol, text := range c.symbols {
		if assert.Contains(t, found, symbol) {
			assert.Equal(t, text, found[symbol], symbol)
		}
	}
}

// checkDecisions checks that the report names each place that needs a decision, and
// no generated file.
func (c change) checkDecisions(t *testing.T, r *report.Report) {
	t.Helper()
	var places []string
	for _, finding := range r.Overlay {
		if finding.Blocks() {
			places = append(places, fmt.Sprintf("api/overlay.yaml:%d", finding.Line))
		}
	}
	for _, problem := range r.Problems {
		assert.Positive(t, problem.Line, problem)
		places = append(places, fmt.Sprintf("%s:%d", problem.File, problem.Line))
	}
	places = append(places, r.Conflicts...)
	for _, want := range c.decides {
		assert.True(t, slices.ContainsFunc(places, func(place string) bool { return strings.Contains(place, want) }), "%s in %q", want, places)
	}
	assert.Equal(t, len(c.decides) > 0, len(places) > 0, "%q", places)
	for _, place := range places {
		inGenerated := strings.Contains(place, ".gen.go")
		assert.Equal(t, strings.HasPrefix(c.decides[0], "api/api.gen.go"), inGenerated, "generated code is named only if it does not compile by itself: %s", place)
	}
}

func (c change) checkExit(t *testing.T, r *report.Report) {
	t.Helper()
	update, reportOnly := ExitOK, ExitOK
	switch c.verdict {
	case report.Breaking:
		reportOnly = ExitDecision
	case report.Decision:
		update, reportOnly = ExitDecision, ExitDecision
	}
	assert.Equal(t, update, ExitCode(r, false), "exit code of an update")
	assert.Equal(t, reportOnly, ExitCode(r, true), "exit code of a report")
}

// checkTree checks that the repository was updated or is unchanged.
func (c change) checkTree(t *testing.T, r *report.Report, repo *fixture) {
	t.Helper()
	changed := repo.changed(t)
	if c.verdict == report.Decision {
		assert.False(t, r.Applied)
		assert.Empty(t, changed)
		return
	}
	assert.True(t, r.Applied)
	assert.Equal(t, r.Written, changed, "exactly the files in the report were written")
	if c.verdict == report.Nothing { // only the sources (x-source) and the stored files may change
		for _, name := range changed {
			stored := repo.arrived() && strings.HasPrefix(name, publishedFolder+"/")
			assert.True(t, stored || slices.Contains([]string{descriptionFile, publishedFile, merge.RememberedFile}, name), name)
		}
	} else {
		assert.Contains(t, changed, descriptionFile)
	}
}
