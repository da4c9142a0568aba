package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// addEverything makes every kind of change that needs no manual change, wherever it
// is possible, and adds operations of all kinds.
func addEverything(t *testing.T, root *yaml.Node) {
	dropExtensions(root)
	var visit func(n *yaml.Node)
	members, values := 0, 0
	visit = func(n *yaml.Node) {
		for _, child := range n.Content {
			visit(child)
		}
		if properties := tree.Get(n, "properties"); properties != nil && properties.Kind == yaml.MappingNode {
			tree.Set(properties, "added_later", parse(t, "{type: [string, 'null'], description: New.}"))
			members++
		}
		if enum := tree.Get(n, "enum"); enum != nil && enum.Kind == yaml.SequenceNode {
			enum.Content = append(enum.Content, tree.String("added_later"))
			values++
		}
	}
	for _, schema := range tree.Pairs(at(t, root, "components", "schemas")) {
		visit(schema)
	}
	require.Greater(t, members, 30)
	require.Greater(t, values, 1)
	for _, item := range tree.Pairs(at(t, root, "paths")) {
		for method, operation := range tree.Pairs(item) {
			if !slices.Contains(tree.Methods, method) {
				continue
			}
			tree.Set(operation, "summary", tree.String(tree.Text(operation, "summary")+", in other words"))
			tree.Set(tree.Get(operation, "responses"), "429", parse(t, tooManyRequests))
			if tree.Get(operation, "parameters") != nil { // the first one would change the generated signature
				appendTo(t, operation, "{name: added_later, in: query, schema: {type: string}}", "parameters")
			}
		}
	}
	set(t, root, newOperation, "paths", "/retirements/{id}")
	set(t, root, retireCredits, "paths", "/orders/{id}/retire")
	set(t, root, retireRequest, "components", "schemas", "RetireRequest")
	set(t, root, buyers, "paths", "/buyers")
	set(t, root, rates, "paths", "/rates")
	set(t, root, documents, "paths", "/orders/{id}/documents")
}

// dropExtensions removes our extensions, which the vendor does not know.
func dropExtensions(n *yaml.Node) {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); {
		if strings.HasPrefix(n.Content[i].Value, "x-") {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
		} else {
			i += 2
		}
	}
	for _, child := range n.Content {
		dropExtensions(child)
	}
}

// These operations have an answer without an example, an Idempotency-Key, parameters
// of every kind, and an answer without a body.
const retireCredits = `
  parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
  post:
    tags: [Orders]
    summary: Retire credits
    description: Retires credits of an order.
    operationId: RetireCredits
    parameters:
      - $ref: '#/components/parameters/SubaccountId'
      - $ref: '#/components/parameters/IdempotencyKey'
    requestBody:
      required: true
      content:
        application/json:
          schema: {$ref: '#/components/schemas/RetireRequest'}
    responses:
      '201': {description: Retired, content: {application/json: {schema: {$ref: '#/components/schemas/Retirement'}}}}
      '401': {$ref: '#/components/responses/Unauthorized'}
  delete:
    tags: [Orders]
    summary: Give back
    description: Gives the credits back.
    operationId: GiveBack
    responses:
      '204': {description: Given back}
      '401': {$ref: '#/components/responses/Unauthorized'}
`

const retireRequest = `
  type: object
  required: [amount_kg]
  properties:
    amount_kg: {type: number}
`

// These operations have an answer that is a list, and a POST without an
// Idempotency-Key.
const buyers = `
  get:
    tags: [Orders]
    summary: List buyers
    description: Returns the buyers.
    operationId: GetListOfBuyers
    parameters:
      - {name: since, in: query, required: true, schema: {type: string, format: date-time}}
      - {name: most, in: query, required: true, schema: {type: integer}}
    responses:
      '200':
        description: The buyers
        content:
          application/json:
            schema: {type: array, items: {$ref: '#/components/schemas/ProjectBuyer'}}
            example: []
      '401': {$ref: '#/components/responses/Unauthorized'}
  post:
    tags: [Orders]
    summary: Notify buyers
    description: Sends a message to the buyers.
    operationId: NotifyBuyers
    parameters:
      - {name: subject, in: query, schema: {type: string}}
    responses:
      '202': {description: Taken, content: {application/json: {schema: {$ref: '#/components/schemas/Quote'}}}}
      '401': {$ref: '#/components/responses/Unauthorized'}
`

