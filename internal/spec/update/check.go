package update

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/godiff"
	"github.com/cnaught-go/cnaught/internal/spec/methods"
)

// check vets the copy: our module, and those of the repository that build on
// it, whose tests and benchmarks use the generated types too. What does not
// compile, tests included, goes into the report.
func (r *run) check(ctx context.Context) error {
	edits, err := r.work.edits()
	if err != nil {
		return err
	}
	if !changesCode(edits) {
		r.after = r.before
		return nil
	}
	vetErr := r.command(ctx, r.work.dir, "vet", "./...")
	// Loading with tests compiles more; go vet has just shown that the tests
	// compile, unless it failed.
	after, err := godiff.Load(r.work.dir, environment(), vetErr != nil, "./...")
	if err != nil {
		return err
	}
	r.after = after
	if vetErr != nil {
		return r.explain(ctx, ".", vetErr, after.Problems)
	}
	for _, module := range r.nestedModules() {
		vetErr := r.command(ctx, inModule(r.work.dir, module), "vet", "./...")
		if vetErr == nil {
			continue
		}
		nested, err := godiff.Load(inModule(r.work.dir, module), environment(), true, "./...")
		if err != nil {
			return err
		}
		if err := r.explain(ctx, module, vetErr, nested.Problems); err != nil {
			return err
		}
	}
	return nil
}

// explain turns a failed go vet into problems with lines, unless the module
// fails without the update too: then nothing can be said about it.
func (r *run) explain(ctx context.Context, module string, vetErr error, problems []godiff.Problem) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := r.command(ctx, inModule(r.Root, module), "vet", "./..."); err != nil {
		return fmt.Errorf("the repository does not build as it is, so nothing can be said about an update: %w", err)
	}
	if len(problems) == 0 {
		problems = vetProblems(vetErr.Error())
	}
	if len(problems) == 0 {
		return vetErr
	}
	for _, problem := range problems {
		problem.File = path.Join(module, problem.File)
		r.report.Problems = append(r.report.Problems, problem)
	}
	return nil
}

var vetLine = regexp.MustCompile(`(?m)^(?:vet: )?(\S+\.go):(\d+):\d+: (.*)$`)

// vetProblems reads what go vet found beyond what does not compile.
func vetProblems(output string) []godiff.Problem {
	var out []godiff.Problem
	for _, found := range vetLine.FindAllStringSubmatch(output, -1) {
		line, _ := strconv.Atoi(found[2])
		out = append(out, godiff.Problem{File: path.Clean(filepath.ToSlash(found[1])), Line: line, Message: found[3]})
	}
	return out
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

// inModule is the folder of a module in the copy or in the repository.
func inModule(root, module string) string { return filepath.Join(root, filepath.FromSlash(module)) }

// build builds our module. The others are vetted, and nobody imports them.
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
