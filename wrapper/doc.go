// Package cnaught is a client for the CNaught Carbon Credits API. It buys
// carbon credits, and it is built around two promises: never pay twice, never
// lose an order, whatever the network does.
//
// A [Client] has a method for each operation of the API, but for the deprecated
// ones. The types of requests and answers are those of package api, which is
// generated from the API's description. Amounts are kilograms of CO2, totals are
// whole US cents ([api.USDCents]), times are UTC. A member that may be null is a
// pointer; [Value], [ValueOr], [IsNull] and [Ptr] spare the checks.
//
// Package ledger (github.com/cnaught-go/cnaught/wrapper/ledger) keeps purchases in
// a database, so that they outlive the process.
//
// # First call
//
// A client is made once and kept; it is safe for concurrent use. [New] takes the
// API key, and [NewFromEnv] reads it from CNAUGHT_API_KEY.
//
//	client, err := cnaught.NewFromEnv()
//	if err != nil {
//		return err
//	}
//	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10})
//
// This spends real money; the example FirstCall does the same on a sandbox, which
// section Testing is about. Options of New concern the client, such as
// [WithHTTPClient], [WithRetryPolicy] and [WithLogger]. Options of a call, such as
// [ForSubaccount], [WithIdempotencyKey] and [WithResponse], concern that call alone.
//
// # Errors
//
// The type of an error says how far the call came:
//
//   - [*InvalidRequestError]: the input was refused before a byte was sent.
//   - [*TransportError]: no whole answer came.
//   - [*Error]: the answer was outside 2xx. It has the members of the problem
//     details (RFC 9457), the status, the header and the body.
//   - [*DecodeError]: a 2xx that cannot be used. It keeps the body.
//
// The last three share [CallInfo]: the call, its attempts, and its idempotency
// key. [errors.Is] tells kinds of errors apart by the Err variables, such as
// [ErrNotFound]. The example Errors shows how a purchase can end.
//
// # Money
//
// A failed call that may have bought something matches [ErrOutcomeUnknown] and
// carries its key: [IdempotencyKeyFrom] finds it, and the same call with
// [WithIdempotencyKey] settles the outcome, in this process or after a restart.
//
//	placed, err := client.PlaceOrder(ctx, order)
//	if errors.Is(err, cnaught.ErrOutcomeUnknown) {
//		key, _ := cnaught.IdempotencyKeyFrom(err)
//		placed, err = client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
//	}
//
// Any other error of a purchase means that nothing was bought, except for a
// [*PriceLimitError] that holds the order ([WithMaxPrice]). The client says so only
// if nothing was sent, or if the API itself refused the request: with a 4xx that is
// a problem document, or with a 429. An earlier call may have used a key of your
// own, so with one only an answer that the API gives after it looked at the key
// settles the outcome ([CallInfo].EarlierCall).
//
// How long the API remembers a key is not documented. Before you use another key,
// look for the order with [Client.FindOrder]. The example Money limits the price of
// an order, and loses an answer.
//
// # Retries
//
// A call is repeated only where that can do no harm. Operations belong to one of
// three classes:
//
//   - safe: reads, quotes, replacements and deletions. They are repeated after any
//     transient failure.
//   - keyed: PlaceOrder, CancelOrder, CreateSubaccount. They are, too: every attempt
//     of a call carries the same Idempotency-Key, so the API acts once.
//   - unsafe: CreateCheckoutSession. The API has no idempotency for it, so it is
//     repeated only if nothing was sent, or after 429 or 503. A gateway's 503 may
//     hide a session that was opened; a second one costs nothing and expires.
//
// Transient failures are connection errors, bodies that were cut off, attempts
// that time out, the statuses 408, 425, 429, 500, 502, 503, 504, 520 to 527, 529
// and 530, and the 409 for a request whose key is still being processed. Untrusted
// certificates and unknown hosts are final. [RetryPolicy] says how often a call is
// repeated, and the example of [WithResponse] counts its attempts.
//
// # Webhooks
//
// Webhooks are not signed. [Client.OrderEventHandler] takes only the order's id
// from one, and hands over what the API says about that order. The example of
// [Client.OrderEventHandler] is a shop that hears of a fulfilled order.
//
// # Testing
//
// Package sandbox (github.com/cnaught-go/cnaught/wrapper/sandbox) is a CNaught on
// your own machine, for tests and as a program. It has faults, a clock, and what
// CNaught does by itself, such as fulfilling an order:
//
//	server := sandbox.Run(t) // closed with the test
//	client := server.Client()
//	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: 503})
//
// The example Testing follows an order through them. A mock in the transport of
// [WithHTTPClient] works, too.
//
// # Tracing
//
// [WithMiddleware] wraps the client's transport, for tracing, rate limits and
// circuit breakers; [AttemptFrom] says which attempt of which call a request is.
// The example of [WithMiddleware] prints a line for each attempt. [WithLogger]
// logs the attempts that are repeated.
//
// # New operations
//
// What a newer description adds works through [Client.Raw] at once, and what no
// description knows yet through [Client.Do], with the same authentication,
// retries and errors, as in the example NewOperations. [Response].Body has members
// that the types do not know.
package cnaught
