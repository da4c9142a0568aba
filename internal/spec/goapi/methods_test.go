package goapi

import (
	"os"
	"path/filepath"
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
type GetOrderByIDParams struct{ XSubaccountID *string }
type SubmitParams struct{ XSubaccountID, IdempotencyKey *string }
type ListParams struct{ Limit *int; XSubaccountID *string }
type GetOrderByIDResponse struct{ JSON404 *string; JSON200 *Order }
type SubmitResponse struct{ JSON201 *Order }
type GetListOfOrdersResponse struct{ JSON200 *[]Order }
type RemoveResponse struct{ Body []byte }

func (c *Client) GetOrderByID(ctx context.Context, id string, params *GetOrderByIDParams, edit ...Editor) (*http.Response, error) { return nil, nil }
func (c *Client) Submit(ctx context.Context, params *SubmitParams, body SubmitJSONRequestBody, edit ...Editor) (*http.Response, error) { return nil, nil }
func (c *Client) SubmitWithBody(ctx context.Context, params *SubmitParams, contentType string, body io.Reader, edit ...Editor) (*http.Response, error) { return nil, nil }
func (c *Client) GetListOfOrders(ctx context.Context, params *ListParams, edit ...Editor) (*http.Response, error) { return nil, nil }
func (c *Client) Remove(ctx context.Context, id, part string, edit ...Editor) (*http.Response, error) { return nil, nil }
func (c *ClientWithResponses) RemoveWithResponse(ctx context.Context) {}
`

const wrapperCode = `package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

type Client struct {
	ops *api.Client
	raw *api.ClientWithResponses
}

type Other struct{ ops *api.Client }

func (c *Client) GetOrder(ctx context.Context, id string) { c.ops.GetOrderByID(ctx, id, nil) }
func (c *Client) Get(ctx context.Context, id string) { f := c.ops.GetOrderByID; _ = f }
func (c *Client) Place(ctx context.Context) { func() { c.ops.SubmitWithBody(ctx, nil, "", nil) }() }
func (c *Client) Drop(ctx context.Context) { c.raw.RemoveWithResponse(ctx) }
func (c *Client) list(ctx context.Context) { c.ops.GetListOfOrders(ctx, nil) }
func (o *Other) List(ctx context.Context) { o.ops.GetListOfOrders(ctx, nil) }
func List(ctx context.Context, c *Client) { c.ops.GetListOfOrders(ctx, nil) }
`

func load(t *testing.T) *Snapshot {
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
	in := input{op: "GetOrderById"}
	in.id("id", id)
	if in.err != nil {
		return nil, in.err
	}
	return do[api.Order](ctx, c, in.op, opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.GetOrderByID(ctx, id, nil)
	})
}
`,
		},
		"body, headers": {
			Operation{ID: "Submit", GoName: "Submit", Method: "POST", Path: "/orders", Summary: "Submit an order, and here are many more words, so that the comment is wrapped"},
			`// Submit is POST /orders: Submit an order, and here are many more words, so
// that the comment is wrapped
func (c *Client) Submit(ctx context.Context, body api.OrderCreate, opts ...CallOption) (*api.Order, error) {
	return do[api.Order](ctx, c, "Submit", opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.Submit(ctx, nil, body)
	})
}
`,
		},
		"list, query": {
			Operation{ID: "GetListOfOrders", GoName: "GetListOfOrders", Method: "GET", Path: "/orders"},
			`// ListOrders sends GET /orders.
func (c *Client) ListOrders(ctx context.Context, params *api.ListParams, opts ...CallOption) ([]api.Order, error) {
	list, err := do[[]api.Order](ctx, c, "GetListOfOrders", opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.GetListOfOrders(ctx, params)
	})
	return Value(list), err
}
`,
		},
		"no answer, two ids": {
			Operation{ID: "Remove", GoName: "Remove", Method: "DELETE", Path: "/orders/{id}/{part}"},
			`// Remove sends DELETE /orders/{id}/{part}.
func (c *Client) Remove(ctx context.Context, id string, part string, opts ...CallOption) error {
	in := input{op: "Remove"}
	in.id("id", id)
	in.id("part", part)
	if in.err != nil {
		return in.err
	}
	_, err := c.exec(ctx, in.op, opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.Remove(ctx, id, part)
	})
	return err
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
