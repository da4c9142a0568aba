package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

// CreateSubaccount creates a subaccount. A LogoURL is fetched by the API once,
// now. Subaccounts have to be enabled for the account by CNaught; otherwise
// every call about them gives ErrForbidden. Repeating and unknown outcomes are
// as for [Client.PlaceOrder].
//
// Operation CreateSubaccount: https://docs.cnaught.com/api-reference/subaccounts/create-subaccount
func (c *Client) CreateSubaccount(ctx context.Context, s api.SubaccountCreate, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "CreateSubaccount", opts)
	call.required("name", s.Name)
	if s.LogoURL != "" {
		call.absoluteURL("logo_url", s.LogoURL)
	}
	call.build(api.NewCreateSubaccountRequest(c.server, nil, s))
	return do(call, opCreateSubaccount)
}

// GetSubaccount returns the subaccount with the given id, or ErrNotFound. The
// query of its LogoURL differs from read to read.
//
// Operation GetSubaccountById: https://docs.cnaught.com/api-reference/subaccounts/get-subaccount-by-id
func (c *Client) GetSubaccount(ctx context.Context, id string, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "GetSubaccount", opts)
	call.id(idOfGetSubaccountByID, id)
	call.build(api.NewGetSubaccountByIDRequest(c.server, id))
	return do(call, opGetSubaccountByID)
}

// ReplaceSubaccount replaces everything but the logo (the API's PUT). An Email or
// DefaultPortfolioID left empty is erased: to change one member and keep the
// others, use [Client.UpdateSubaccount]. An id that the API does not know gives
// ErrNotFound.
//
// Operation UpdateSubaccount: https://docs.cnaught.com/api-reference/subaccounts/update-subaccount
func (c *Client) ReplaceSubaccount(ctx context.Context, id string, s api.SubaccountUpdate, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "ReplaceSubaccount", opts)
	call.id(idOfUpdateSubaccount, id)
	call.required("name", s.Name)
	call.build(api.NewUpdateSubaccountRequest(c.server, id, s))
	return do(call, opUpdateSubaccount)
}

// UpdateSubaccount reads the subaccount, lets change alter the members that
// [Client.ReplaceSubaccount] would replace, and writes all of them back; it fails
// as the two do. The API cannot refuse a write that is based on an old read,
// so the later one of two programs that do this at once wins.
func (c *Client) UpdateSubaccount(ctx context.Context, id string, change func(*api.SubaccountUpdate), opts ...CallOption) (*api.Subaccount, error) {
	if change == nil {
		return nil, &InvalidRequestError{"UpdateSubaccount", "change", "is nil"}
	}
	now, err := c.GetSubaccount(ctx, id, opts...)
	if err != nil {
		return nil, err
	}
	update := api.SubaccountUpdate{
		Name:               now.Name,
		Email:              Value(now.Email),
		DefaultPortfolioID: Value(now.DefaultPortfolioID),
	}
	change(&update)
	return c.ReplaceSubaccount(ctx, id, update, opts...)
}

// DeleteSubaccount deletes a subaccount, or gives ErrNotFound. The API refuses to
// delete one that has orders, with an [*Error] whose status is not documented
// (409 in the sandbox). "Not found" after an attempt whose outcome is unknown
// counts as success.
//
// Operation DeleteSubaccount: https://docs.cnaught.com/api-reference/subaccounts/delete-subaccount
func (c *Client) DeleteSubaccount(ctx context.Context, id string, opts ...CallOption) error {
	call := c.newCall(ctx, "DeleteSubaccount", opts)
	call.id(idOfDeleteSubaccount, id)
	call.build(api.NewDeleteSubaccountRequest(c.server, id))
	_, err := do(call, opDeleteSubaccount)
	return err
}

// ListSubaccounts returns one page of subaccounts, newest first; see
// [Client.Subaccounts] for all of them. A cursor that the API does not accept
// gives ErrInvalidPagination.
//
// Operation GetListOfSubaccounts: https://docs.cnaught.com/api-reference/subaccounts/get-list-of-subaccounts
func (c *Client) ListSubaccounts(ctx context.Context, o ListOptions, opts ...CallOption) (*api.SubaccountList, error) {
	call := c.newCall(ctx, "ListSubaccounts", opts)
	call.page(o)
	params := new(api.GetListOfSubaccountsParams)
	params.Limit, params.StartingAfter, params.EndingBefore = o.params()
	call.build(api.NewGetListOfSubaccountsRequest(c.server, params))
	return do(call, opGetListOfSubaccounts)
}
