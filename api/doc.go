// Package api has the types of the CNaught Carbon Credits API and a raw client,
// generated from its description.
//
// Programs call the API through package wrapper, and use this package for the
// types of requests (OrderCreate, FlightQuoteRequest), answers (Order, Quote) and
// enums (OrderState). By itself, the raw client sends no API key and no idempotency
// keys, does not retry, returns no errors for answers such as 404, and accepts any
// id, even one that leads to another endpoint. The method Raw of the client in
// package wrapper returns a raw client without these limitations.
//
// The types whose names end in Response, such as GetOrderByIDResponse, hold the
// answers of the raw client. Body is the unchanged body of the answer, and a member
// such as JSON200 is the decoded body if the answer had that status.
//
// # Members
//
// Masses are in kilograms (Kg, Kgs), and timestamps are in UTC. Total prices are
// whole cents, of type USDCents. Prices per kilogram are float64, in cents.
//
// In answers, a pointer or a slice is nil if the member was null or absent, which
// mean the same. According to the description, all other members are always
// present. If the API leaves one out, it is zero, or package wrapper returns a
// DecodeError if the answer is useless without it, such as an order without an id or
// a list without data. In requests, the zero value of an optional member is not sent.
//
// Members and enum values that are unknown to this package are not errors: unknown
// members are ignored, and unknown enum values are kept.
package api
