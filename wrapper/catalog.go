package cnaught

import (
	"context"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
)

// GetProject returns a project with its credit issuances by vintage year, or
// ErrNotFound.
//
// Operation GetProjectById: https://docs.cnaught.com/api-reference/projects/get-project-by-id
func (c *Client) GetProject(ctx context.Context, id string, opts ...CallOption) (*api.ProjectWithCreditIssuances, error) {
	return byID[api.ProjectWithCreditIssuances](ctx, c, opGetProjectByID, id, opts)
}

// GetProjectCategory returns a category with its projects, or ErrNotFound.
//
// Operation GetProjectCategoryById: https://docs.cnaught.com/api-reference (project categories)
func (c *Client) GetProjectCategory(ctx context.Context, id string, opts ...CallOption) (*api.ProjectCategoryWithProjects, error) {
	return byID[api.ProjectCategoryWithProjects](ctx, c, opGetProjectCategoryByID, id, opts)
}

// GetPortfolio returns a portfolio with its prices, in US cents per kilogram,
// and the share of each category, or ErrNotFound.
//
// Operation GetPortfolioById: https://docs.cnaught.com/api-reference/portfolios/get-portfolio-by-id
func (c *Client) GetPortfolio(ctx context.Context, id string, opts ...CallOption) (*api.PortfolioWithCategoryAllocations, error) {
	return byID[api.PortfolioWithCategoryAllocations](ctx, c, opGetPortfolioByID, id, opts)
}

// ListPortfolios returns all portfolios that the account may buy from. They
// carry no prices; see [Client.GetPortfolio].
//
// Operation GetListOfPortfolios: https://docs.cnaught.com/api-reference/portfolios/get-list-of-portfolios
func (c *Client) ListPortfolios(ctx context.Context, opts ...CallOption) (*api.PortfolioList, error) {
	return do[api.PortfolioList](ctx, c, "GetListOfPortfolios", opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.GetListOfPortfolios(ctx)
	})
}
