package goapi

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

const description = `openapi: 3.1.0
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: GetOrderById
      parameters:
        - $ref: '#/components/parameters/SubaccountId'
        - {name: with_tax, in: query, schema: {type: boolean}}
      responses:
        '200': {content: {application/json: {schema: {type: object, properties: {total: {type: number}}}}}}
        '404': {description: none}
    put:
      operationId: putOrder
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/OrderCreate'}}}}
  /upload:
    post: {operationId: Upload}
components:
  parameters:
    SubaccountId: {name: X-Subaccount-Id, in: header}
  schemas:
    Order:
      properties:
        callback_url: {type: string}
        state: {type: string, enum: [placed, on_hold]}
        lines: {type: array, items: {type: object, properties: {un_sdg_goals: {type: string}}}}
        quote: {$ref: '#/components/schemas/Quote'}
    Quote: {properties: {price_usd_cents: {type: number}}}
    ByAmount: {properties: {amount_kg: {type: number}}}
    OrderCreate: {allOf: [{$ref: '#/components/schemas/ByAmount'}]}
    Loop: {allOf: [{$ref: '#/components/schemas/Loop'}], properties: {a: {type: string}}}
`

const code = `package api

type Client struct{}
func (c *Client) GetOrderByID(id string, params *GetOrderByIDParams) {}
func (c *Client) PutOrder(id string) {}
func (c *Client) UploadWithBody(body any) {}
type SubaccountID = string
type GetOrderByIDParams struct {
	XSubaccountID *SubaccountID ` + "`json:\"X-Subaccount-Id,omitempty\"`" + `
	WithTax *bool ` + "`form:\"with_tax\" json:\"with_tax,omitempty\"`" + `
}
type GetOrderByIDResponse struct {
	JSON200 *struct { Total float64 ` + "`json:\"total\"`" + ` }
}
type PutOrderJSONRequestBody = OrderCreate
type OrderState string
const (
	OrderStatePlaced OrderState = "placed"
	OrderStateOnHold OrderState = "on_hold"
)
type Order struct {
	CallbackURL *string ` + "`json:\"callback_url\"`" + `
	State OrderState ` + "`json:\"state\"`" + `
	Lines []struct { UnSdgGoals string ` + "`json:\"un_sdg_goals\"`" + ` } ` + "`json:\"lines\"`" + `
	Quote *Quote ` + "`json:\"quote\"`" + `
}
type Quote struct { PriceUSDCents float64 ` + "`json:\"price_usd_cents\"`" + ` }
type OrderCreate struct { AmountKg float64 ` + "`json:\"amount_kg\"`" + ` }
`

func resolver(t *testing.T) *Resolver {
	t.Helper()
	root, err := tree.Parse("test", []byte(description))
	require.NoError(t, err)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "api.go", code, 0)
	require.NoError(t, err)
	pkg, err := (&types.Config{Importer: importer.Default()}).Check("example.com/api", files, []*ast.File{file}, nil)
	require.NoError(t, err)
	return NewResolver(root, pkg)
}

func TestSymbols(t *testing.T) {
	schema := func(keys ...string) tree.Path { return append(tree.Path{"components", "schemas"}, keys...) }
	order := func(keys ...string) tree.Path { return append(tree.Path{"paths", "/orders/{id}"}, keys...) }
	tests := map[string]struct {
		place tree.Path
		want  []string
	}{
		"type":                          {schema("Order"), []string{"api.Order"}},
		"member":                        {schema("Order", "properties", "callback_url"), []string{"api.Order.CallbackURL"}},
		"member of an inline item":      {schema("Order", "properties", "lines", "items", "properties", "un_sdg_goals"), []string{"api.Order.Lines.UnSdgGoals"}},
		"below a reference":             {schema("Order", "properties", "quote", "properties", "price_usd_cents"), []string{"api.Quote.PriceUSDCents"}},
		"value of an enum":              {schema("Order", "properties", "state", "enum", "1"), []string{"api.OrderStateOnHold"}},
		"type of a member":              {schema("Order", "properties", "callback_url", "type"), []string{"api.Order.CallbackURL"}},
		"part of a composed type":       {schema("ByAmount", "properties", "amount_kg"), []string{"api.OrderCreate.AmountKg"}},
		"member without code":           {schema("Order", "properties", "gone"), nil},
		"schema without code":           {schema("Nothing"), nil},
		"schema that contains itself":   {schema("Loop", "properties", "a"), nil},
		"operation":                     {order("get"), []string{"api.Client.GetOrderByID"}},
		"operation, other case":         {order("put"), []string{"api.Client.PutOrder"}},
		"operation with any body":       {tree.Path{"paths", "/upload", "post"}, []string{"api.Client.Upload"}},
		"text of an operation":          {order("get", "deprecated"), []string{"api.Client.GetOrderByID"}},
		"query parameter":               {order("get", "parameters", "1"), []string{"api.GetOrderByIDParams.WithTax"}},
		"shared parameter in use":       {order("get", "parameters", "0"), []string{"api.GetOrderByIDParams.XSubaccountID"}},
		"shared parameter":              {tree.Path{"components", "parameters", "SubaccountId"}, []string{"api.GetOrderByIDParams.XSubaccountID", "api.SubaccountID"}},
		"path parameter":                {order("parameters", "0"), []string{"api.Client.GetOrderByID", "api.Client.PutOrder"}},
		"body":                          {order("put", "requestBody", "content", "application/json", "schema"), []string{"api.OrderCreate"}},
		"answer":                        {order("get", "responses", "200"), []string{"api.GetOrderByIDResponse.GetJSON200", "api.GetOrderByIDResponse.JSON200"}},
		"member of an inline answer":    {order("get", "responses", "200", "content", "application/json", "schema", "properties", "total"), []string{"api.GetOrderByIDResponse.JSON200.Total"}},
		"answer that Go does not model": {order("get", "responses", "404"), nil},
		"outside the code":              {tree.Path{"info", "version"}, nil},
		"no place":                      {nil, nil},
	}
	r := resolver(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, r.Symbols(test.place))
		})
	}
}
