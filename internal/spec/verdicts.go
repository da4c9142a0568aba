package spec

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// writtenInCode returns a message for each fact that hand-written code of package
// wrapper repeats and that the new description changes: the server and the
// authentication.
func (r *run) writtenInCode() []string {
	var out []string
	servers := func(d *apichange.Description) string { return tree.Text(d.Root, "servers", "0", "url") }
	if old, next := servers(r.current), servers(r.next); old != next {
		out = append(out, fmt.Sprintf("the server `%s` becomes `%s`: %s still uses the old one", old, next, r.lineWith(old)))
	}
	for _, place := range []tree.Path{{"security"}, {"components", "securitySchemes"}} {
		old, next := tree.Get(r.current.Root, place...), tree.Get(r.next.Root, place...)
		if !sameAuthentication(old, next) {
			out = append(out, fmt.Sprintf("the authentication changes at `%s`: %s still uses the old one", place, r.lineWith("Bearer ")))
		}
	}
	return out
}

func sameAuthentication(a, b *yaml.Node) bool {
	for _, difference := range tree.Diff(a, b) {
		if last := append(tree.Path{""}, difference...); last[len(last)-1] != "description" && !strings.HasPrefix(last[len(last)-1], "x-") {
			return false
		}
	}
	return true
}

// lineWith returns the position of the first line in package wrapper that contains a
// text.
func (r *run) lineWith(text string) string {
	for _, name := range sortedNames(r.work.before) {
		if path.Dir(name) != "wrapper" || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for i, line := range strings.Split(string(r.work.before[name]), "\n") {
			if strings.Contains(line, text) && !strings.HasPrefix(strings.TrimSpace(line), "//") {
				return fmt.Sprintf("`%s:%d`", name, i+1)
			}
		}
	}
	return "package wrapper"
}

func sortedNames(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// retryChanges returns a message for each operation that may be repeated under
// other conditions than before. A person has to decide this in the overlay.
func (r *run) retryChanges(symbols *resolvers) []string {
	classes := func(d *apichange.Description) map[string]retry {
		out := map[string]retry{}
		for _, op := range operations(d) {
			out[op.id] = retryOf(d.Root, op)
		}
		return out
	}
	before := classes(symbols.oldRoot)
	var out []string
	for id, next := range classes(symbols.nextRoot) {
		old, known := before[id]
		switch {
		case !known:
		case old.class != next.class:
			out = append(out, fmt.Sprintf("`%s` (%s) was %s and becomes %s (%s): say in `api/overlay.yaml` whether it may be repeated (x-retry)", id, old.request, old.class, next.class, next.request))
		case old.request != next.request && strings.Fields(old.request)[0] != strings.Fields(next.request)[0]:
			out = append(out, fmt.Sprintf("`%s` was %s and becomes %s, but remains %s: say in `api/overlay.yaml` whether that is right (x-retry)", id, old.request, next.request, old.class))
		case old.keyed != next.keyed && next.keyed != (next.class == "keyed"):
			out = append(out, fmt.Sprintf("`%s` (%s) takes an Idempotency-Key: %t before, %t now. It was %s: say in `api/overlay.yaml` whether it is keyed now (x-retry)", id, next.request, old.keyed, next.keyed, old.class))
		}
	}
	slices.Sort(out)
	return out
}

// retry describes whether an operation may be repeated.
type retry struct {
	class, request string
	keyed          bool // whether it takes an Idempotency-Key
}

// retryOf returns the same class as package wrapper uses: that in the overlay or, if
// there is none, the one that follows from the Idempotency-Key and the method.
func retryOf(root *yaml.Node, op operation) retry {
	node := tree.Get(root, "paths", op.path, strings.ToLower(op.method))
	out := retry{class: tree.Text(node, "x-retry"), request: op.method + " " + op.path}
	for _, list := range []*yaml.Node{tree.Get(node, "parameters"), tree.Get(root, "paths", op.path, "parameters")} {
		if list == nil {
			continue
		}
		for _, parameter := range list.Content {
			parameter, _ = tree.Resolve(root, parameter, nil)
			out.keyed = out.keyed || tree.Text(parameter, "in") == "header" && tree.Text(parameter, "name") == "Idempotency-Key"
		}
	}
	switch {
	case out.class != "":
	case out.keyed:
		out.class = "keyed"
	case op.method == "POST" || op.method == "PATCH":
		out.class = "unsafe"
	default:
		out.class = "safe"
	}
	return out
}

// failedTest matches the line with which the go command reports a failed test.
// Subtests are indented, so they do not match.
var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// test runs the tests of the packages that depend on the description in the copy,
// and returns a message for each that fails.
func (r *run) test(ctx context.Context) ([]string, error) {
	err := r.command(ctx, r.work.dir, "test", "-vet=off", "-short", "./api", "./wrapper")
	if err == nil || ctx.Err() != nil {
		return nil, err
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil, err
	}
	text := r.clean(err.Error())
	var out []string
	for _, found := range failedTest.FindAllStringSubmatch(text, -1) {
		out = append(out, fmt.Sprintf("the test `%s` fails with the new description (`go test -run '^%[1]s$' ./api ./wrapper`)", found[1]))
	}
	if len(out) == 0 {
		out = append(out, "the tests of api and wrapper fail with the new description: "+strings.ReplaceAll(text, "\n", " "))
	}
	return out, nil
}
