package apichange

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const base = `openapi: 3.1.0
info: {title: T, version: v1}
servers: [{url: https://api.example.com}]
paths:
  /orders:
    get:
      operationId: List
      description: Lists.
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/OrderList'}}}}
    post:
      operationId: Create
      requestBody:
        content: {application/json: {schema: {$ref: '#/components/schemas/OrderCreate'}}}
      responses:
        '201': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
webhooks:
  paid:
    post:
      requestBody:
        content: {application/json: {schema: {$ref: '#/components/schemas/Event'}}}
      responses: {'200': {description: ok}}
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties:
        id: {type: string}
        state: {type: string, enum: [placed, done]}
        note: {type: [string, 'null']}
    OrderList:
      type: object
      properties:
        data: {type: array, items: {$ref: '#/components/schemas/Order'}}
    OrderCreate:
      type: object
      properties:
        kg: {type: number}
    Event:
      type: object
      properties:
        order: {$ref: '#/components/schemas/Order'}
        kind: {type: string, enum: [a, b]}
`

func read(t *testing.T, text string) *Description {
	t.Helper()
	d, err := Read("test", []byte(text))
	require.NoError(t, err)
	return d
}

func compare(t *testing.T, replaced ...string) ([]Change, int) {
	t.Helper()
	next := base
	for i := 0; i < len(replaced); i += 2 {
		require.Contains(t, next, replaced[i])
		next = strings.Replace(next, replaced[i], replaced[i+1], 1)
	}
	changes, wording, err := Compare(read(t, base), read(t, next))
	require.NoError(t, err)
	return changes, wording
}

func TestCompare(t *testing.T) {
	everywhere := []string{"GET /orders", "POST /orders", "webhook paid"}
	tests := map[string]struct {
		replaced []string
		want     Change
	}{
		"member added, in a shared schema": {
			[]string{"        note:", "        more: {type: string}\n        note:"},
			Change{ID: "response-optional-property-added", Text: "added the optional property `more`", Operations: everywhere,
				New: path("components schemas Order properties more")},
		},
		"member removed": {
			[]string{"        note: {type: [string, 'null']}\n", ""},
			Change{ID: "response-optional-property-removed", Text: "removed the optional property `note`", Operations: everywhere,
				Old: path("components schemas Order properties note")},
		},
		"required member removed": {
			[]string{"      required: [id]\n", "", "        id: {type: string}\n", ""},
			Change{ID: "response-required-property-removed", Text: "removed the required property `id`", Operations: everywhere, Breaking: true,
				Old: path("components schemas Order properties id")},
		},
		"type changed": {
			[]string{"id: {type: string}", "id: {type: integer}"},
			Change{ID: "response-property-type-changed", Text: "the `id` response's property `type` changed from `string` to `integer`", Operations: everywhere, Breaking: true,
				Old: path("components schemas Order properties id"), New: path("components schemas Order properties id")},
		},
		"no longer null": {
			[]string{"note: {type: [string, 'null']}", "note: {type: string}"},
			Change{ID: "response-property-became-not-nullable", Text: "the response property `note` became not nullable", Operations: everywhere,
				Old: path("components schemas Order properties note"), New: path("components schemas Order properties note")},
		},
		"may be null": {
			[]string{"id: {type: string}", "id: {type: [string, 'null']}"},
			Change{ID: "response-property-became-nullable", Text: "the response property `id` became nullable", Operations: everywhere, Breaking: true,
				Old: path("components schemas Order properties id"), New: path("components schemas Order properties id")},
		},
		"enum value added: which is decoded": {
			[]string{"enum: [placed, done]", "enum: [placed, done, new]"},
			Change{ID: "response-property-enum-value-added", Text: "added the new `new` enum value to the `state` response property", Operations: everywhere,
				New: path("components schemas Order properties state enum 2")},
		},
		"enum value removed": {
			[]string{"enum: [placed, done]", "enum: [placed]"},
			Change{ID: "response-property-enum-value-removed", Text: "removed the `done` enum value from the `state` response property", Operations: everywhere,
				Old: path("components schemas Order properties state enum 1")},
		},
		"member of a webhook removed": {
			[]string{"enum: [a, b]", "enum: [a]"},
			Change{ID: "response-property-enum-value-removed", Text: "removed the `b` enum value from the `kind` response property", Operations: []string{"webhook paid"},
				Old: path("components schemas Event properties kind enum 1")},
		},
		"member of a request required": {
			[]string{"    OrderCreate:\n      type: object\n", "    OrderCreate:\n      type: object\n      required: [kg]\n"},
			Change{ID: "request-property-became-required", Text: "the request property `kg` became required", Operations: []string{"POST /orders"}, Breaking: true,
				New: path("components schemas OrderCreate properties kg")},
		},
		"parameter required": {
			[]string{"in: query,", "in: query, required: true,"},
			Change{ID: "request-parameter-became-required", Text: "the `query` request parameter `limit` became required", Operations: []string{"GET /orders"}, Breaking: true,
				New: path("paths /orders get parameters 0")},
		},
		"operation added": {
			[]string{"webhooks:", "  /new:\n    get: {operationId: New, responses: {'200': {description: ok}}}\nwebhooks:"},
			Change{ID: "endpoint-added", Text: "operation added", Operations: []string{"GET /new"}, New: path("paths /new get")},
		},
		"error response added": {
			[]string{"      responses:\n        '201'", "      responses:\n        '429': {description: slow}\n        '201'"},
			Change{ID: "response-non-success-status-added", Text: "added the non-success response with the status `429`", Operations: []string{"POST /orders"},
				New: path("paths /orders post responses 429")},
		},
		"schema that nothing uses": {
			[]string{"    Event:\n", "    Extra: {type: string}\n    Event:\n"},
			Change{ID: "added", Text: "schema added", New: path("components schemas Extra")},
		},
		"version": {
			[]string{"version: v1", "version: v2"},
			Change{ID: "changed", Text: "`info.version` changed from `v1` to `v2`", Old: path("info version"), New: path("info version")},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changes, wording := compare(t, test.replaced...)
			assert.Equal(t, []Change{test.want}, changes)
			assert.Zero(t, wording)
		})
	}
}

