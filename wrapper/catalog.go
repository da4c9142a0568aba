package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

// GetProject returns a project with its credit issuances by vintage year, or
// ErrNotFound.
//
// Operation GetProjectById: https://docs.cnaught.com/api-reference/projects/get-project-by-id
func (c *Client) GetProject(ctx context.Context, id string, opts ...CallOption) (*api.ProjectWithCreditIssuances, error) {
	call := c.newCall(ctx, "GetProject", opts)
	call.id(idOfGetProjectByID, id)
	call.build(api.NewGetProjectByIDRequest(c.server, id))
	return do(call, opGetProjectByID)
}

// GetProjectCategory returns a category with its projects, or ErrNotFound.
//
// Operation GetProjectCategoryById: https://docs.cnaught.com/api-reference (project categories)
func (c *Client) GetProjectCategory(ctx context.Context, id string, opts ...CallOption) (*api.ProjectCategoryWithProjects, error) {
	call := c.newCall(ctx, "GetProjectCategory", opts)
	call.id(idOfGetProjectCategoryByID, id)
	call.build(api.NewGetProjectCategoryByIDRequest(c.server, id))
	return do(call, opGetProjectCategoryByID)
}

// GetPortfolio returns a portfolio with its prices, in US cents per kilogram,
// and the share of each category, or ErrNotFound.
//
// Operation GetPortfolioById: https://docs.cnaught.com/api-reference/portfolios/get-portfolio-by-id
func (c *Client) GetPortfolio(ctx context.Context, id string, opts ...CallOption) (*api.PortfolioWithCategoryAllocations, error) {
	call := c.newCall(ctx, "GetPortfolio", opts)
	call.id(idOfGetPortfolioByID, id)
	call.build(api.NewGetPortfolioByIDRequest(c.server, id))
	return do(call, opGetPortfolioByID)
}

// ListPortfolios returns all portfolios that the account may buy from. They
// carry no prices; see [Client.GetPortfolio].
//
// Operation GetListOfPortfolios: https://docs.cnaught.com/api-reference/portfolios/get-list-of-portfolios
func (c *Client) ListPortfolios(ctx context.Context, opts ...CallOption) (*api.PortfolioList, error) {
	call := c.newCall(ctx, "ListPortfolios", opts)
	call.build(api.NewGetListOfPortfoliosRequest(c.server))
	return do(call, opGetListOfPortfolios)
}
