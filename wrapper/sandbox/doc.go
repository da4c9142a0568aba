// Package sandbox runs a CNaught on your own machine: an HTTP server in your own
// process that behaves as the CNaught Carbon Credits API does in all of its
// operations, and buys nothing. The vendor closed its own sandbox in January
// 2026.
//
//	func TestBuy(t *testing.T) {
//		cn := sandbox.Run(t)                    // closed with the test
//		shop := NewShop(cn.URL(), cn.APIKey())  // or cn.Client()
//		...
//		cn.FulfillOrder(order.ID)               // CNaught fulfills the order
//		cn.Advance(24 * time.Hour)              // a day passes
//		cn.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: 503})
//	}
//
// [New] and [Open] are for programs that are not tests. [WithStateFile] keeps the
// data of a sandbox beyond its process, and [WithoutListener] is for tests without
// a network.
//
// The program cnaught-sandbox serves the same sandbox to clients in any language.
// What a Go test does with the methods of [Server], a test in another language does
// with requests to /_sandbox/faults, /_sandbox/clock and so on; see the program's
// flag -h.
//
// # In a container
//
// The image ghcr.io/cnaught-go/cnaught-sandbox holds the program. It listens on
// port 8765 and takes requests to /_sandbox from any machine, so publish the port
// to this machine alone:
//
//	docker run --rm -p 127.0.0.1:8765:8765 ghcr.io/cnaught-go/cnaught-sandbox
//
// Flags follow the name of the image. To keep the data, mount a volume:
//
//	docker run --rm -p 127.0.0.1:8765:8765 -v cnaught:/data \
//		ghcr.io/cnaught-go/cnaught-sandbox -state /data/orders.state
//
// Where other containers reach it under a name of its own, such as cnaught, give
// it -base-url http://cnaught:8765, so that its URLs work there; a Go client takes
// this plain http URL with cnaught.WithInsecureHTTP. Webhooks to another container
// or to the host need -public-webhooks.
//
// # Sample data
//
// A new sandbox has the fulfilled order 2FhU3B0F36_sandbox; the checkout session
// zpQ6QSNRQh of the published reference page, which never expires and whose page
// here is /pay/zpQ6QSNRQh; the portfolios oH5hlq and ixmZSK at 2 US cents per
// kilogram; the category hkgyn3 and the project I0UbDH; and 1571 kg that were
// offset in January 2024. [WithEmptyBooks] leaves out the order, the session and
// the offset.
//
// # Where the API is not documented
//
// No published source says how the API behaves in the following cases. This
// package chose.
//
// Orders and amounts:
//   - The amount of an order is whole kilograms, as the reference says, although
//     some of its examples have fractions; [WithFractions] allows them. Quotes and
//     checkout sessions take fractions. A price is rounded up to whole cents. An
//     order by total price gets the whole kilograms that the price pays for, never
//     more.
//   - Numbers above 2^53 are refused in any unit, because not every JSON reader
//     holds them exactly.
//   - An unknown portfolio_id is refused. The portfolios mHvNvWbq and eWvNvC12 of
//     the published examples can be used and read, but are not listed.
//   - A quote for zero costs zero. The factors of small buses and coaches are made
//     up; those of flights and freight are within the bounds that were observed.
//   - An order has its certificate URLs from the start, and null once it is
//     cancelled. They lead to the sandbox: to a page for people and to a PDF, which
//     says that it is a sample. Its project_allocations are empty unless it is
//     fulfilled. The URL of the hosted impact page leads to the sandbox, too.
//   - Without X-Subaccount-Id, orders and impact data include those of all
//     subaccounts. With it, they are those of that subaccount only.
//
// Checkout sessions:
//   - If the base URL of the sandbox is on loopback, success_url and cancel_url may
//     be plain http URLs of this machine. The API takes https only.
//   - Paying completes the session and places its order at once, or later with
//     [WithOrderDelay]. A payment never fails.
//   - {CHECKOUT_SESSION_ID} in a success_url is replaced where it stands as written,
//     not with escaped braces.
//
// Subaccounts:
//   - A subaccount with orders, or with a checkout session that is open or whose
//     order is still to come, can't be deleted; the answer is 409.
//   - An empty X-Subaccount-Id stands for an unknown subaccount, not for an absent
//     header.
//   - A logo may have at most 5 MiB. A larger one is answered with 413, another
//     media type with 415.
//   - An empty email, logo_url or default_portfolio_id stands for none, and so does
//     an empty portfolio_id of an order, a quote or a session.
//   - A logo URL whose host is not this machine is not fetched, and the logo is a
//     placeholder. [WithForeignLogoHosts] fetches it.
//
// Idempotency:
//   - The scope of a key is the account and the path. Payloads are compared as JSON,
//     so that spacing and the order of members make no difference. The subaccount
//     is part of the payload.
//   - Only successes are stored, in one step with what they did, and they are kept
//     as long as everything else, unless [WithKeyLifetime] says how long. After an error, the same key may be used with a
//     corrected body.
//   - An empty Idempotency-Key is refused.
//
// Webhooks:
//   - They are sent when an order is fulfilled or cancelled, not when it is placed.
//     They are unsigned. Any answer but 200 is a failure; redirects are not
//     followed.
//   - A failed delivery is tried again after 1 s, 2 s, 4 s and so on, at most 30
//     minutes apart, and for the last time 24 hours after the change, all by the
//     sandbox clock. If the clock jumps over several attempts, one is made.
//
// Errors:
//   - Problem documents have "detail" for invalid-pagination and "details"
//     otherwise. The names in errors are those of the request's members, nested
//     ones written as notification_config.url. What is wrong with the body as a
//     whole is under body.
//   - A limit that is out of range is invalid-parameters. Two cursors, or one that
//     is not in the list, are invalid-pagination.
//   - A query parameter that is given twice, or empty, and a query that can't be
//     decoded are invalid-parameters. So are a body that is not JSON and a body over
//     1 MiB, except for a logo.
//   - An answer that follows from HTTP alone has no type: 401, 405, 409 to a
//     deletion, 413 and 415 to a logo, and those to a request that is not valid
//     HTTP.
//   - An unknown path is answered with 404, and so is a path with empty, . or ..
//     segments.
//   - Unknown members of a body are ignored. There is no rate limit.
//
// Impact data counts fulfilled orders by the time they were created: from is
// inclusive, to is exclusive. All of it is in the one category that was observed.
// The equivalents are of the usual size.
package sandbox
