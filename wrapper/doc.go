// Package cnaught is a client for the CNaught Carbon Credits API. It buys
// carbon credits, and it is built around two promises: never pay twice, never
// lose an order, whatever the network does.
//
//	client, err := cnaught.New(os.Getenv("CNAUGHT_API_KEY"))
//	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10})
//
// Amounts are kilograms of CO2, money is US cents, times are UTC.
//
// # Retries
//
// A call is repeated only where that can do no harm. There are three kinds:
//
//   - safe: reads, quotes, replacements and deletions. Repeated after any
//     transient failure.
//   - keyed: PlaceOrder, CancelOrder, CreateSubaccount. Each call gets one
//     random Idempotency-Key, or the caller's own ([WithIdempotencyKey]), the
//     same on every attempt: the API acts once. Repeated after any transient
//     failure.
//   - unsafe: CreateCheckoutSession. The API has no idempotency for it, so it is
//     repeated only if the connection was never made, or after 429 or 503. A
//     gateway's 503 may hide a session that was opened; a second one costs
//     nothing and expires.
//
// Transient failures are connection errors, cut-off bodies, attempts that
// time out, the statuses 408, 425, 429, 500, 502, 503 and 504, and the 409 that
// says that a request with the same key is still being processed. Untrusted
// certificates and unknown hosts are not repeated. How often and how patiently:
// [RetryPolicy].
//
// # Errors
//
// Every answer outside 2xx is an [*Error] with the members of its problem
// details (RFC 9457). A call without a whole answer is a [*TransportError]. A
// 2xx that can't be read is a [*DecodeError], which keeps the body. Input that
// was refused before a byte was sent is an [*InvalidRequestError]. Match kinds
// with errors.Is and the Err variables.
//
// A failed call that may have bought something matches [ErrOutcomeUnknown] and
// carries its key: see [IdempotencyKeyFrom].
//
// # Testing
//
// Package sandbox (github.com/cnaught-go/cnaught/wrapper/sandbox) is a CNaught on
// your own machine.
//
// # New operations
//
// What a newer description adds works through [Client.Raw] at once, with the
// same authentication, retries and errors.
package cnaught
