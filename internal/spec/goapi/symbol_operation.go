package goapi

import (
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// inPath returns the symbols of a place in paths. The place has at least a path and
// one of its members.
func (r *Resolver) inPath(place tree.Path) []string {
	if place[2] == "parameters" {
		if len(place) < 4 {
			return nil
		}
		i, _ := strconv.Atoi(place[3])
		return r.parameter(place[:3], i)
	}
	name := r.OperationName(tree.Text(tree.Get(r.root, place[:3]...), "operationId"))
	if name == "" {
		return nil
	}
	rest := place[3:]
	switch {
	case len(rest) >= 2 && rest[0] == "parameters":
		i, _ := strconv.Atoi(rest[1])
		return r.parameter(place[:3], i)
	case len(rest) >= 4 && rest[0] == "requestBody" && rest[3] == "schema":
		return r.ofType(name+"JSONRequestBody", place[:7], rest[4:])
	case len(rest) >= 2 && rest[0] == "responses":
		return r.response(name, place, rest)
	}
	return []string{"Client." + name}
}

func (r *Resolver) ofType(goName string, at, rest tree.Path) []string {
	if object := r.pkg.Scope().Lookup(goName); object != nil {
		return r.walk(object.Type(), goName, at, rest)
	}
	return nil
}

// response returns the member of the operation's response type for the body of a
// status.
func (r *Resolver) response(name string, place, rest tree.Path) []string {
	response := r.named(name + "Response")
	if response == nil {
		return nil
	}
	status := strings.ToUpper(rest[1][:min(1, len(rest[1]))]) + rest[1][min(1, len(rest[1])):]
	field, goName := fieldByStatus(response, status)
	if field == nil {
		return nil
	}
	symbol := name + "Response." + goName
	if len(rest) > 5 && rest[2] == "content" && rest[4] == "schema" {
		return r.walk(field.Type(), symbol, place[:len(place)-len(rest)+5], rest[5:])
	}
	return []string{symbol, name + "Response.Get" + goName}
}

// parameter returns the members for a parameter of an operation, or of all operations
// of a path. A path parameter is an argument without a symbol, so the symbol of the
// operation is returned instead.
func (r *Resolver) parameter(owner tree.Path, i int) []string {
	item := tree.Get(r.root, owner[:2]...)
	methods := []string{owner[2]}
	if owner[2] == "parameters" {
		methods = tree.Methods
	}
	list := tree.Get(r.root, slices.Concat(owner[:2], parametersOf(owner[2]))...)
	parameter, _ := tree.Resolve(r.root, tree.Get(list, strconv.Itoa(i)), nil)
	if parameter == nil {
		return nil
	}
	var out []string
	for _, method := range methods {
		operation := r.OperationName(tree.Text(item, method, "operationId"))
		if operation == "" {
			continue
		}
		if tree.Text(parameter, "in") == "path" {
			out = append(out, "Client."+operation)
			continue
		}
		if params := r.named(operation + "Params"); params != nil {
			if _, field := fieldByJSON(params, tree.Text(parameter, "name")); field != "" {
				out = append(out, operation+"Params."+field)
			}
		}
	}
	return out
}

// fieldByStatus returns the field for a status, such as JSON200. The prefix of its
// name depends on the media type.
func fieldByStatus(response *types.Named, status string) (*types.Var, string) {
	fields, ok := response.Underlying().(*types.Struct)
	if !ok {
		return nil, ""
	}
	for i := range fields.NumFields() {
		if name := fields.Field(i).Name(); strings.HasSuffix(name, status) {
			return fields.Field(i), name
		}
	}
	return nil, ""
}
