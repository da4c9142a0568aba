// Package api has the types of the CNaught Carbon Credits API and a raw client,
// generated from its description.
//
// Programs call the API through package wrapper, and use this package for the
// types: requests (OrderCreate, FlightQuoteRequest), answers (Order, Quote) and
// their enums (OrderState). The raw client by itself knows no API key, does not
// retry, makes no idempotency keys, returns no errors for answers such as 404,
// and takes any id, even one that leads to another endpoint. Method Raw of
// package wrapper returns a raw client with all of that.
//
// The types that end in Response, such as GetOrderByIDResponse, are the answers of
// the raw client: Body is the answer as it came, and a member such as JSON200 is
// what it holds if the answer had that status.
//
// # Members
//
// Masses are in kilograms (Kg, Kgs), timestamps in UTC. Total prices are whole
// cents, of type USDCents; prices per kilogram are float64, in cents. In answers,
// a pointer or a slice that is nil was null or absent, which mean the same. Other
// members are always there by the description; one that the API leaves out all
// the same is zero, or makes the answer a DecodeError if the answer is of no use
// without it (the id of an order, the data of a list). In requests, the zero
// value of an optional member is not sent. Members and enum values that a newer
// API adds are no error: unknown members are dropped, unknown values are kept.
package api
