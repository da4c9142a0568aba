package source

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

const description = "openapi: 3.1.0\ninfo: {title: T}\n"

const markdown = "# Page\r\n\r\n```yaml\r\nopenapi: 3.1.1\r\n```\r\n"

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestLoad(t *testing.T) {
	for name, text := range map[string]string{
		"a.yaml": description, "a.yml": description, "A.YAML": description, "crlf.yaml": "openapi: 3.1.0\r\ninfo: {}\r\n",
		"a.json": `{"openapi": "3.1.0"}`, "short.yaml": "openapi: '3.1'\n",
	} {
		s, err := Load(file(t, name, text))
		require.NoError(t, err, name)
		assert.True(t, s.Whole)
		require.Len(t, s.Documents, 1)
		assert.Equal(t, name, s.Documents[0].Name)
		assert.Nil(t, s.Documents[0].Markdown)
	}
	for _, name := range []string{"a.md", "a.mdx", "a.MARKDOWN"} {
		s, err := Load(file(t, name, markdown))
		require.NoError(t, err, name)
		assert.False(t, s.Whole)
		require.Len(t, s.Documents, 1)
		assert.Equal(t, "# Page\n\n```yaml\nopenapi: 3.1.1\n```\n", string(s.Documents[0].Markdown))
	}
}

func TestLoad30(t *testing.T) {
	const old = "openapi: 3.0.3\ninfo: {title: T, version: v1}\npaths: {}\ncomponents: {schemas: {A: {type: string, nullable: true}}}\n"
	for name, text := range map[string]string{"a.yaml": old, "a.md": "```yaml\n" + old + "```\n"} {
		s, err := Load(file(t, name, text))
		require.NoError(t, err, name)
		require.Len(t, s.Documents, 1)
		assert.Equal(t, "3.0.3", s.Documents[0].Older)
		assert.Equal(t, "3.1.0", tree.Text(s.Documents[0].Root, "openapi"))
		assert.Equal(t, "null", tree.Text(s.Documents[0].Root, "components", "schemas", "A", "type", "1"))
	}
}

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.md": markdown, "sub/a.md": markdown, "d.markdown": markdown, "e.mdx": markdown, "intro.md": "# Hello\n", "openapi.yaml": "not read: [", "c.MD": markdown,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	s, err := Load(dir)
	require.NoError(t, err)
	var names []string
	for _, document := range s.Documents {
		names = append(names, document.Name)
	}
	assert.Equal(t, []string{"b.md", "c.MD", "d.markdown", "e.mdx", "sub/a.md"}, names)
	assert.Equal(t, []string{"intro.md"}, s.Skipped)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.md"), []byte("```yaml\nopenapi: [\n```\n"), 0o644))
	_, err = Load(dir)
	assert.ErrorContains(t, err, "broken.md, block on line 2 is not valid YAML", "a page that cannot be read is not skipped")
}

func TestLoadRefuses(t *testing.T) {
	for name, test := range map[string]struct{ file, text, want string }{
		"3.2":           {"a.yaml", "openapi: 3.2.0\n", "this project reads 3.1"},
		"3.10":          {"a.yaml", "openapi: 3.10.0\n", "this project reads 3.1"},
		"no version":    {"a.yaml", "paths: {}\n", "a.yaml is not an OpenAPI description"},
		"page of 2.0":   {"a.md", "```yaml\nopenapi: 2.0.0\n```\n", "a.md is OpenAPI 2.0.0"},
		"other file":    {"a.txt", description, "is neither an OpenAPI file"},
		"invalid":       {"a.yaml", "a: [", "a.yaml is not valid YAML"},
		"plain page":    {"a.md", "# Hello\n", "a.md: no fenced block with an OpenAPI description"},
		"binary":        {"a.yaml", "\x00\x01", "a.yaml is not valid YAML"},
		"two documents": {"a.yaml", description + "---\n" + description, "a.yaml is not valid YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(file(t, test.file, test.text))
			assert.ErrorContains(t, err, test.want)
		})
	}
	_, err := Load(filepath.Join(t.TempDir(), "gone.yaml"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
