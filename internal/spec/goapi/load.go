package goapi

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Snapshot is the state of the packages of a module.
type Snapshot struct {
	// Packages are the packages that programs can import, by import path.
	Packages map[string]*packages.Package
	// Problems are the compile errors, also in tests, sorted by file and line.
	Problems []Problem
	// all are these packages and everything that they import.
	all map[string]*types.Package

	dir    string
	loaded []*packages.Package
}

// Problem is one compile error.
type Problem struct {
	File    string // relative to the module
	Line    int
	Message string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message) }

// mode loads everything from source. To use export data of the build cache, the go
// command would first compile each package, which takes four times as long in a copy
// that was never built.
const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedTypesSizes |
	packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule

// Load type-checks the packages that match the patterns in the module at dir, and
// also their tests if tests is set.
func Load(ctx context.Context, dir string, env []string, tests bool, patterns ...string) (*Snapshot, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	config := &packages.Config{Context: ctx, Mode: mode, Dir: dir, Env: env, Tests: tests, ParseFile: parserOf(dir)}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, fmt.Errorf("load the packages of %s: %w", dir, err)
	}
	return snapshot(dir, loaded, func(p *packages.Package) *packages.Package { return p }), nil
}

// parserOf returns a parser that leaves out the bodies of functions in Go files
// outside of dir. Of imported packages, only the types are needed, and checking the
// bodies takes most of the time. Generated files in the cache of the go command, such
// as the main functions of tests, have no extension, so they are kept.
func parserOf(dir string) func(*token.FileSet, string, []byte) (*ast.File, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir // Load reports the error
	}
	return func(set *token.FileSet, name string, text []byte) (*ast.File, error) {
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		ours := filepath.IsLocal(relative(dir, name)) || filepath.IsLocal(relative(real, name))
		if file == nil || ours || filepath.Ext(name) != ".go" {
			return file, err
		}
		for _, declaration := range file.Decls {
			if function, is := declaration.(*ast.FuncDecl); is {
				function.Body = nil
			}
		}
		return file, err
	}
}

// snapshot returns the snapshot of loaded packages. The function now returns the
// current state of a package that one of them imports.
func snapshot(dir string, loaded []*packages.Package, now func(*packages.Package) *packages.Package) *Snapshot {
	s := &Snapshot{Packages: map[string]*packages.Package{}, all: map[string]*types.Package{}, dir: dir, loaded: loaded}
	for _, p := range loaded {
		for _, e := range p.Errors {
			if !isEcho(e) {
				s.Problems = append(s.Problems, problem(dir, e))
			}
		}
		if p.Types != nil && p.ID == p.PkgPath && p.Name != "main" && !isInternal(p.PkgPath) {
			s.Packages[p.PkgPath] = p
		}
	}
	packages.Visit(loaded, nil, func(p *packages.Package) {
		if p = now(p); p.Types != nil && p.ID == p.PkgPath {
			s.all[p.PkgPath] = p.Types
		}
	})
	// The files of a package are also part of its test variant.
	s.Problems = sorted(s.Problems)
	return s
}

// sorted sorts problems by file and line and removes duplicates.
func sorted(problems []Problem) []Problem {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(problems)
}

// isEcho reports whether an error repeats others. The go command quotes the output of
// the compiler ("# package"), and go/types adds a line for the second position of an
// error.
func isEcho(e packages.Error) bool {
	return strings.HasPrefix(e.Msg, "# ") || strings.HasPrefix(e.Msg, "\t")
}

func isInternal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }

func problem(dir string, e packages.Error) Problem {
	file, line := e.Pos, 0
	if cut := strings.Index(e.Pos, ":"); cut > 0 {
		file = e.Pos[:cut]
		_, _ = fmt.Sscanf(e.Pos[cut+1:], "%d", &line)
	}
	return Problem{File: relative(dir, file), Line: line, Message: e.Msg}
}

func relative(dir, file string) string {
	if inside, err := filepath.Rel(dir, file); err == nil && filepath.IsAbs(file) {
		return filepath.ToSlash(inside)
	}
	return file
}
