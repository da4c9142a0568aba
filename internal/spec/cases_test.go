package spec

import (
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/report"
)

// change is one way in which a new description differs from ours, with the expected
// result of the update.
type change struct {
	name string
	edit func(t *testing.T, root *yaml.Node)

	verdict report.Verdict
	step    report.Step
	// symbols are Go symbols that the report has to name, with their changes, or
	// "" if they are unchanged.
	symbols map[string]string
	// breaks reports whether the change breaks callers of the API.
	breaks bool
	// says are texts that the report has to contain, unless remembered.yaml already
	// contains the name of the renamed operation.
	says    []string
	renamed string
	// decides are the places where a person has to decide.
	decides []string

	quick bool // whether the case runs without -more
}

var schemas = []string{"components", "schemas"}

func member(schema, name string) []string {
	return append(schemas[:2:2], schema, "properties", name)
}

// additive are the changes that need no manual change.
var additive = []change{
	{
		name:  "new operation",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, newOperation, "paths", "/retirements/{id}")
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{
			"api.Client.GetRetirementByID":                          "added",
			"api.ClientWithResponses.GetRetirementByIDWithResponse": "added",
		},
		says: []string{
			"No method yet for GetRetirementById (`GET /retirements/{id}`)",
			"func (c *Client) GetRetirement(ctx context.Context, id string, opts ...CallOption) (*api.Retirement, error)",
			"internal/spec/raw-only.yaml",
		},
	},
	{
		name: "new optional member of an answer",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: string, description: Id of the invoice.}", member("Order", "invoice_id")...)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.Order.InvoiceID": "added"},
		says:    []string{"- `Order.invoice_id`: added the optional property `invoice_id` (`api.Order.InvoiceID`)."},
	},
	{
		name: "new optional member of a request",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: [string, 'null']}", member("OrderCreateByAmount", "purpose")...)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.OrderCreate.Purpose": "added"},
	},
	{
		name: "new required member of an answer",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: string}", member("Quote", "currency")...)
			set(t, root, "[currency]", "components", "schemas", "Quote", "required")
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.Quote.Currency": "added"},
	},
	{
		name:  "new optional parameter",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			appendTo(t, root, "{name: state, in: query, schema: {type: string}}", "paths", "/orders", "get", "parameters")
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.GetListOfOrderParams.State": "added"},
	},
	{
		name: "enum value added",
		edit: func(t *testing.T, root *yaml.Node) {
			appendTo(t, root, "in_review", append(member("Order", "state"), "enum")...)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.OrderStateInReview": "added"},
	},
	{
		name: "error response added",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, tooManyRequests, "paths", "/orders", "get", "responses", "429")
		},
		verdict: report.Additive, step: report.Minor,
		says: []string{"429"},
	},
	{
		name: "nullable dropped",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "string", append(member("Order", "certificate_download_public_url"), "type")...)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.Order.CertificateDownloadPublicURL": ""},
		says:    []string{"became not nullable"},
	},
	{
		name: "operation deprecated",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "true", "paths", "/quotes/train", "post", "deprecated")
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.Client.RequestTrainQuote": ""},
	},
	{
		name: "wording",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "All your orders.", "paths", "/orders", "get", "summary")
		},
		verdict: report.Additive, step: report.Patch,
		says: []string{"wording or examples in 1 place"},
	},
	{
		name: "null by oneOf and by anyOf",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{oneOf: [{type: string}, {type: 'null'}]}", member("Order", "checkout_session_id")...)
			set(t, root, "{anyOf: [{type: 'null'}, {type: string}]}", member("Order", "subaccount_id")...)
			set(t, root, "{anyOf: [{$ref: '#/components/schemas/NotificationConfig'}, {type: 'null'}]}", member("OrderCreateByAmount", "notification_config")...)
		},
		verdict: report.Additive, step: report.Patch,
	},
	{
		name: "default error response",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, tooManyRequests, "paths", "/orders", "get", "responses", "default")
			set(t, root, "{description: Error, content: {application/json: {schema: {$ref: '#/components/schemas/BaseProblemDetails'}}}}", "paths", "/orders", "post", "responses", "default")
		},
		verdict: report.Additive, step: report.Minor,
	},
	{
		name: "maps of typed values",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: object, additionalProperties: {type: number}}", member("ImpactData", "kg_by_month")...)
			set(t, root, "{type: object, additionalProperties: {$ref: '#/components/schemas/ProjectFigure'}}", member("Project", "figures")...)
			set(t, root, "{type: object, additionalProperties: {type: array, items: {type: string}}}", "components", "schemas", "Labels")
			set(t, root, "{$ref: '#/components/schemas/Labels'}", member("Order", "labels")...)
			set(t, root, "{type: object, properties: {name: {type: string}}, additionalProperties: {type: integer}}", "components", "schemas", "Counts")
			set(t, root, "{$ref: '#/components/schemas/Counts'}", member("Quote", "counts")...)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{
			"api.ImpactData.KgByMonth": "added", "api.Project.Figures": "added", "api.Order.Labels": "added", "api.Quote.Counts": "added",
		},
	},
	{
		name:  "schema renamed",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			renameComponent(t, root, "schemas", "Quote", "PriceQuote")
		},
		verdict: report.Nothing, step: report.NoStep,
		says: []string{"| `Quote` | `components.schemas.PriceQuote` |"},
	},
	{
		name: "operation renamed",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "GetListOfOrders", "paths", "/orders", "get", "operationId")
		},
		verdict: report.Nothing, step: report.NoStep,
		renamed: "GetListOfOrder", says: []string{"| `GetListOfOrder` | `paths[\"/orders\"].get` |"},
	},
	{
		name: "OpenAPI 3.0.3",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: string}", member("Order", "invoice_id")...)
			as30(t, root)
		},
		verdict: report.Additive, step: report.Minor,
		symbols: map[string]string{"api.Order.InvoiceID": "added"},
		says:    []string{"openapi.yaml is OpenAPI 3.0.3. It was read as 3.1.0"},
	},
	{
		name:    "nothing",
		edit:    func(*testing.T, *yaml.Node) {},
		verdict: report.Nothing, step: report.NoStep,
	},
}

