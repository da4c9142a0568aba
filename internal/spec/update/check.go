package update

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/godiff"
	"github.com/cnaught-go/cnaught/internal/spec/methods"
)

// check type-checks the copy, tests included: our module, and those of the
// repository that build on it, whose tests and benchmarks use the generated
// types too. What does not compile goes into the report.
func (r *run) check(ctx context.Context) error {
	edits, err := r.work.edits()
	if err != nil {
		return err
	}
	if !changesCode(edits) {
		r.after = r.before
		return nil
	}
	if r.after, err = load(ctx, r.work.dir, "."); err != nil {
		return err
	}
	r.report.Problems = r.after.Problems
	if len(r.after.Problems) > 0 {
		return r.broken(".", r.before)
	}
	for _, module := range r.nestedModules() {
		if err := r.checkNested(ctx, module); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) checkNested(ctx context.Context, module string) error {
	after, err := load(ctx, r.work.dir, module)
	if err != nil || len(after.Problems) == 0 {
		return err
	}
	before, err := load(ctx, r.Root, module)
	if err != nil {
		return err
	}
	for _, problem := range after.Problems {
		problem.File = path.Join(module, problem.File)
		r.report.Problems = append(r.report.Problems, problem)
	}
	return r.broken(module, before)
}

// load type-checks a module of the repository or of the copy.
func load(ctx context.Context, root, module string) (*godiff.Snapshot, error) {
	return godiff.Load(ctx, filepath.Join(root, filepath.FromSlash(module)), environment(), true, "./...")
}

// broken fails if a module does not compile as it is in the repository: then
// nothing can be said about what an update breaks.
func (r *run) broken(module string, before *godiff.Snapshot) error {
	if len(before.Problems) == 0 {
		return nil
	}
	r.report.Problems = nil
	first := before.Problems[0]
	first.File = path.Join(module, first.File)
	return fmt.Errorf("the repository does not build as it is, so nothing can be said about an update: %s", first)
}

// nestedModules are the folders of the modules that build on ours.
func (r *run) nestedModules() []string {
	var out []string
	for name, data := range r.work.before {
		if path.Base(name) == "go.mod" && name != "go.mod" && strings.Contains(string(data), methods.Module+" v") {
			out = append(out, path.Dir(name))
		}
	}
	slices.Sort(out)
	return out
}

// build builds our module. Nobody imports the others.
func (r *run) build(ctx context.Context, edits []edit) error {
	if !changesCode(edits) {
		return nil
	}
	return r.command(ctx, r.work.dir, "build", "./...")
}

// changesCode reports whether there is anything to compile.
func changesCode(edits []edit) bool {
	return slices.ContainsFunc(edits, func(e edit) bool { return path.Ext(e.file) == ".go" })
}
