package spec

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/goapi"
)

// check type-checks the copy, including its tests. It also checks the modules of the
// repository that depend on ours, because they use the generated types too. The
// report lists the lines that do not compile.
func (r *run) check(ctx context.Context) error {
	edits, err := r.work.edits()
	if err != nil {
		return err
	}
	if !changesCode(edits) {
		r.after = r.before
		return nil
	}
	if r.after = r.before.Recheck(code(edits)); r.after == nil {
		if r.after, err = load(ctx, r.work.dir); err != nil {
			return err
		}
	}
	if len(r.after.Problems) > 0 && len(r.before.Problems) > 0 {
		return fmt.Errorf("the repository does not build, so an update cannot be checked: %s", r.before.Problems[0])
	}
	r.report.Problems = causes(r.after.Problems)
	if len(r.report.Problems) == 0 {
		r.report.Problems, err = goapi.Uses(r.work.dir, r.nestedFiles(), r.before, r.after)
	}
	for i := range r.report.Problems {
		r.report.Problems[i].Message = r.clean(r.report.Problems[i].Message)
	}
	return err
}

// causes returns the problems that a person can correct. If generated code does not
// compile, this is the cause of the problems in the code that uses it.
func causes(problems []goapi.Problem) []goapi.Problem {
	generated := slices.DeleteFunc(slices.Clone(problems), func(p goapi.Problem) bool {
		return !strings.HasSuffix(p.File, ".gen.go")
	})
	if len(generated) > 0 {
		return generated
	}
	return problems
}

// load type-checks our module below root, the repository or the copy.
func load(ctx context.Context, root string) (*goapi.Snapshot, error) {
	return goapi.Load(ctx, root, environment(), true, "./...")
}

// nestedFiles returns the Go files of the modules that depend on ours.
func (r *run) nestedFiles() []string {
	var folders, out []string
	for name, data := range r.work.before {
		if path.Base(name) == "go.mod" && name != "go.mod" && strings.Contains(string(data), goapi.Module+" v") {
			folders = append(folders, path.Dir(name)+"/")
		}
	}
	for name := range r.work.before {
		inNested := slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(name, folder) })
		if inNested && path.Ext(name) == ".go" && !strings.Contains(name, "/testdata/") {
			out = append(out, filepath.ToSlash(name))
		}
	}
	slices.Sort(out)
	return out
}

// build builds our module. The other modules are not imported by programs. Without the
// data for debuggers, linking takes half the time.
func (r *run) build(ctx context.Context, edits []edit) error {
	if r.unbuilt || !changesCode(edits) {
		return nil
	}
	return r.command(ctx, r.work.dir, "build", "-ldflags=-s -w", "./...")
}

// code returns the new contents of the Go files among the edits.
func code(edits []edit) map[string][]byte {
	out := map[string][]byte{}
	for _, e := range edits {
		if path.Ext(e.file) == ".go" {
			out[e.file] = e.after
		}
	}
	return out
}

// changesCode reports whether the edits change Go files.
func changesCode(edits []edit) bool {
	return slices.ContainsFunc(edits, func(e edit) bool { return path.Ext(e.file) == ".go" })
}
