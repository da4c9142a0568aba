package goapi

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const apiCode = `package api

import (
	"context"
	"io"
	"net/http"
)

type Editor func(*http.Request) error
type Client struct{}
type ClientWithResponses struct{}
type Order struct{ ID string }
type OrderCreate struct{ Kg float64 }
type SubmitJSONRequestBody = OrderCreate
type GetOrderByIDParams struct{ XSubaccountID *string ` + "`" + `json:"X-Subaccount-Id,omitempty"` + "`" + ` }
type SubmitParams struct{ XSubaccountID, IdempotencyKey *string ` + "`" + `json:",omitempty"` + "`" + ` }
type ListParams struct{ Limit *int ` + "`" + `json:"limit,omitempty"` + "`" + ` }
type RegionParams struct{ XRegion string ` + "`" + `json:"X-Region"` + "`" + ` }
type GetInRegionResponse struct{ JSON200 *Order }
type GetOrderByIDResponse struct{ JSON404 *string; JSON200 *Order }
type SubmitResponse struct{ JSON201 *Order }
type GetListOfOrdersResponse struct{ JSON200 *[]Order }
type RemoveResponse struct{ Body []byte }

func (c *Client) GetListOfOrders(ctx context.Context, params *ListParams, edit ...Editor) (*http.Response, error) { return nil, nil }
func NewGetOrderByIDRequest(server string, id string, params *GetOrderByIDParams) (*http.Request, error) { return nil, nil }
func NewSubmitRequest(server string, params *SubmitParams, body SubmitJSONRequestBody) (*http.Request, error) { return nil, nil }
func NewSubmitRequestWithBody(server string, params *SubmitParams, contentType string, body io.Reader) (*http.Request, error) { return nil, nil }
func NewGetListOfOrdersRequest(server string, params *ListParams) (*http.Request, error) { return nil, nil }
func NewRemoveRequest(server string, id, part string) (*http.Request, error) { return nil, nil }
func NewGetInRegionRequest(server string, params *RegionParams) (*http.Request, error) { return nil, nil }
func (c *ClientWithResponses) RemoveWithResponse(ctx context.Context) {}
`

const wrapperCode = `package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

type operation[T any] struct{}
type demandingOperation[T any] struct{ operation[T] }

var (
	opGetOrderByID    = new(operation[api.Order])
	opSubmit          = new(operation[api.Order])
	opGetListOfOrders = new(operation[[]api.Order])
	opGetInRegion     = new(demandingOperation[api.Order])
	opinion           = new(string)
)

type Client struct {
	ops *api.Client
	raw *api.ClientWithResponses
}

type Other struct{}

func do[T any](op *operation[T]) {}
func (c *Client) GetOrder(ctx context.Context, id string) { do(opGetOrderByID) }
func (c *Client) Get(ctx context.Context, id string) { op := opGetOrderByID; _, _ = op, opinion }
func (c *Client) Place(ctx context.Context) { func() { do(opSubmit) }() }
func (c *Client) Drop(ctx context.Context) { c.raw.RemoveWithResponse(ctx) }
func (c *Client) GetInRegion(ctx context.Context) { do(&opGetInRegion.operation) }
func (c *Client) list(ctx context.Context) { c.ops.GetListOfOrders(ctx, nil); do(opGetListOfOrders) }
func (o *Other) List(ctx context.Context) { do(opGetListOfOrders) }
func List(ctx context.Context, c *Client) { c.ops.GetListOfOrders(ctx, nil) }
`

// load type-checks the code above once for all tests.
func load(t *testing.T) *Snapshot {
	t.Helper()
	loading.Do(func() { loaded = loadModule(t) })
	require.NotNil(t, loaded)
	return loaded
}

var (
	loading sync.Once
	loaded  *Snapshot
)

func loadModule(t *testing.T) *Snapshot {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module " + Module + "\n\ngo 1.25\n", "api/api.go": apiCode, "wrapper/wrapper.go": wrapperCode,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	s, err := Load(t.Context(), dir, append(os.Environ(), "GOWORK=off"), false, "./...")
	require.NoError(t, err)
	require.Empty(t, s.Problems)
	return s
}

func TestFind(t *testing.T) {
	assert.Equal(t, map[string][]string{
		"GetOrderByID": {"Get", "GetOrder"},
		"Submit":       {"Place"},
		"Remove":       {"Drop"},
		"GetInRegion":  {"GetInRegion"},
	}, FindMethods(load(t).Packages[Wrapper]), "only exported methods of Client serve an operation")
}

func TestDraft(t *testing.T) {
	api := load(t).Packages[API].Types
	tests := map[string]struct {
		op   Operation
		want string
	}{
		"id, header": {
			Operation{ID: "GetOrderById", GoName: "GetOrderByID", Method: "GET", Path: "/orders/{id}", Description: "Returns the\norder."},
			`// GetOrder is GET /orders/{id}: Returns the order.
func (c *Client) GetOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "GetOrder", opts)
	call.id(idOfGetOrderByID, id)
	call.build(api.NewGetOrderByIDRequest(c.server, id, nil))
	return do(call, opGetOrderByID)
}
`,
		},
		"body, headers": {
			Operation{ID: "Submit", GoName: "Submit", Method: "POST", Path: "/orders", Summary: "Submit an order, and here are many more words, so that the comment is wrapped"},
			`// Submit is POST /orders: Submit an order, and here are many more words, so
// that the comment is wrapped
func (c *Client) Submit(ctx context.Context, body api.OrderCreate, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "Submit", opts)
	call.build(api.NewSubmitRequest(c.server, nil, body))
	return do(call, opSubmit)
}
`,
		},
		"list, query": {
			Operation{ID: "GetListOfOrders", GoName: "GetListOfOrders", Method: "GET", Path: "/orders"},
			`// ListOrders sends GET /orders.
func (c *Client) ListOrders(ctx context.Context, params *api.ListParams, opts ...CallOption) ([]api.Order, error) {
	call := c.newCall(ctx, "ListOrders", opts)
	call.build(api.NewGetListOfOrdersRequest(c.server, params))
	list, err := do(call, opGetListOfOrders)
	return Value(list), err
}
`,
		},
		"no answer, two ids": {
			Operation{ID: "Remove", GoName: "Remove", Method: "DELETE", Path: "/orders/{id}/{part}"},
			`// Remove sends DELETE /orders/{id}/{part}.
func (c *Client) Remove(ctx context.Context, id string, part string, opts ...CallOption) error {
	call := c.newCall(ctx, "Remove", opts)
	call.id(idOfRemove, id)
	call.id(partOfRemove, part)
	call.build(api.NewRemoveRequest(c.server, id, part))
	_, err := do(call, opRemove)
	return err
}
`,
		},
		"required header": {
			Operation{ID: "GetInRegion", GoName: "GetInRegion", Method: "GET", Path: "/orders"},
			`// GetInRegion sends GET /orders.
func (c *Client) GetInRegion(ctx context.Context, params *api.RegionParams, opts ...CallOption) (*api.Order, error) {
	call := c.newCall(ctx, "GetInRegion", opts)
	call.build(api.NewGetInRegionRequest(c.server, params))
	return do(call, opGetInRegion.complete())
}
`,
		},
		"not generated": {Operation{ID: "Gone", GoName: "Gone"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, Draft(test.op, api))
		})
	}
}
