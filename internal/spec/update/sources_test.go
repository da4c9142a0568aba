package update

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/canon"
	"github.com/cnaught-go/cnaught/internal/spec/report"
)

const publishedPage = publishedFolder + "/get-checkout-session.md"

// TestUnusableSources gives what cannot be taken: nothing is written, and the
// reason is a sentence that a person understands.
func TestUnusableSources(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	ours := string(repo.files[descriptionFile])
	page := string(repo.files[publishedPage])
	require.Contains(t, page, "openapi: 3.1.0")
	replaced := func(text, old, new string) string {
		require.Contains(t, text, old)
		return strings.Replace(text, old, new, 1)
	}
	tests := map[string]struct {
		file, text string
		want       string
	}{
		"OpenAPI 3.0.3":        {"openapi.yaml", replaced(ours, "openapi: 3.1.0", "openapi: 3.0.3"), "openapi.yaml is OpenAPI 3.0.3; this project reads 3.1: convert it first"},
		"OpenAPI 4":            {"openapi.yaml", replaced(ours, "openapi: 3.1.0", "openapi: 4.0.0"), "this project reads 3.1"},
		"Swagger 2":            {"openapi.json", `{"swagger": "2.0", "paths": {}}`, "openapi.json is not an OpenAPI description: it has no openapi member"},
		"invalid YAML":         {"openapi.yaml", replaced(ours, "servers:", "servers: [") + "]", "openapi.yaml is not valid YAML"},
		"a key twice":          {"openapi.yaml", ours + "\ninfo: {}\n", `key "info" is repeated`},
		"empty":                {"openapi.yaml", "", "openapi.yaml is not valid YAML"},
		"not an object":        {"openapi.yaml", "- 1\n", "its root is not an object"},
		"another API":          {"petstore.yaml", petstore, "petstore.yaml describes another API: its servers are petstore.example.org, ours are api.cnaught.com"},
		"another API of ours":  {"eac.yaml", replaced(petstore, "petstore.example.org", "api.cnaught.com"), "it has none of our paths"},
		"reference to nothing": {"openapi.yaml", replaced(ours, "'#/components/schemas/OrderList'", "'#/components/schemas/Gone'"), "openapi.yaml is not valid OpenAPI"},
		"invalid OpenAPI":      {"openapi.yaml", replaced(ours, "in: query", "in: cookies"), "openapi.yaml is not valid OpenAPI"},
		"page without OpenAPI": {"intro.md", "# Hello\n", "intro.md: no fenced block with an OpenAPI description"},
		"page, 3.0.3":          {"get.md", replaced(page, "openapi: 3.1.0", "openapi: 3.0.3"), "get.md is OpenAPI 3.0.3"},
		"page of another API":  {"get.md", strings.ReplaceAll(page, "api.cnaught.com", "api.example.com"), "get.md describes another API"},
		"unknown kind of file": {"openapi.txt", ours, "openapi.txt is neither an OpenAPI file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from := write(t, test.file, []byte(test.text))
			for _, reportOnly := range []bool{false, true} {
				r := Run(t.Context(), Options{Root: repo.dir, From: from, ReportOnly: reportOnly})
				assert.Equal(t, report.Failed, r.Verdict())
				assert.Contains(t, r.Reason, test.want)
				assert.Contains(t, r.Markdown(), test.want)
				assert.NotContains(t, r.Reason, "\n", "one line")
				assert.Equal(t, ExitFailed, ExitCode(r, reportOnly))
			}
			assert.Empty(t, repo.changed(t), "untouched")
		})
	}
	t.Run("missing file", func(t *testing.T) {
		r := Run(t.Context(), Options{Root: repo.dir, From: "/nowhere/openapi.yaml"})
		assert.Equal(t, ExitFailed, ExitCode(r, false))
		assert.Contains(t, r.Reason, "/nowhere/openapi.yaml")
	})
}

const petstore = `openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'https://petstore.example.org/v1'}]
paths:
  /pets:
    get: {operationId: ListPets, responses: {'200': {description: ok}}}
`

