// Package cnaught is a client for the CNaught Carbon Credits API. It buys
// carbon credits, and it is built around two promises: never pay twice, never
// lose an order, whatever the network does.
//
// Amounts are kilograms of CO2, totals are whole US cents ([api.USDCents]), times
// are UTC.
//
// # The first call
//
// A [Client] is made once and kept; it is safe for concurrent use.
//
//	client, err := cnaught.NewFromEnv() // CNAUGHT_API_KEY
//	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10})
//
// This spends real money; see Testing below. Options of [New] concern the client,
// such as [WithHTTPClient], [WithRetryPolicy] and [WithLogger]. Options of a call,
// such as [ForSubaccount], [WithIdempotencyKey] and [WithResponse], concern that
// call alone.
//
// # Errors
//
// Every answer outside 2xx is an [*Error] with the members of its problem
// details (RFC 9457). A call without a whole answer is a [*TransportError]. A
// 2xx that cannot be used is a [*DecodeError], which keeps the body. The three
// share [CallInfo]. Input that was refused before a byte was sent is an
// [*InvalidRequestError]. Match kinds with errors.Is and the Err variables.
//
// # Money
//
// A failed call that may have bought something matches [ErrOutcomeUnknown] and
// carries its key: [IdempotencyKeyFrom] finds it, and the same call with
// [WithIdempotencyKey] settles the outcome, in this process or after a restart.
// Any other error of a purchase means that nothing was bought, but for a
// [*PriceLimitError] that holds the order ([WithMaxPrice]). That is said only
// if nothing was sent, or if the API itself refused the request: with a 4xx that
// is a problem document, or with a 429. The page of a gateway says nothing about
// what happened behind it.
//
// With a key of the caller's, an earlier call may have used it, so only an
// answer that the API gives after it looked at the key settles the outcome
// ([CallInfo].EarlierCall). How long the API remembers a key is not documented:
// before another key is used, look for the order with [Client.FindOrder].
//
// # Retries
//
// A call is repeated only where that can do no harm. There are three classes of
// operations:
//
//   - safe: reads, quotes, replacements and deletions. Repeated after any
//     transient failure.
//   - keyed: PlaceOrder, CancelOrder, CreateSubaccount. Each call gets one
//     random Idempotency-Key, or the caller's own, the same on every attempt, so
//     the API acts once. Repeated after any transient failure.
//   - unsafe: CreateCheckoutSession. The API has no idempotency for it, so it is
//     repeated only if nothing was sent, or after 429 or 503. A gateway's 503 may
//     hide a session that was opened; a second one costs nothing and expires.
//
// Transient failures are connection errors, bodies that were cut off, attempts
// that time out, the statuses 408, 425, 429, 500, 502, 503, 504, 520 to 527, 529
// and 530, and the 409 that says that a request with the same key is still being
// processed. Untrusted certificates and unknown hosts are not repeated. How often
// and how patiently a call is repeated is said by [RetryPolicy].
//
// # Webhooks
//
// Webhooks are not signed. [Client.OrderEventHandler] takes only the order's id
// from one, and hands over what the API says about that order.
//
// # Testing
//
// Package sandbox (github.com/cnaught-go/cnaught/wrapper/sandbox) is a CNaught on
// your own machine, for tests and as a program.
//
// # Tracing
//
// [WithMiddleware] wraps the client's transport, for tracing, rate limits and
// circuit breakers; [AttemptFrom] says which attempt of which call a request is.
//
// # New operations
//
// What a newer description adds works through [Client.Raw] at once, and what no
// description knows yet through [Client.Do], with the same authentication,
// retries and errors. [Response].Body has members that the types do not know.
package cnaught
