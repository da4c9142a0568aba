package spec

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// TestUnusableSources updates from sources that cannot be used. Nothing is written,
// and the reason is understandable.
func TestUnusableSources(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	ours := string(repo.files[descriptionFile])
	page := markdown(t, published(t, repo.description(t), sessions))
	replaced := func(text, old, new string) string {
		require.Contains(t, text, old)
		return strings.Replace(text, old, new, 1)
	}
	tests := map[string]struct {
		file, text string
		want       string
	}{
		"OpenAPI 4":            {"openapi.yaml", replaced(ours, "openapi: 3.1.0", "openapi: 4.0.0"), "openapi.yaml is OpenAPI 4.0.0; this project reads 3.1 and 3.0"},
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
				assert.NotContains(t, r.Reason, "\n", "the reason is one line")
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

// TestPage merges a page with a new member and with Windows line endings, which
// replaces the stored page.
func TestPage(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	repo.skipAfterArrival(t)
	root := repo.description(t)
	page := published(t, root, sessions)
	const stored = publishedFolder + "/get-checkout-session.md"
	repo.add(t, stored, markdown(t, page))
	set(t, page, "{type: string, description: Language of the page.}", member("CheckoutSession", "locale")...)
	now := markdown(t, page)
	from := write(t, "get-checkout-session-by-id.md", []byte(strings.ReplaceAll(now, "\n", "\r\n")))

	r := Run(t.Context(), repo.options(t, from))
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.Equal(t, report.Additive, r.Verdict())
	assert.Equal(t, report.Minor, r.Step())
	assert.Contains(t, r.Markdown(), "`api.CheckoutSession.Locale`: added")
	assert.Equal(t, ExitOK, ExitCode(r, false))
	assert.Equal(t, []string{"api/api.gen.go", stored, descriptionFile}, r.Written, "the stored page is replaced, although the new one has another name")
	assert.Equal(t, r.Written, repo.changed(t))
	assert.Equal(t, now, string(repo.read(t, stored)))

	// The diff of the description contains only the new member.
	description := repo.read(t, descriptionFile)
	assert.NotContains(t, string(description), "\r")
	before, err := tree.Format(root, root)
	require.NoError(t, err)
	assert.Equal(t, "        locale:\n          type: string\n          description: Language of the page.\n", added(t, before, description))
}

// added returns the lines that are only in b. It fails if there are lines that are
// only in a.
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
	assert.Empty(t, bytes.TrimSpace(bytes.Join(old, nil)), "removed lines")
	return out.String()
}

// TestFolder merges a folder with pages that agree and a file that is not a page.
func TestFolder(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	folder := t.TempDir()
	page := published(t, repo.description(t), sessions)
	for name, text := range map[string]string{
		"a.md": markdown(t, page), "orders/b.md": markdown(t, page), "intro.md": "# Hello\n", "notes.txt": "not read",
		"openapi.yaml": "openapi: 3.1.0\n",
	} {
		require.NoError(t, writeFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	options := repo.options(t, folder)
	options.ReportOnly = true
	r := Run(t.Context(), options)
	assert.NotContains(t, []report.Verdict{report.Failed, report.Decision}, r.Verdict(), r.Markdown())
	assert.Empty(t, r.Changes)
	assert.Equal(t, ExitOK, ExitCode(r, true))
	assert.Contains(t, r.Markdown(), "intro.md was skipped")
	assert.Contains(t, r.Markdown(), "openapi.yaml was not read, because the pages in its folder were.")

	t.Run("pages that contradict each other", func(t *testing.T) {
		set(t, page, "The session", "paths", sessions, "get", "responses", "200", "description")
		set(t, page, "integer", append(member("CheckoutSession", "expires_on"), "type")...)
		require.NoError(t, writeFile(filepath.Join(folder, "orders/b.md"), []byte(markdown(t, page)), 0o644))
		r := Run(t.Context(), Options{Root: repo.dir, From: folder})
		assert.Equal(t, report.Decision, r.Verdict())
		assert.Equal(t, ExitDecision, ExitCode(r, false))
		assert.Contains(t, r.Markdown(), "`components.schemas.CheckoutSession` is defined differently by a.md and orders/b.md: they differ at `components.schemas.CheckoutSession.properties.expires_on.type`")
		assert.Contains(t, r.Markdown(), "`paths[\"/checkout/sessions/{id}\"].get.responses.200.description`")
		assert.Empty(t, repo.changed(t))
	})
	t.Run("a folder without pages", func(t *testing.T) {
		empty := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(empty, "intro.md"), []byte("# Hello\n"), 0o644))
		r := Run(t.Context(), Options{Root: repo.dir, From: empty})
		assert.Equal(t, ExitFailed, ExitCode(r, false))
		assert.Contains(t, r.Reason, "has no page (*.md) with an OpenAPI description")
	})
}

// TestUnusableNames has operations without a usable Go name. A person has to give
// them one in the overlay.
func TestUnusableNames(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	for want, edit := range map[string]func(root *yaml.Node){
		"`GET /things` has no operationId": func(root *yaml.Node) {
			set(t, root, "{get: {responses: {'204': {description: Nothing}}}}", "paths", "/things")
		},
		"`GET /things` has the operationId `1st`, but names in Go cannot begin with a digit": func(root *yaml.Node) {
			set(t, root, "{get: {operationId: 1st, responses: {'204': {description: Nothing}}}}", "paths", "/things")
		},
		"`GET /things` and `GET /orders/{id}` have operationIds with the same form in Go, `get_order_by_id` and `GetOrderById`": func(root *yaml.Node) {
			set(t, root, "{get: {operationId: get_order_by_id, responses: {'204': {description: Nothing}}}}", "paths", "/things")
		},
	} {
		root := repo.description(t)
		edit(root)
		r := Run(t.Context(), Options{Root: repo.dir, From: write(t, "openapi.yaml", text(t, root))})
		assert.Equal(t, report.Decision, r.Verdict())
		assert.Equal(t, ExitDecision, ExitCode(r, false))
		assert.Contains(t, r.Markdown(), want)
		assert.Contains(t, r.Markdown(), "`api/overlay.yaml` has to set")
		assert.Empty(t, repo.changed(t))
	}
}

// TestPagesOfOneRun checks that all new pages are kept, regardless of their names and
// of the older pages that they replace.
func TestPagesOfOneRun(t *testing.T) {
	stored := map[string][]byte{publishedFolder + "/both.md": []byte("```yaml\nopenapi: 3.1.0\npaths: {/a: {get: {}}, /b: {get: {}}}\n```\n")}
	r := &run{work: &workspace{before: stored}}
	kept := map[string]bool{}
	for _, page := range []struct{ name, path, want string }{
		{"x/a.md", "/a", "both"}, {"y.md", "/b", "y"}, {"c/d.md", "/c", "c-d"}, {"c-d.md", "/d", "c-d-2"},
	} {
		documents, err := source.ReadPage(page.name, []byte("```yaml\nopenapi: 3.1.0\npaths: {"+page.path+": {get: {}}}\n```\n"))
		require.NoError(t, err)
		got := r.pageName(documents[0], kept)
		assert.Equal(t, publishedFolder+"/"+page.want+".md", got)
		kept[got] = true
	}
}