// TestPage merges the published page with a new member, with Windows line ends.
func TestPage(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	page := string(repo.files[publishedPage])
	member := "        subaccount_id:\n"
	require.Contains(t, page, member)
	page = strings.Replace(page, member, "        locale:\n          type: string\n          description: Language of the page.\n"+member, 1)
	from := write(t, "get-checkout-session-by-id.md", []byte(strings.ReplaceAll(page, "\n", "\r\n")))

	r := Run(t.Context(), repo.options(t, from))
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.Equal(t, report.Additive, r.Verdict())
	assert.Equal(t, report.Minor, r.Step())
	assert.Contains(t, r.Markdown(), "`api.CheckoutSession.Locale`: added")
	assert.Equal(t, ExitOK, ExitCode(r, false))
	assert.Equal(t, []string{"api/api.gen.go", publishedPage, descriptionFile}, repo.changed(t), "the stored page is replaced, whatever the new one is called")

	now, err := os.ReadFile(filepath.Join(repo.dir, descriptionFile))
	require.NoError(t, err)
	assert.NotContains(t, string(now), "\r")
	assert.Contains(t, string(now), "        locale:\n")
	stored, err := os.ReadFile(filepath.Join(repo.dir, publishedPage))
	require.NoError(t, err)
	assert.Equal(t, page, string(stored))

	// The diff of the description is the new member and nothing else.
	root := repo.description(t)
	before, err := canon.Format(root, root)
	require.NoError(t, err)
	assert.Equal(t, "        locale:\n          type: string\n          description: Language of the page.\n", added(t, before, now))
}

// added returns the lines that b has and a has not; it fails if a has lines
// that b has not.
func added(t *testing.T, a, b []byte) string {
	t.Helper()
	var out strings.Builder
	old := bytes.SplitAfter(a, []byte("\n"))
	for line := range bytes.Lines(b) {
		if len(old) > 0 && bytes.Equal(old[0], line) {
			old = old[1:]
			continue
		}
		out.Write(line)
	}
	assert.Empty(t, bytes.TrimSpace(bytes.Join(old, nil)), "lines that are gone")
	return out.String()
}

// TestFolder merges a folder: pages that agree, and a file that is no page.
func TestFolder(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	folder := t.TempDir()
	page := repo.files[publishedPage]
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.md"), page, 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "orders"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "orders", "b.md"), page, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "intro.md"), []byte("# Hello\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("not read"), 0o644))
	r := Run(t.Context(), Options{Root: repo.dir, From: folder, ReportOnly: true})
	assert.Equal(t, report.Nothing, r.Verdict(), r.Markdown())
	assert.Equal(t, ExitOK, ExitCode(r, true))
	assert.Contains(t, r.Markdown(), "intro.md was skipped")

	t.Run("pages that contradict each other", func(t *testing.T) {
		other := bytes.Replace(page, []byte("description: Checkout Session\n"), []byte("description: The session\n"), 1)
		other = bytes.Replace(other, []byte("        expires_on:\n          type: string\n"), []byte("        expires_on:\n          type: integer\n"), 1)
		require.NotEqual(t, page, other)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "orders", "b.md"), other, 0o644))
		r := Run(t.Context(), Options{Root: repo.dir, From: folder})
		assert.Equal(t, report.Decision, r.Verdict())
		assert.Equal(t, ExitDecision, ExitCode(r, false))
		assert.Contains(t, r.Markdown(), "`components.schemas.CheckoutSession` is defined differently by a.md and orders/b.md: they differ at `components.schemas.CheckoutSession.properties.expires_on.type`")
		assert.Contains(t, r.Markdown(), "`paths[\"/checkout/sessions/{id}\"].get.responses.200.description`")
		assert.Empty(t, repo.changed(t))
	})
	t.Run("no page at all", func(t *testing.T) {
		empty := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(empty, "intro.md"), []byte("# Hello\n"), 0o644))
		r := Run(t.Context(), Options{Root: repo.dir, From: empty})
		assert.Equal(t, ExitFailed, ExitCode(r, false))
		assert.Contains(t, r.Reason, "has no page (*.md) with an OpenAPI description")
	})
}
