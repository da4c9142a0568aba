package update

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/report"
)

// addEverything makes all additive changes at once: operations of every shape,
// members, values of enums, error responses.
func addEverything(t *testing.T, root *yaml.Node) {
	for _, c := range additive {
		if c.name != "new required member of an answer" { // not additive for a server
			c.edit(t, root)
		}
	}
	set(t, root, retireCredits, "paths", "/orders/{id}/retire")
	set(t, root, retireRequest, "components", "schemas", "RetireRequest")
	set(t, root, notifyBuyers, "paths", "/buyers")
}

// With example-less answers, an Idempotency-Key, path, query and header
// parameters, an answer without a body, and an answer that is a list.
const retireCredits = `
  parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
  post:
    tags: [Orders]
    summary: Retire credits
    operationId: RetireCredits
    parameters:
      - $ref: '#/components/parameters/SubaccountId'
      - $ref: '#/components/parameters/IdempotencyKey'
    requestBody:
      required: true
      content:
        application/json:
          schema: {$ref: '#/components/schemas/RetireRequest'}
          example: {amount_kg: 5}
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

const notifyBuyers = `
  get:
    tags: [Orders]
    summary: List buyers
    operationId: GetListOfBuyers
    parameters:
      - {name: since, in: query, schema: {type: string}}
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
    operationId: NotifyBuyers
    parameters:
      - {name: subject, in: query, schema: {type: string}}
    responses:
      '202': {description: Taken, content: {application/json: {schema: {$ref: '#/components/schemas/Quote'}}}}
      '401': {$ref: '#/components/responses/Unauthorized'}
`

// TestNewOperationsNeedNoHand updates the repository and then uses the new
// operations in it, through Client.Raw and against the sandbox; then it pastes
// the drafts of their methods in.
func TestNewOperationsNeedNoHand(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short")
	}
	repo := repository(t)
	root := repo.description(t)
	addEverything(t, root)
	r := Run(t.Context(), Options{Root: repo.dir, From: write(t, "openapi.yaml", text(t, root))})
	require.Equal(t, report.Additive, r.Verdict(), r.Markdown())
	require.True(t, r.Applied)

	tests, err := os.ReadFile("testdata/new_operations.go.txt")
	require.NoError(t, err)
	place := filepath.Join(repo.dir, "wrapper/sandbox/updated_test.go")
	require.NoError(t, os.WriteFile(place, tests, 0o644))
	repo.goCommand(t, ".", "test", "-count=1", "-run", "^TestUpdated", "./wrapper/sandbox")

	var drafts []string
	for _, method := range r.Methods {
		if method.New {
			assert.NotEmpty(t, method.Draft, method.Operation)
			drafts = append(drafts, method.Draft)
		}
	}
	assert.Len(t, drafts, 5)
	source := "package cnaught\n\nimport (\n\t\"context\"\n\t\"encoding/json\"\n\t\"net/http\"\n\n\t\"github.com/cnaught-go/cnaught/api\"\n)\n\n" + strings.Join(drafts, "\n")
	require.NoError(t, os.WriteFile(filepath.Join(repo.dir, "wrapper/drafts.go"), []byte(source), 0o644))
	repo.goCommand(t, ".", "vet", "./wrapper")

	// A second update finds the methods and takes the operations off the list.
	again := Run(t.Context(), Options{Root: repo.dir, From: filepath.Join(repo.dir, descriptionFile)})
	require.NotEqual(t, report.Failed, again.Verdict(), again.Markdown())
	for _, method := range again.Methods {
		assert.NotContains(t, source, "\""+method.Operation+"\"", "it has a method now")
	}
}
