package spec

import (
	"os"
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
	skipWithoutMore(t)
	t.Parallel()
	repo := repository(t)
	root := repo.description(t)
	for _, c := range additive {
		if c.name != "OpenAPI 3.0.3" {
			c.edit(t, root)
		}
	}
	options := repo.options(t, write(t, "openapi.yaml", text(t, root)))
	options.untested, options.unbuilt, options.generator = false, false, nil
	options.folder = folderFor(t, "additive")
	r := Run(t.Context(), options)
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.Equal(t, report.Additive, r.Verdict())
	assert.Equal(t, report.Minor, r.Step())
	assert.True(t, r.Applied)
	changed := repo.changed(t)
	assert.Equal(t, r.Written, changed, "exactly the files in the report were written")
	assert.Subset(t, changed, []string{descriptionFile, "api/api.gen.go", "wrapper/operations.gen.go"})

	written := map[string]string{}
	for _, name := range changed {
		if strings.HasSuffix(name, ".gen.go") {
			written[name] = string(repo.read(t, name))
		}
	}
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

func skipWithoutMore(t *testing.T) {
	t.Helper()
	if !*more && !*all {
		t.Skip("takes many seconds: make test-more")
	}
}

// TestBreakingChangesAtOnce updates a copy to a description with all breaking changes
// on which no hand-written code depends. The update builds the copy.
func TestBreakingChangesAtOnce(t *testing.T) {
	skipWithoutMore(t)
	t.Parallel()
	repo := repository(t)
	root := repo.description(t)
	for _, c := range breaking {
		c.edit(t, root)
	}
	options := repo.options(t, write(t, "openapi.yaml", text(t, root)))
	options.unbuilt, options.folder = false, folderFor(t, "breaking")
	r := Run(t.Context(), options)
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.Equal(t, report.Breaking, r.Verdict())
	assert.Equal(t, report.Major, r.Step())
	assert.True(t, r.Applied)
	assert.Equal(t, r.Written, repo.changed(t), "exactly the files in the report were written")
	for _, c := range breaking {
		c.checkSymbols(t, r)
	}
}
