package readme

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryExportHasAComment checks the comments of the public packages, which it reads
// as go doc does.
func TestEveryExportHasAComment(t *testing.T) {
	for _, folder := range []string{"api", "wrapper", "wrapper/sandbox"} {
		t.Run(folder, func(t *testing.T) {
			pkg := documentation(t, folder)
			assert.NotEmpty(t, pkg.Doc, "package comment")
			checkFuncs(t, "", pkg.Funcs)
			checkValues(t, append(pkg.Consts, pkg.Vars...))
			require.NotEmpty(t, pkg.Types)
			for _, typ := range pkg.Types {
				if folder == "api" && strings.HasSuffix(typ.Name, "Response") {
					continue // the generator writes no comment on these, and the package comment explains them
				}
				assert.NotEmpty(t, typ.Doc, "type %s", typ.Name)
				checkFuncs(t, "", typ.Funcs)
				checkFuncs(t, typ.Name+".", typ.Methods)
				checkValues(t, append(typ.Consts, typ.Vars...))
			}
		})
	}
}

func documentation(t *testing.T, folder string) *doc.Package {
	t.Helper()
	fset := token.NewFileSet()
	path := filepath.Join("../..", filepath.FromSlash(folder))
	names, err := filepath.Glob(filepath.Join(path, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	out, err := doc.NewFromFiles(fset, files, module+"/"+folder)
	require.NoError(t, err)
	return out
}

func checkFuncs(t *testing.T, of string, funcs []*doc.Func) {
	t.Helper()
	for _, f := range funcs {
		assert.NotEmpty(t, f.Doc, "func %s%s", of, f.Name)
	}
}

// checkValues accepts the comment of a group as a comment on everything in it.
func checkValues(t *testing.T, values []*doc.Value) {
	t.Helper()
	for _, group := range values {
		for _, spec := range group.Decl.Specs {
			value := spec.(*ast.ValueSpec)
			assert.True(t, group.Doc != "" || value.Doc != nil || value.Comment != nil, "%v", value.Names)
		}
	}
}
