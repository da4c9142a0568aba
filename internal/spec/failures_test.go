package spec

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/report"
)

// TestNestedModule changes something that only another module of the repository uses.
func TestNestedModule(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	repo.add(t, "internal/extra/go.mod", "module github.com/cnaught-go/cnaught/internal/extra\n\ngo 1.25.0\n\nrequire github.com/cnaught-go/cnaught v0.0.0\n")
	repo.add(t, "internal/extra/extra_test.go", "package extra\n\nimport \"github.com/cnaught-go/cnaught/api\"\n\nvar take *string = api.ProjectNewsArticle{}.CnaughtTake\n\nvar _ = take\n")
	before := repo.changed(t)

	root := repo.description(t)
	set(t, root, "boolean", append(member("ProjectNewsArticle", "cnaught_take"), "type")...)
	options := repo.options(t, write(t, "openapi.yaml", text(t, root)))
	r := Run(t.Context(), options)
	require.Equal(t, report.Decision, r.Verdict(), r.Markdown())
	require.Len(t, r.Problems, 1)
	assert.Equal(t, "internal/extra/extra_test.go", r.Problems[0].File)
	assert.Equal(t, 5, r.Problems[0].Line)
	assert.Equal(t, before, repo.changed(t), "untouched")

	// Code that was broken before is not reported.
	repo.add(t, "internal/extra/more.go", "package extra\n\nvar a int = \"\"\n")
	options.ReportOnly = true
	r = Run(t.Context(), options)
	assert.Len(t, r.Problems, 1)
}

// TestBrokenRepository updates a repository that does not compile.
func TestBrokenRepository(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	repo.add(t, "wrapper/broken.go", "package cnaught\n\nvar broken int = \"\"\n")
	root := repo.description(t)
	set(t, root, "{type: string}", member("Order", "more")...)
	r := Run(t.Context(), Options{Root: repo.dir, From: write(t, "openapi.yaml", text(t, root))})
	assert.Equal(t, report.Failed, r.Verdict())
	assert.Contains(t, r.Reason, "wrapper/broken.go:3")
	assert.Equal(t, []string{"wrapper/broken.go"}, repo.changed(t))
}

// TestGeneratorFails checks that the error of the generator is reported.
func TestGeneratorFails(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	options := repo.options(t, "")
	options.generator = nil
	require.NoError(t, os.WriteFile(filepath.Join(repo.dir, "api/config.yaml"), []byte("nonsense: true\n"), 0o644))
	root := repo.description(t)
	set(t, root, "{type: string}", member("Order", "more")...)
	options.From = write(t, "openapi.yaml", text(t, root))
	r := Run(t.Context(), options)
	assert.Equal(t, ExitFailed, ExitCode(r, false))
	assert.Contains(t, r.Reason, "the code could not be generated from the description: go generate ./...")
	assert.NotContains(t, r.Markdown(), options.folder, "the name of the copy is not useful")
	assert.Equal(t, []string{"api/config.yaml"}, repo.changed(t))
}

// TestBuildFails has code that type-checks but cannot be built.
func TestBuildFails(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	options := repo.options(t, "")
	options.unbuilt, options.folder = false, folderFor(t, "build-fails")
	repo.add(t, "internal/nomain/nomain.go", "package main\n")
	root := repo.description(t)
	set(t, root, "{type: string}", member("Order", "more")...)
	options.From = write(t, "openapi.yaml", text(t, root))
	shown := ""
	options.Show = func(r *report.Report) { shown = r.Body() }
	r := Run(t.Context(), options)
	assert.Contains(t, shown, "Verdict: **additive**")
	assert.Equal(t, ExitFailed, ExitCode(r, false))
	assert.Contains(t, r.Reason, "function main is undeclared in the main package")
	assert.Equal(t, []string{"internal/nomain/nomain.go"}, repo.changed(t))
}

// TestCancelled cancels the context during an update.
func TestCancelled(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	root := repo.description(t)
	set(t, root, "{type: string}", member("Order", "more")...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := Run(ctx, Options{Root: repo.dir, From: write(t, "openapi.yaml", text(t, root))})
	assert.Equal(t, ExitFailed, ExitCode(r, false))
	assert.Equal(t, "The update was interrupted.", r.Reason)
	assert.Empty(t, repo.changed(t))
}
