// Package api has the types of the CNaught Carbon Credits API and a raw client,
// generated from its description.
//
// Programs call the API through package wrapper, and use this package for the
// types: requests (OrderCreate, FlightQuoteRequest), answers (Order, Quote) and
// their enums (OrderState). The raw client has no retries, no idempotency keys
// and no typed errors, and leaves ids as they are, so that an empty one reaches
// another endpoint. With all of those it is what Raw of package wrapper returns.
//
// # Members
//
// Masses are in kilograms (Kg, Kgs), prices in US cents (USDCents), timestamps
// in UTC. In answers, a pointer or a slice that is nil was null or absent, which
// mean the same; other members are always there. In requests, the zero value of
// an optional member is not sent. Members and enum values that a newer API adds
// are no error: unknown members are dropped, unknown values are kept.
package api
