package spec

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// compareGo type-checks the copy and adds the changes of the Go API to the report.
func (r *run) compareGo(ctx context.Context) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	symbols, err := r.resolvers()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(r.report.Problems, func(p goapi.Problem) bool { return strings.HasSuffix(p.File, ".gen.go") }); i >= 0 {
		// Generated code that does not compile cannot be compared. The cause is in
		// the description, so the note says what to look for there.
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("The generated code does not compile: “%s”. Two names in the description may have the same form in Go, which an x-go-name in api/overlay.yaml corrects, or the description may use a schema that api/config.yaml excludes.", r.report.Problems[i].Message))
		return nil
	}
	r.report.Compared = true
	r.report.Conflicts = append(r.report.Conflicts, r.writtenInCode()...)
	r.report.Conflicts = append(r.report.Conflicts, r.retryChanges(symbols)...)
	changes := make([]apichange.Change, len(r.report.Changes))
	for i, c := range r.report.Changes {
		changes[i] = c.Change
	}
	r.report.Changes, r.report.Other = report.Link(changes, goapi.Compare(r.before, r.after), symbols.of, symbols.operation)
	return r.listMethods(symbols)
}

// resolvers finds the Go symbols of changes before and after the update.
type resolvers struct {
	old, next         *goapi.Resolver
	oldRoot, nextRoot *apichange.Description
}

func (r *run) resolvers() (*resolvers, error) {
	oldAPI, nextAPI := r.before.Packages[goapi.API], r.after.Packages[goapi.API]
	if oldAPI == nil || nextAPI == nil {
		return nil, errors.New("package api is missing")
	}
	oldRoot, err := r.overlaid(r.current)
	if err != nil {
		return nil, err
	}
	nextRoot := r.overlaidNext
	if nextRoot == nil {
		if nextRoot, err = r.overlaid(r.next); err != nil {
			return nil, err
		}
	}
	return &resolvers{
		old: goapi.NewResolver(oldRoot.Root, oldAPI.Types), oldRoot: oldRoot,
		next: goapi.NewResolver(nextRoot.Root, nextAPI.Types), nextRoot: nextRoot,
	}, nil
}

func (s *resolvers) of(c apichange.Change) []string {
	out := append(s.next.Symbols(c.New), s.old.Symbols(c.Old)...)
	slices.Sort(out)
	return slices.Compact(out)
}

// operation returns the Go name of the operation that a change is in, or "".
func (s *resolvers) operation(c apichange.Change) string {
	name := func(r *goapi.Resolver, d *apichange.Description, place tree.Path) string {
		if len(place) < 3 || place[0] != "paths" {
			return ""
		}
		return r.OperationName(tree.Text(tree.Get(d.Root, place[:3]...), "operationId"))
	}
	if found := name(s.next, s.nextRoot, c.New); found != "" {
		return found
	}
	return name(s.old, s.oldRoot, c.Old)
}

// listMethods adds the operations without a method in package wrapper to the report
// and updates raw-only.yaml, which lists them.
func (r *run) listMethods(symbols *resolvers) error {
	wrapper := r.after.Packages[goapi.Wrapper]
	if wrapper == nil {
		return errors.New("package wrapper is missing")
	}
	known, err := goapi.ReadRawOnly(r.work.path(goapi.RawOnlyFile))
	if err != nil {
		return err
	}
	served := goapi.FindMethods(wrapper)
	var missing []string
	for _, op := range operations(symbols.nextRoot) {
		goName := symbols.next.OperationName(op.id)
		if len(served[goName]) > 0 {
			continue
		}
		missing = append(missing, op.id)
		name := goapi.MethodName(goName)
		taken, _, _ := types.LookupFieldOrMethod(types.NewPointer(wrapper.Types.Scope().Lookup("Client").Type()), false, wrapper.Types, name)
		if taken != nil {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("cnaught.Client already has a method %s. If `%s` is only a new name of its operation, change the method to send that operation. Otherwise, give the draft below another name.", name, op.id))
		}
		r.report.Methods = append(r.report.Methods, report.Method{
			Operation: op.id,
			Request:   op.method + " " + op.path,
			New:       !slices.ContainsFunc(known, func(e goapi.RawOnly) bool { return e.Operation == op.id }),
			Classed:   tree.Text(symbols.nextRoot.Root, "paths", op.path, strings.ToLower(op.method), "x-retry") != "",
			Draft: goapi.Draft(goapi.Operation{
				ID: op.id, GoName: goName, Method: op.method, Path: op.path,
				Summary: op.summary, Description: op.description, Answers: op.answers,
			}, r.after.Packages[goapi.API].Types),
		})
	}
	updated := goapi.UpdateRawOnly(known, missing)
	if slices.Equal(updated, known) {
		return nil
	}
	text, err := goapi.FormatRawOnly(updated)
	if err != nil {
		return err
	}
	return r.work.write(goapi.RawOnlyFile, text)
}
