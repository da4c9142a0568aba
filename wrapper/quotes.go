package cnaught

import (
	"context"

	"github.com/cnaught-go/cnaught/api"
)

// QuoteMass prices AmountKg kilograms of carbon credits. The quote gives whole
// kilograms, rounded up, and what an order of them costs in US cents. Nothing
// is stored or reserved. Numbers that are not positive give ErrInvalidRequest.
// An empty PortfolioID stands for the default portfolio, an empty Source for an
// order through this API rather than through a checkout.
//
// Operation RequestQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-by-emissions-mass
func (c *Client) QuoteMass(ctx context.Context, q api.MassQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteMass", opts)
	call.positive("amount_kg", q.AmountKg)
	call.build(api.NewRequestQuoteRequest(c.server, nil, q))
	return do(call, opRequestQuote)
}

// QuoteAirFreight prices the emissions of FreightMassKg kilograms of goods
// flown DistanceKm kilometers. See [Client.QuoteMass] for what a quote says.
//
// Operation RequestAirFreightQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-air-freight-emissions
func (c *Client) QuoteAirFreight(ctx context.Context, q api.AirFreightQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteAirFreight", opts)
	call.positive("freight_mass_kg", q.FreightMassKg)
	call.positive("distance_km", q.DistanceKm)
	call.build(api.NewRequestAirFreightQuoteRequest(c.server, nil, q))
	return do(call, opRequestAirFreightQuote)
}

// QuoteFlight prices the emissions of one passenger's flight of DistanceKm
// kilometers, one way. See [Client.QuoteMass] for what a quote says.
//
// Operation RequestFlightQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-flight-emissions
func (c *Client) QuoteFlight(ctx context.Context, q api.FlightQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteFlight", opts)
	call.positive("distance_km", q.DistanceKm)
	call.build(api.NewRequestFlightQuoteRequest(c.server, nil, q))
	return do(call, opRequestFlightQuote)
}

// QuoteGroundFreight prices the emissions of FreightMassKg kilograms of goods
// carried DistanceKm kilometers over land. See [Client.QuoteMass] for what a
// quote says.
//
// Operation RequestGroundFreightQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-ground-freight-emissions
func (c *Client) QuoteGroundFreight(ctx context.Context, q api.GroundFreightQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteGroundFreight", opts)
	call.positive("freight_mass_kg", q.FreightMassKg)
	call.positive("distance_km", q.DistanceKm)
	call.build(api.NewRequestGroundFreightQuoteRequest(c.server, nil, q))
	return do(call, opRequestGroundFreightQuote)
}

// QuoteGroundTransport prices the emissions of a ride of DistanceKm kilometers
// in a vehicle of the given type. See [Client.QuoteMass] for what a quote says.
//
// Operation RequestGroundTransportQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-ground-transport-emissions
func (c *Client) QuoteGroundTransport(ctx context.Context, q api.GroundTransportQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteGroundTransport", opts)
	call.positive("distance_km", q.DistanceKm)
	call.required("vehicle_type", string(q.VehicleType))
	call.build(api.NewRequestGroundTransportQuoteRequest(c.server, nil, q))
	return do(call, opRequestGroundTransportQuote)
}

// QuoteOfficeSpace prices the emissions of SquareFootage square feet of office
// space. See [Client.QuoteMass] for what a quote says.
//
// Operation RequestOfficeSpaceQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-office-space-emissions
func (c *Client) QuoteOfficeSpace(ctx context.Context, q api.OfficeSpaceQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteOfficeSpace", opts)
	call.positive("square_footage", q.SquareFootage)
	call.build(api.NewRequestOfficeSpaceQuoteRequest(c.server, nil, q))
	return do(call, opRequestOfficeSpaceQuote)
}

// QuoteTrain prices the emissions of one passenger's train ride of DistanceKm
// kilometers. See [Client.QuoteMass] for what a quote says.
//
// Operation RequestTrainQuote: https://docs.cnaught.com/api-reference/quotes/get-quote-for-train-emissions
func (c *Client) QuoteTrain(ctx context.Context, q api.TrainQuoteRequest, opts ...CallOption) (*api.Quote, error) {
	call := c.newCall(ctx, "QuoteTrain", opts)
	call.positive("distance_km", q.DistanceKm)
	call.build(api.NewRequestTrainQuoteRequest(c.server, nil, q))
	return do(call, opRequestTrainQuote)
}
