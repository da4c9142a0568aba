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

// Uses finds what stops compiling in Go files that lie in other modules when
// the packages of before become those of after. files are relative to dir.
//
// The files are checked as far as they use our packages and the standard
// library. What they import beyond that is taken as it is, so that nothing has
// to be downloaded or compiled for modules that only tests and benchmarks need.
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

// problemsOf type-checks one package. What depends on an import that is not
// known raises no errors beyond that of the import, which is in both results.
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
	_, _ = config.Check(files[0].Name.Name, set, files, nil) // its errors came one by one
	return out
}

// known imports packages that are loaded already.
type known map[string]*types.Package

func (k known) Import(path string) (*types.Package, error) {
	if p := k[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s is not known", path)
}
