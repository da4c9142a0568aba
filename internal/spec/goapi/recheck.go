package goapi

import (
	"go/ast"
	"go/parser"
	"go/types"
	"path/filepath"
	"strconv"

	"golang.org/x/tools/go/packages"
)

// Recheck returns the state of the module after some of its files were changed. The
// keys of changed are paths relative to the module, and the values are the new
// contents. Only the packages with changed files, and those that import them, are
// type-checked again with their tests, which is much faster than Load. It returns nil
// if it cannot determine the result, because a file is new, was removed (its contents
// are nil) or imports a package that its package did not import before.
func (s *Snapshot) Recheck(changed map[string][]byte) *Snapshot {
	r := &recheck{before: s, changed: map[string][]byte{}, done: map[*packages.Package]*packages.Package{}}
	for name, text := range changed {
		if text == nil {
			return nil
		}
		r.changed[filepath.Join(s.dir, filepath.FromSlash(name))] = text
	}
	found := 0
	packages.Visit(s.loaded, nil, func(p *packages.Package) {
		if p.ID == p.PkgPath {
			for _, file := range p.CompiledGoFiles {
				if _, isChanged := r.changed[file]; isChanged {
					found++
				}
			}
		}
		r.visit(p)
	})
	if r.unknown || found < len(changed) {
		return nil
	}
	var loaded []*packages.Package
	for _, p := range s.loaded {
		loaded = append(loaded, r.now(p))
	}
	return snapshot(s.dir, loaded, r.now)
}

// recheck is the state of one call of Recheck.
type recheck struct {
	before  *Snapshot
	changed map[string][]byte // by absolute path
	done    map[*packages.Package]*packages.Package
	unknown bool
}

// now returns the state of a package after the change.
func (r *recheck) now(p *packages.Package) *packages.Package {
	if again := r.done[p]; again != nil {
		return again
	}
	return p
}

// visit type-checks a package whose imports were already visited.
func (r *recheck) visit(p *packages.Package) {
	if !r.affects(p) || r.unknown {
		return
	}
	files := make([]*ast.File, 0, len(p.Syntax))
	again := *p
	again.Errors = nil
	for _, file := range p.Syntax {
		name := p.Fset.File(file.FileStart).Name()
		if text, isChanged := r.changed[name]; isChanged {
			parsed, err := parser.ParseFile(p.Fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil || !importsKnown(p, parsed) {
				r.unknown = true
				return
			}
			file = parsed
		}
		files = append(files, file)
	}
	config := types.Config{
		Importer:  imports{r, p},
		GoVersion: goVersion(p),
		Sizes:     p.TypesSizes,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok {
				again.Errors = append(again.Errors, packages.Error{Pos: p.Fset.Position(e.Pos).String(), Msg: e.Msg, Kind: packages.TypeError})
			}
		},
	}
	again.Syntax = files
	again.TypesInfo = &types.Info{Uses: map[*ast.Ident]types.Object{}}
	again.Types = types.NewPackage(p.PkgPath, p.Name)
	_ = types.NewChecker(&config, p.Fset, again.Types, again.TypesInfo).Files(files) // config.Error has collected the errors
	r.done[p] = &again
}

func (r *recheck) affects(p *packages.Package) bool {
	for _, file := range p.CompiledGoFiles {
		if _, isChanged := r.changed[file]; isChanged {
			return true
		}
	}
	for _, imported := range p.Imports {
		if r.done[imported] != nil {
			return true
		}
	}
	return false
}

func goVersion(p *packages.Package) string {
	if p.Module == nil || p.Module.GoVersion == "" {
		return ""
	}
	return "go" + p.Module.GoVersion
}

func importsKnown(p *packages.Package, file *ast.File) bool {
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path != "unsafe" && p.Imports[path] == nil {
			return false
		}
	}
	return true
}

// imports is an importer that returns packages in their state after the change.
type imports struct {
	*recheck
	p *packages.Package
}

// Import implements types.Importer.
func (i imports) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	imported := i.p.Imports[path]
	if imported == nil || imported.Types == nil {
		return known(nil).Import(path)
	}
	return i.now(imported).Types, nil
}
