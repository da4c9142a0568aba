package spec

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// operations returns the operations of a description, in its order.
func operations(d *apichange.Description) []operation {
	var out []operation
	for path, item := range tree.Pairs(tree.Get(d.Root, "paths")) {
		for _, method := range tree.Methods {
			if node := tree.Get(item, method); node != nil {
				out = append(out, operation{
					id: tree.Text(node, "operationId"), method: strings.ToUpper(method), path: path,
					summary: tree.Text(node, "summary"), description: tree.Text(node, "description"),
					answers: answers(d.Root, node),
				})
			}
		}
	}
	return out
}

// answers reports whether a success of the operation has a body.
func answers(root, operation *yaml.Node) bool {
	for status, response := range tree.Pairs(tree.Get(operation, "responses")) {
		response, _ = tree.Resolve(root, response, nil)
		if content := tree.Get(response, "content"); strings.HasPrefix(status, "2") && content != nil && len(content.Content) > 0 {
			return true
		}
	}
	return false
}

type operation struct {
	id, method, path, summary, description string
	answers                                bool // whether a success has a body
}

// unusableNames returns a message for each operation whose operationId cannot be
// used as a Go name.
func unusableNames(operations []operation) []string {
	var out []string
	first := map[string]operation{}
	for _, op := range operations {
		request := fmt.Sprintf("`%s %s`", op.method, op.path)
		switch other, taken := first[goapi.Key(op.id)]; {
		case op.id == "":
			out = append(out, request+" has no operationId to derive Go names from: `api/overlay.yaml` has to set one")
		case op.id[0] >= '0' && op.id[0] <= '9':
			out = append(out, fmt.Sprintf("%s has the operationId `%s`, but names in Go cannot begin with a digit: `api/overlay.yaml` has to set another", request, op.id))
		case taken:
			out = append(out, fmt.Sprintf("%s and `%s %s` have operationIds with the same form in Go, `%s` and `%s`: `api/overlay.yaml` has to set another for one of them", request, other.method, other.path, op.id, other.id))
		}
		first[goapi.Key(op.id)] = op
	}
	return out
}