func path(keys string) []string { return strings.Fields(keys) }

func TestWordingAndExtensions(t *testing.T) {
	changes, wording := compare(t, "description: Lists.", "description: Lists orders.\n      x-source: published")
	assert.Empty(t, changes)
	assert.Equal(t, 1, wording)
	changes, wording = compare(t, "description: Lists.", "description: Lists.\n      x-source: published")
	assert.Empty(t, changes)
	assert.Zero(t, wording, "our extensions are not wording")
	changes, _ = compare(t, "        note:", "        description: {type: string}\n        note:")
	assert.Len(t, changes, 1, "a member with the name description is not wording")
}

func TestBreakingFirst(t *testing.T) {
	changes, _ := compare(t, "        note:", "        more: {type: string}\n        note:", "in: query,", "in: query, required: true,")
	require.Len(t, changes, 2)
	assert.True(t, changes[0].Breaking)
}

func TestValidate(t *testing.T) {
	require.NoError(t, read(t, base).Validate("base"))
	for name, replaced := range map[string][2]string{
		"reference to nothing":   {"#/components/schemas/OrderCreate'", "#/components/schemas/Gone'"},
		"response without words": {"'200': {description: ok}", "'200': {}"},
		"unknown type":           {"id: {type: string}", "id: {type: text}"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, base, replaced[0])
			err := read(t, strings.Replace(base, replaced[0], replaced[1], 1)).Validate("new.yaml")
			assert.ErrorContains(t, err, "new.yaml is not valid OpenAPI")
		})
	}
}

func TestExamplesAreNotValidated(t *testing.T) {
	assert.NoError(t, read(t, strings.Replace(base, "id: {type: string}", "id: {type: string, examples: [1], default: 2}", 1)).Validate("x"))
}

func TestShorten(t *testing.T) {
	for name, want := range map[string]string{
		"data/items/id": "id",
		"oneOf[subschema #1: Order by amount]/portfolio_id":                       "portfolio_id",
		"notification_config/oneOf[#/components/schemas/NotificationConfig]/mode": "mode",
		"source/oneOf[#/components/schemas/QuoteSource]/":                         "source",
		"multipart/form-data":      "multipart/form-data",
		"image/svg+xml":            "image/svg+xml",
		"application/problem+json": "application/problem+json",
	} {
		assert.Equal(t, "added `"+want+"`", shorten("added `"+name+"`", []any{name}))
	}
}
