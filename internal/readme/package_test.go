package readme

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named finds the names of examples in a text, whether they are examples of the
// package or of a symbol.
var named = regexp.MustCompile(`\bexample ([A-Z]\w*)|\bexample of\s+\[([\w.]+)\]`)

// TestEverySectionHasAnExample reads the comment of package wrapper as go doc does, and
// checks that each section names an example that exists and whose output is checked.
func TestEverySectionHasAnExample(t *testing.T) {
	examples := outputs(t, "../../wrapper")
	pkg := documentation(t, "wrapper")
	printer := pkg.Printer()
	sections := map[string]string{}
	heading := ""
	for _, block := range pkg.Parser().Parse(pkg.Doc).Content {
		if h, ok := block.(*comment.Heading); ok {
			heading = string(printer.Text(&comment.Doc{Content: []comment.Block{h}}))
			sections[heading] = ""
			continue
		}
		sections[heading] += string(printer.Comment(&comment.Doc{Content: []comment.Block{block}}))
	}
	delete(sections, "") // the overview
	require.GreaterOrEqual(t, len(sections), 8)
	for heading, text := range sections {
		names := named.FindAllStringSubmatch(text, -1)
		assert.NotEmpty(t, names, "%sno example is named", heading)
		for _, name := range names {
			assert.True(t, examples[name[1]+name[2]], "%s%s", heading, name[0])
		}
	}
}

// outputs returns the examples of a package and whether their output is checked.
// An example of a symbol has the symbol's name, and an example of the package has its
// name on a page of go doc.
func outputs(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	out := map[string]bool{}
	for _, e := range doc.Examples(files...) {
		out[exampleName(e.Name)] = e.Output != ""
	}
	return out
}

// exampleName is Client.Do for Client_Do, and FirstCall for _firstCall.
func exampleName(name string) string {
	if suffix, ok := strings.CutPrefix(name, "_"); ok {
		return strings.ToUpper(suffix[:1]) + suffix[1:]
	}
	return strings.ReplaceAll(name, "_", ".")
}