// breaking are the changes that break callers but still build, because no
// hand-written code depends on what they change.
var breaking = []change{
	{
		name: "new required member of a request",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: string}", member("SubaccountCreate", "country")...)
			appendTo(t, root, "country", "components", "schemas", "SubaccountCreate", "required")
		},
		verdict: report.Breaking, step: report.Minor, breaks: true,
		symbols: map[string]string{"api.SubaccountCreate.Country": "added"},
	},
	{
		name:  "nullable dropped and required",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "string", append(member("Order", "callback_url"), "type")...)
			set(t, root, "[callback_url]", "components", "schemas", "Order", "required")
		},
		verdict: report.Breaking, step: report.Major,
		symbols: map[string]string{"api.Order.CallbackURL": "`*string` becomes `string`"},
	},
	{
		name: "oneOf introduced",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{oneOf: [{type: string}, {type: number}]}", member("ProjectNewsArticle", "cnaught_take")...)
		},
		verdict: report.Breaking, step: report.Major, breaks: true,
		symbols: map[string]string{"api.ProjectNewsArticle.CnaughtTake": "`*string` becomes `*ProjectNewsArticle_CnaughtTake`"},
	},
	{
		name: "anyOf introduced",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{anyOf: [{type: string}, {type: number}]}", member("Retirement", "serial_number_range")...)
		},
		verdict: report.Breaking, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Retirement.SerialNumberRange": "`*string` becomes `*Retirement_SerialNumberRange`"},
	},
	{
		name: "allOf introduced",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{allOf: [{$ref: '#/components/schemas/ProjectFigure'}, {type: object, properties: {caption: {type: string}}}]}", member("Retirement", "url")...)
		},
		verdict: report.Breaking, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Retirement.URL": "`*string` becomes `*struct{Caption *string; Description string; ImageAltText *string; ImageURL string}`"},
	},
}

