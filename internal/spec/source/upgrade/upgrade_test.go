package upgrade_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source/upgrade"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

func parse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	root, err := tree.Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return root
}

func TestTo31(t *testing.T) {
	upgraded, from, err := upgrade.To31("test.yaml", parse(t, `openapi: 3.0.3
info: {title: T, version: v1, x-ours: kept}
paths:
  /a/{id}:
    get:
      operationId: A
      x-source: transcribed
      parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 0, exclusiveMinimum: true}}]
      responses:
        '200':
          description: 'yes'
          content: {application/json: {schema: {$ref: '#/components/schemas/A'}, example: {b: null}}}
components:
  schemas:
    A:
      type: object
      properties:
        b: {type: string, nullable: true, example: text, maxLength: 512}
        c: {type: string, nullable: false}
        d: {description: D, nullable: true, allOf: [{$ref: '#/components/schemas/A'}]}
`))
	require.NoError(t, err)
	assert.Equal(t, "3.0.3", from)
	want := parse(t, `openapi: 3.1.0
info: {title: T, version: v1, x-ours: kept}
paths:
  /a/{id}:
    get:
      operationId: A
      x-source: transcribed
      parameters: [{name: id, in: path, required: true, schema: {type: integer, exclusiveMinimum: 0}}]
      responses:
        '200':
          description: 'yes'
          content: {application/json: {schema: {$ref: '#/components/schemas/A'}, example: {b: null}}}
components:
  schemas:
    A:
      type: object
      properties:
        b: {type: [string, 'null'], examples: [text], maxLength: 512}
        c: {type: string}
        d: {description: D, oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}
`)
	assert.Empty(t, tree.Diff(want, upgraded))
}

func TestTo31LeavesNewer(t *testing.T) {
	for _, version := range []string{"'3.1'", "3.1.0", "3.1.2"} {
		root := parse(t, "openapi: "+version+"\n")
		upgraded, from, err := upgrade.To31("test.yaml", root)
		require.NoError(t, err)
		assert.Same(t, root, upgraded)
		assert.Empty(t, from)
	}
}

func TestTo31Refuses(t *testing.T) {
	for text, want := range map[string]string{
		"openapi: 3.2.0\n":  "test.yaml is OpenAPI 3.2.0; this project reads 3.1 and 3.0",
		"openapi: 3.10.0\n": "test.yaml is OpenAPI 3.10.0; this project reads 3.1 and 3.0",
		"swagger: '2.0'\n":  "test.yaml is not an OpenAPI description: it has no openapi member",
		"openapi: 3.0.0\ncomponents: {schemas: [1]}\n": "test.yaml is not valid OpenAPI: ",
	} {
		_, _, err := upgrade.To31("test.yaml", parse(t, text))
		assert.ErrorContains(t, err, want)
	}
}
