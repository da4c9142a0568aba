package source

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs starts a site with the same structure as the vendor's and returns its URL.
func docs(t *testing.T) string {
	t.Helper()
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	page := "# A page\n\n```yaml\n" + fragment + "paths: {}\n```\n"
	texts := map[string]string{
		"/openapi.yaml": fragment, "/bare": fragment, "/page": page,
		"/specs/llms.txt":               "# Docs\n\n## API reference\n\n- [A](/api-reference/a.md)\n\n## OpenAPI Specs\n\n- [openapi](/openapi.yaml)\n",
		"/gone/llms.txt":                "- [A](/api-reference/orders/a.md): one\n- [B](/api-reference/b.md)\n- [Guide](/guide.md)\n- [Elsewhere](" + other.URL + "/api-reference/c.md)\n## OpenAPI Specs\n- [gone](/gone.yaml)\n",
		"/empty/llms.txt":               "# Nothing\n",
		"/api-reference/orders/a.md":    page,
		"/api-reference/b.md":           page,
		"/large.yaml":                   strings.Repeat("x", maxBytes+1),
		"/page.html":                    "<!DOCTYPE html><html></html>",
		"/openapi.yaml/with spaces.yml": fragment,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, known := texts[r.URL.Path]
		switch {
		case r.URL.Path == "/moved.yaml":
			http.Redirect(w, r, "/openapi.yaml", http.StatusFound)
		case r.URL.Path == "/away.yaml":
			http.Redirect(w, r, other.URL+"/openapi.yaml", http.StatusFound)
		case !known:
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(text))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestFetch(t *testing.T) {
	site := docs(t)
	for address, want := range map[string]string{
		"/openapi.yaml": "openapi.yaml", "/moved.yaml": "moved.yaml", "/bare": "bare.yaml", "/page": "page.md",
		"/specs/llms.txt": "openapi.yaml", "/gone/llms.txt": "pages", "/openapi.yaml/with%20spaces.yml": "with spaces.yml",
	} {
		t.Run(address, func(t *testing.T) {
			got, err := Fetch(t.Context(), site+address, t.TempDir())
			require.NoError(t, err)
			assert.Equal(t, want, filepath.Base(got))
			loaded, err := Load(got)
			require.NoError(t, err)
			assert.NotEmpty(t, loaded.Documents)
		})
	}
}

func TestFetchRefuses(t *testing.T) {
	site := docs(t)
	for address, want := range map[string]string{
		"/nothing.yaml":   "404 Not Found: there is no description at this address",
		"/away.yaml":      "which is another host",
		"/large.yaml":     "is larger than 16 MiB",
		"/page.html":      "answers with a web page (HTML)",
		"/empty/llms.txt": "names 0 pages of an API reference",
	} {
		_, err := Fetch(t.Context(), site+address, t.TempDir())
		assert.ErrorContains(t, err, want, address)
	}
}

func TestFetchPublished(t *testing.T) {
	site := docs(t)
	got, err := FetchPublished(t.Context(), []string{site + "/nothing.yaml", site + "/gone/llms.txt"}, t.TempDir())
	require.NoError(t, err)
	entries, err := os.ReadDir(got)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Equal(t, "b.md", entries[0].Name())
	assert.Equal(t, "orders-a.md", entries[1].Name())
	_, err = FetchPublished(t.Context(), []string{site + "/nothing.yaml", site + "/page.html"}, t.TempDir())
	require.ErrorContains(t, err, "404 Not Found")
	require.ErrorContains(t, err, "web page")
}

func TestReadFrom(t *testing.T) {
	for text, want := range map[string]string{
		fragment: "stdin.yaml", `{"openapi": "3.1.0"}`: "stdin.yaml", "# Page\n\n```yaml\n" + fragment + "```\n": "stdin.md",
	} {
		got, err := ReadFrom(strings.NewReader(text), t.TempDir())
		require.NoError(t, err)
		assert.Equal(t, want, filepath.Base(got))
	}
}