// decisions are the changes that do not fit hand-written code or the overlay.
var decisions = []change{
	{
		name:  "member removed",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			drop(t, root, member("Subaccount", "email")...)
		},
		verdict: report.Decision, step: report.Major,
		symbols: map[string]string{"api.Subaccount.Email": "removed"},
		decides: []string{"wrapper/subaccounts.go:"},
	},
	{
		name: "type changed",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "string", append(member("Order", "amount_kg"), "type")...)
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Order.AmountKg": "`float64` becomes `string`"},
		decides: []string{"internal/demo/main.go:"},
	},
	{
		name: "nullable added",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "[number, 'null']", append(member("Order", "price_usd_cents"), "type")...)
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Order.PriceUSDCents": "`USDCents` becomes `*USDCents`"},
		decides: []string{"api/usdcents_test.go:"},
	},
	{
		name: "total becomes a string",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "string", append(member("Order", "price_usd_cents"), "type")...)
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Order.PriceUSDCents": "`USDCents` becomes `string`"},
		decides: []string{"api/usdcents_test.go:"},
	},
	{
		name: "enum value removed",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "[placed, fulfilled]", append(member("Order", "state"), "enum")...)
		},
		verdict: report.Decision, step: report.Major,
		symbols: map[string]string{"api.OrderStateCancelled": "removed"},
		decides: []string{"wrapper/wait.go:"},
	},
	{
		name:  "operation removed",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			drop(t, root, "paths", "/quotes/train")
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		symbols: map[string]string{"api.Client.RequestTrainQuote": "removed", "api.RequestTrainQuoteParams": "removed"},
		decides: []string{"wrapper/quotes.go:", "wrapper/sandbox/quotes.go:"},
		says:    []string{"matches only in part", "/quotes/train"},
	},
	{
		name: "parameter made required",
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "true", "paths", "/orders", "get", "parameters", "1", "required")
		},
		verdict: report.Decision, step: report.Major, breaks: true,
		symbols: map[string]string{"api.GetListOfOrderParams.Limit": "`*int` becomes `int`"},
		decides: []string{"wrapper/orders.go:"},
	},
	{
		name:  "names with the same form in Go",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			set(t, root, "{type: string}", member("Order", "orderNumber")...)
		},
		verdict: report.Decision, step: report.Minor,
		decides: []string{"api/api.gen.go:"},
		says:    []string{"OrderNumber redeclared", "which an x-go-name in api/overlay.yaml corrects", "not compared"},
	},
	{
		name:  "overlay target gone",
		quick: true,
		edit: func(t *testing.T, root *yaml.Node) {
			drop(t, root, member("CheckoutSession", "state")...)
		},
		verdict: report.Decision, step: report.Major,
		symbols: map[string]string{"api.CheckoutSession.State": "removed"},
		decides: []string{"api/overlay.yaml:", "wrapper/wait.go:"},
		says:    []string{"matches nothing: `$.components.schemas.CheckoutSession.properties.state`"},
	},
}

const newOperation = `
  parameters:
    - {name: id, in: path, required: true, schema: {type: string}}
  get:
    tags: [Orders]
    summary: Get Retirement By Id
    description: Returns the retirement with the given id.
    operationId: GetRetirementById
    responses:
      '200':
        description: The retirement
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Retirement'}
            examples:
              Example:
                value: {serial_number_range: 1234-5678, url: 'https://registry.example.com/1'}
      '401': {$ref: '#/components/responses/Unauthorized'}
`

const tooManyRequests = `
  description: Too many requests
  content:
    application/problem+json:
      schema: {$ref: '#/components/schemas/BaseProblemDetails'}
      example: {title: Too many requests, status: 429}
`