// The answers of these operations are not objects with their own members.
const rates = `
  get:
    tags: [Orders]
    summary: Get rates
    description: Returns the rates by currency.
    operationId: GetRates
    responses:
      '200':
        description: The rates
        content:
          application/json:
            schema: {type: object, additionalProperties: {type: number}}
            example: {EUR: 0.9}
  put:
    tags: [Orders]
    summary: Set the currency
    description: Sets the currency.
    operationId: SetCurrency
    responses:
      '200': {description: The name, content: {application/json: {schema: {type: string}, example: euro}}}
`

// These operations have a form, answers that are not JSON, and the method HEAD.
const documents = `
  parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
  post:
    tags: [Orders]
    summary: Add a document
    description: Adds a document to an order.
    operationId: AddDocument
    requestBody:
      required: true
      content:
        multipart/form-data:
          schema: {type: object, properties: {file: {type: string, format: binary}}}
    responses:
      '204': {description: Added}
  get:
    tags: [Orders]
    summary: Get the document
    description: Returns the document of an order.
    operationId: GetDocument
    responses:
      '200': {description: The document, content: {application/pdf: {schema: {type: string, format: binary}}}}
      default: {description: Whatever else, content: {application/problem+json: {schema: {$ref: '#/components/schemas/BaseProblemDetails'}}}}
  head:
    tags: [Orders]
    summary: Has it a document
    description: Answers as GET does.
    operationId: HasDocument
    responses:
      2XX: {description: It has}
`

// TestNewOperationsNeedNoManualChange updates a copy of the repository with all its
// modules. The tests pass there, the new operations work through Client.Raw and in
// the sandbox, and so do the drafts of their methods.
func TestNewOperationsNeedNoManualChange(t *testing.T) {
	if !*all {
		t.Skip("takes a minute: make test-all")
	}
	t.Parallel()
	repo := wholeRepository(t, "operations")
	description := repo.description(t)
	addEverything(t, description)

	r := Run(t.Context(), Options{Root: repo.dir, From: write(t, "openapi.yaml", text(t, description)), folder: folderFor(t, "operations-update")})
	t.Log("\n" + r.Markdown() + "\n" + report.Times(r.Timings))
	require.Equal(t, report.Additive, r.Verdict())
	require.True(t, r.Applied)

	tests, err := os.ReadFile("testdata/new_operations.go.txt")
	require.NoError(t, err)
	repo.add(t, "wrapper/sandbox/updated_test.go", string(tests))
	repo.goCommand(t, ".", "test", "-short", "./api", "./wrapper", "./wrapper/sandbox/...")
	repo.goCommand(t, "internal/spec", "test", "./contract", "./goapi", "./overlaycheck")

	drafts := "package cnaught\n\nimport (\n\t\"context\"\n\n\t\"github.com/cnaught-go/cnaught/api\"\n)\n"
	count := 0
	var without []string // the operations with a form and with a document that is not JSON
	for _, method := range r.Methods {
		switch {
		case !method.New:
		case method.Draft == "":
			without = append(without, method.Operation)
		default:
			drafts += "\n" + method.Draft
			count++
		}
	}
	assert.Equal(t, 8, count)
	assert.ElementsMatch(t, []string{"AddDocument", "GetDocument"}, without)
	repo.add(t, "wrapper/drafts.go", drafts)
	tests, err = os.ReadFile("testdata/drafts.go.txt")
	require.NoError(t, err)
	repo.add(t, "wrapper/drafts_test.go", string(tests))
	repo.goCommand(t, ".", "test", "-run", "TestDrafts", "./wrapper")

	// The next update finds the methods and removes the operations from the list.
	next := Run(t.Context(), Options{Root: repo.dir, From: filepath.Join(repo.dir, descriptionFile)})
	assert.Equal(t, report.Nothing, next.Verdict(), next.Markdown())
	assert.Equal(t, []string{goapi.RawOnlyFile}, next.Written)
	list, err := goapi.ReadRawOnly(filepath.Join(repo.dir, goapi.RawOnlyFile))
	require.NoError(t, err)
	text, err := goapi.FormatRawOnly(slices.DeleteFunc(list, func(e goapi.RawOnly) bool { return slices.Contains(without, e.Operation) }))
	require.NoError(t, err)
	assert.Equal(t, string(repo.files[goapi.RawOnlyFile]), string(text), "the list is the same as before")
}
