package spec

import (
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// quiet are the changes with which the code would still compile but would be wrong.
// Each has to be reported as a decision, with its place.
var quiet = []change{
	{
		name: "answer wrapped in data",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: object, properties: {data: {$ref: '#/components/schemas/ImpactData'}}}", answerOf("/impact/data")...)
		},
		verdict: report.Decision, step: report.Major,
		decides: []string{"wrapper/impact.go:"}, quick: true,
	},
	{
		name: "answer of another schema",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{$ref: '#/components/schemas/Quote'}", answerOf("/orders/{id}")...)
		},
		verdict: report.Decision, step: report.Major,
		decides: []string{"wrapper/orders.go:"},
	},
	{
		name: "path parameter renamed",
		edit: func(t *testing.T, root *yaml.Node) {
			item := at(t, root, "paths", "/orders/{id}")
			drop(t, root, "paths", "/orders/{id}")
			tree.Set(at(t, root, "paths"), "/orders/{order_id}", item)
			set(t, root, "order_id", "paths", "/orders/{order_id}", "parameters", "0", "name")
		},
		verdict: report.Decision, step: report.Minor,
		decides: []string{"wrapper/orders.go:"},
	},
	{
		name: "new required header of a list",
		edit: func(t *testing.T, root *yaml.Node) {
			appendTo(t, root, requiredHeader, "paths", "/orders", "get", "parameters")
		},
		verdict: report.Decision, step: report.Minor, breaks: true,
		decides: []string{"wrapper/orders.go:"},
	},
	{
		name: "new required header",
		edit: func(t *testing.T, root *yaml.Node) {
			appendTo(t, root, requiredHeader, "paths", "/orders/{id}", "get", "parameters")
		},
		verdict: report.Decision, step: report.Minor, breaks: true,
		decides: []string{"wrapper/orders.go:"},
	},
	{
		name: "another server",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "https://api.cnaught.com/v2", "servers", "0", "url")
		},
		verdict: report.Decision, step: report.Minor,
		decides: []string{"`wrapper/options.go:"}, quick: true,
	},
	{
		name: "another authentication",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: apiKey, in: header, name: X-Api-Key}", "components", "securitySchemes", "ApiKey")
		},
		verdict: report.Decision, step: report.Minor, breaks: true,
		decides: []string{"the authentication changes"},
	},
	{
		name: "PUT becomes PATCH",
		edit: func(t *testing.T, root *yaml.Node) {
			operation := at(t, root, "paths", "/subaccounts/{id}", "put")
			drop(t, root, "paths", "/subaccounts/{id}", "put")
			tree.Set(at(t, root, "paths", "/subaccounts/{id}"), "patch", operation)
		},
		verdict: report.Decision, step: report.Minor, breaks: true,
		decides: []string{"`UpdateSubaccount` (PUT /subaccounts/{id}) was safe and becomes unsafe (PATCH /subaccounts/{id})"},
	},
	{
		name: "quote moved",
		edit: func(t *testing.T, root *yaml.Node) {
			item := at(t, root, "paths", "/quotes/train")
			drop(t, root, "paths", "/quotes/train")
			tree.Set(at(t, root, "paths"), "/quotes/rail", item)
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		decides: []string{"`RequestTrainQuote` (POST /quotes/train) was safe and becomes unsafe (POST /quotes/rail)"}, quick: true,
	},
	{
		name: "checkout sessions take an Idempotency-Key",
		edit: func(t *testing.T, root *yaml.Node) {
			appendTo(t, root, "{$ref: '#/components/parameters/IdempotencyKey'}", "paths", "/checkout/sessions", "post", "parameters")
		},
		verdict: report.Decision, step: report.Minor,
		decides: []string{"`CreateCheckoutSession` (POST /checkout/sessions) takes an Idempotency-Key: false before, true now. It was unsafe"},
	},
}

const requiredHeader = "{name: X-Region, in: header, required: true, schema: {type: string}}"

func answerOf(path string) []string {
	return []string{"paths", path, "get", "responses", "200", "content", "application/json", "schema"}
}
