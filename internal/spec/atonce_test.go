package spec

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/report"
)

// TestAdditiveChangesAtOnce updates a copy to a description with all changes that need
// no manual change. The update generates the code with go generate, builds it and runs
// the tests of api and wrapper. OpenAPI 3.0.3 is left out, because it has no type null.
func TestAdditiveChangesAtOnce(t *testing.T) {
	changes := slices.DeleteFunc(slices.Clone(additive), func(c change) bool { return c.name == "OpenAPI 3.0.3" })
	repo, r := atOnce(t, "additive", changes, func(o *Options) { o.untested, o.generator = false, nil })
	assert.Equal(t, report.Additive, r.Verdict())
	assert.Equal(t, report.Minor, r.Step())

	written := map[string]string{}
	for _, name := range r.Written {
		if strings.HasSuffix(name, ".gen.go") {
			written[name] = string(repo.read(t, name))
		}
	}
	assert.Contains(t, written, "api/api.gen.go")
	assert.Contains(t, written, "wrapper/operations.gen.go")
	require.NoError(t, generate(t.Context(), repo.dir))
	for name, text := range written {
		assert.Equal(t, text, string(repo.read(t, name)), "the other tests generate the same as go generate")
	}

	for _, name := range []string{"default_error", "maps"} {
		probe, err := os.ReadFile("testdata/" + name + ".go.txt")
		require.NoError(t, err)
		repo.add(t, "api/"+name+"_test.go", string(probe))
	}
	repo.goCommand(t, ".", "test", "-vet=off", "./api")
}

// TestBreakingChangesAtOnce updates a copy to a description with all breaking changes
// on which no hand-written code depends. The update builds the copy.
func TestBreakingChangesAtOnce(t *testing.T) {
	_, r := atOnce(t, "breaking", breaking, func(*Options) {})
	assert.Equal(t, report.Breaking, r.Verdict())
	assert.Equal(t, report.Major, r.Step())
	for _, c := range breaking {
		c.checkSymbols(t, r)
	}
}

// atOnce updates a copy to a description with several changes, and builds it.
func atOnce(t *testing.T, name string, changes []change, configure func(*Options)) (*fixture, *report.Report) {
	t.Helper()
	if !*more && !*all {
		t.Skip("takes many seconds: make test-more")
	}
	t.Parallel()
	repo := repository(t)
	root := repo.description(t)
	for _, c := range changes {
		c.edit(t, root)
	}
	options := repo.options(t, write(t, "openapi.yaml", text(t, root)))
	options.unbuilt, options.folder = false, folderFor(t, name)
	configure(&options)
	r := Run(t.Context(), options)
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.True(t, r.Applied)
	assert.Contains(t, r.Written, descriptionFile)
	assert.Equal(t, r.Written, repo.changed(t), "exactly the files in the report were written")
	return repo, r
}
