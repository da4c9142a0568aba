package cnaught

import (
	"context"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// ImpactFilter selects the orders that count. A zero From stands for the
// account's beginning, a zero To for now. Times of any zone are sent in UTC;
// whether To itself is in is not documented.
type ImpactFilter struct {
	From, To time.Time
}

// GetImpactData sums up the climate impact of the account, or of a subaccount,
// in kilograms: the numbers of the hosted public impact page. A To before From
// gives ErrInvalidRequest, an unknown subaccount ErrInvalidSubaccount.
//
// The filter selects the orders that count; by which of their times, and whether
// orders that are not fulfilled yet, or those of subaccounts, count for the
// account, is not documented. The sandbox counts fulfilled orders by the time
// they were created, and the account's with those of its subaccounts.
//
// Operation GetImpactData: https://docs.cnaught.com/api-reference/climate-impact/get-climate-impact-data
func (c *Client) GetImpactData(ctx context.Context, f ImpactFilter, opts ...CallOption) (*api.ImpactData, error) {
	call := c.newCall(ctx, "GetImpactData", opts)
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		call.refuse("to", "is before from")
	}
	params := &api.GetImpactDataParams{From: utc(f.From), To: utc(f.To)}
	call.build(api.NewGetImpactDataRequest(c.server, params))
	return do(call, opGetImpactData)
}

// GetImpactHostedPageConfig tells whether the hosted public impact page is
// enabled, where it is, and which equivalents it shows. An unknown subaccount
// gives ErrInvalidSubaccount.
//
// Operation GetImpactHostedPageConfig: https://docs.cnaught.com/api-reference/climate-impact
func (c *Client) GetImpactHostedPageConfig(ctx context.Context, opts ...CallOption) (*api.ImpactHostedPageConfig, error) {
	call := c.newCall(ctx, "GetImpactHostedPageConfig", opts)
	call.build(api.NewGetImpactHostedPageConfigRequest(c.server, nil))
	return do(call, opGetImpactHostedPageConfig)
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return Ptr(t.UTC())
}
