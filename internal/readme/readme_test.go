// Package readme keeps the README true: its snippets compile, and what it says
// of the operations is what the code does.
package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/cnaught-go/cnaught"

// imports of the fragments, by the name that they use.
var imports = map[string]string{
	"api":     `"` + module + `/api"`,
	"cnaught": `cnaught "` + module + `/wrapper"`,
	"sandbox": `"` + module + `/wrapper/sandbox"`,
	"context": `"context"`,
	"errors":  `"errors"`,
	"rand":    `"crypto/rand"`,
	"log":     `"log"`,
	"testing": `"testing"`,
	"time":    `"time"`,
}

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestSnippetsCompile builds every Go snippet of the documents as a user would:
// in a module of its own that imports this one.
func TestSnippetsCompile(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	found := 0
	for _, document := range []string{"README.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		require.NoError(t, err)
		for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
			found++
			pkg := filepath.Join(dir, fmt.Sprintf("snippet%d", found))
			require.NoError(t, os.Mkdir(pkg, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(pkg, "snippet.go"), []byte(complete(match[1])), 0o644))
		}
	}
	require.GreaterOrEqual(t, found, 4, "the snippets of the README were not found")

	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	mod := strings.Replace(string(goMod), "module "+module, "module example.com/user", 1) +
		"\nrequire " + module + " v0.0.0\nreplace " + module + " => " + root + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), goSum, 0o644))

	vet := exec.Command("go", "vet", "-mod=mod", "./...")
	vet.Dir = dir
	out, err := vet.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// complete makes a file of a fragment: a snippet is a whole program, a
// function, or statements that use ctx and client.
func complete(snippet string) string {
	if strings.HasPrefix(snippet, "package ") {
		return snippet
	}
	if !strings.HasPrefix(snippet, "func ") {
		snippet = "func _(ctx context.Context, client *cnaught.Client) {\n" + snippet + "}\n"
	}
	var lines []string
	for name, path := range imports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(snippet) {
			lines = append(lines, path)
		}
	}
	sort.Strings(lines)
	return "package snippet\n\nimport (\n\t" + strings.Join(lines, "\n\t") + "\n)\n\n" + snippet
}
