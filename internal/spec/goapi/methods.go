package goapi

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// The import paths of the packages that are read.
const (
	Module  = "github.com/cnaught-go/cnaught"
	API     = Module + "/api"
	Wrapper = Module + "/wrapper"
)

// FindMethods returns, for each operation by its Go name (GetOrderByID), the exported
// methods of Client that send it, sorted. A method sends an operation if its
// body uses the operation's entry in the generated table, such as
// opGetOrderByID, or a method of a generated client, such as
// api.Client.GetOrderByID.
func FindMethods(wrapper *packages.Package) map[string][]string {
	found := map[string][]string{}
	for _, file := range wrapper.Syntax {
		for _, declaration := range file.Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if !ok || method.Body == nil || !method.Name.IsExported() || receiverOf(method) != "Client" {
				continue
			}
			ast.Inspect(method.Body, func(n ast.Node) bool {
				if name := operationOf(wrapper.TypesInfo, n); name != "" && !slices.Contains(found[name], method.Name.Name) {
					found[name] = append(found[name], method.Name.Name)
				}
				return true
			})
		}
	}
	for _, names := range found {
		slices.Sort(names)
	}
	return found
}

func receiverOf(method *ast.FuncDecl) string {
	if method.Recv == nil || len(method.Recv.List) != 1 {
		return ""
	}
	t := method.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// operationOf returns the operation that an expression sends, or "". The expression
// is an entry of the table or a method of one of the generated clients.
func operationOf(info *types.Info, n ast.Node) string {
	if name, ok := n.(*ast.Ident); ok {
		return operationOfEntry(info, name)
	}
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	method, ok := info.Uses[selector.Sel].(*types.Func)
	if !ok || method.Pkg() == nil || method.Pkg().Path() != API {
		return ""
	}
	recv := method.Signature().Recv()
	if recv == nil || !isClient(recv.Type()) {
		return ""
	}
	name := strings.TrimSuffix(method.Name(), "WithResponse")
	return strings.TrimSuffix(name, "WithBody")
}

func operationOfEntry(info *types.Info, name *ast.Ident) string {
	entry, ok := info.Uses[name].(*types.Var)
	if !ok {
		return ""
	}
	pointer, ok := entry.Type().(*types.Pointer)
	if !ok {
		return ""
	}
	named, ok := pointer.Elem().(*types.Named)
	if !ok || !slices.Contains([]string{"operation", "demandingOperation"}, named.Obj().Name()) {
		return ""
	}
	operation, isEntry := strings.CutPrefix(entry.Name(), "op")
	if !isEntry {
		return ""
	}
	return operation
}

func isClient(t types.Type) bool {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	return ok && slices.Contains([]string{"Client", "ClientInterface", "ClientWithResponses", "ClientWithResponsesInterface"}, named.Obj().Name())
}
