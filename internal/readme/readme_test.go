// Package readme checks that the snippets of the documents compile, and that its tables
// have every method and every error.
package readme

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/cnaught-go/cnaught"

// imports has the imports of the fragments, by the names that they use.
var imports = map[string]string{
	"api":     `"` + module + `/api"`,
	"cnaught": `cnaught "` + module + `/wrapper"`,
	"ledger":  `"` + module + `/wrapper/ledger"`,
	"sandbox": `"` + module + `/wrapper/sandbox"`,
	"bytes":   `"bytes"`,
	"context": `"context"`,
	"errors":  `"errors"`,
	"rand":    `"crypto/rand"`,
	"log":     `"log"`,
	"slog":    `"log/slog"`,
	"sql":     `"database/sql"`,
	"testing": `"testing"`,
	"time":    `"time"`,
}

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestSnippetsCompile vets every Go snippet of the documents as a user would, in a
// module of its own that imports this one.
func TestSnippetsCompile(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	found := 0
	for document, atLeast := range map[string]int{"README.md": 4, "CONTRIBUTING.md": 0, "wrapper/README.md": 3} {
		text, err := os.ReadFile(filepath.Join(root, document))
		require.NoError(t, err)
		snippets := fence.FindAllStringSubmatch(string(text), -1)
		require.GreaterOrEqual(t, len(snippets), atLeast, "the snippets of %s were not found", document)
		for _, match := range snippets {
			found++
			pkg := filepath.Join(dir, fmt.Sprintf("snippet%d", found))
			require.NoError(t, os.Mkdir(pkg, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(pkg, "snippet.go"), []byte(complete(match[1])), 0o644))
		}
	}

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

// complete returns a whole file for a snippet, which is a program, a function, or
// statements that use ctx and client.
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

var code = regexp.MustCompile("`([A-Za-z]+)`")

// section returns the names in code style between two texts of a document.
func section(t *testing.T, document, from, to string) []string {
	t.Helper()
	text, err := os.ReadFile("../../" + document)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), from)
	require.True(t, found, from)
	part, _, found := strings.Cut(rest, to)
	require.True(t, found, to)
	var names []string
	for _, match := range code.FindAllStringSubmatch(part, -1) {
		names = append(names, match[1])
	}
	return names
}

// The tables and the list of errors are complete, and name nothing that does not exist.
func TestTablesAreComplete(t *testing.T) {
	files := token.NewFileSet()
	var parsed []*ast.File
	names, err := filepath.Glob("../../wrapper/*.go")
	require.NoError(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
			require.NoError(t, err)
			parsed = append(parsed, file)
		}
	}
	pkg, err := doc.NewFromFiles(files, parsed, module+"/wrapper")
	require.NoError(t, err)

	// besides has the methods that do not call the API.
	besides := []string{"CloseIdleConnections", "Format", "GoString", "String", "Subaccount"}
	var methods, sentinels []string
	for _, typ := range pkg.Types {
		for _, method := range typ.Methods {
			if typ.Name == "Client" && !slices.Contains(besides, method.Name) {
				methods = append(methods, method.Name)
			}
		}
	}
	for _, group := range pkg.Vars {
		sentinels = append(sentinels, group.Names...)
	}
	require.Greater(t, len(methods), 30)
	require.Contains(t, sentinels, "ErrOutcomeUnknown")

	assert.ElementsMatch(t, append(methods, "ParseOrderEvent"), section(t, "wrapper/README.md", "| resource | methods |", "The two deprecated operations"))
	assert.ElementsMatch(t, sentinels, section(t, "README.md", "`errors.Is` knows ", ". Errors, logs and headers"))
	assert.ElementsMatch(t, careful(t, pkg), section(t, "README.md", "| methods | repeated | because |", "| all others |"),
		"methods that are not safe to repeat without a key")
}

// careful returns the methods whose operation is not safe to repeat without a key. It
// reads the generated table of operations, and the comments of the methods, which name
// their operations.
func careful(t *testing.T, pkg *doc.Package) []string {
	t.Helper()
	table, err := os.ReadFile("../../wrapper/operations.gen.go")
	require.NoError(t, err)
	classes := map[string]string{}
	for _, match := range regexp.MustCompile(`ID: "(\w+)".*\n\tRetry: (\w+)`).FindAllStringSubmatch(string(table), -1) {
		classes[match[1]] = match[2]
	}
	require.Equal(t, "retryKeyed", classes["SubmitOrder"])
	operation := regexp.MustCompile(`(?m)^Operation (\w+): `)
	var methods []string
	for _, typ := range pkg.Types {
		for _, method := range typ.Methods {
			if match := operation.FindStringSubmatch(method.Doc); match != nil && classes[match[1]] != "retrySafe" {
				methods = append(methods, method.Name)
			}
		}
	}
	return methods
}
