package goapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
)

// Uses returns the compile errors in Go files of other modules that are new when the
// packages of before are replaced by those of after. The files are relative to dir.
//
// It checks only how the files use our packages and the standard library. Other
// imports are ignored, so that modules which only tests and benchmarks need do not
// have to be downloaded or compiled.
func Uses(dir string, files []string, before, after *Snapshot) ([]Problem, error) {
	set := token.NewFileSet()
	units := map[string][]*ast.File{} // by folder and package name
	for _, name := range files {
		file, err := parser.ParseFile(set, filepath.Join(dir, filepath.FromSlash(name)), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		unit := path.Dir(name) + " " + file.Name.Name
		units[unit] = append(units[unit], file)
	}
	var found []Problem
	for _, unit := range units {
		old := problemsOf(dir, set, unit, before)
		for _, problem := range problemsOf(dir, set, unit, after) {
			if !slices.Contains(old, problem) {
				found = append(found, problem)
			}
		}
	}
	return sorted(found), nil
}

// problemsOf type-checks one package. An import that is not known causes only one
// error, which is in both results.
func problemsOf(dir string, set *token.FileSet, files []*ast.File, s *Snapshot) []Problem {
	var out []Problem
	config := types.Config{
		Importer:    known(s.all),
		FakeImportC: true,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok {
				at := set.Position(e.Pos)
				out = append(out, Problem{File: relative(dir, at.Filename), Line: at.Line, Message: e.Msg})
			}
		},
	}
	_, _ = config.Check(files[0].Name.Name, set, files, nil) // config.Error has collected the errors
	return out
}

// known is an importer of packages that are already loaded.
type known map[string]*types.Package

func (k known) Import(path string) (*types.Package, error) {
	if p := k[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s is not known", path)
}
