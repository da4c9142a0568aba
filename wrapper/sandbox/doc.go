// Package sandbox provides a stand-in for CNaught: an HTTP server in your own process
// that behaves like the CNaught Carbon Credits API in all of its operations, but
// does not buy anything. The vendor closed its own sandbox in January 2026.
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
// [New] and [Open] are for programs that are not tests. With [WithStateFile], the
// data of a sandbox survive its process, and with [WithoutListener], a test needs no
// network.
//
// The program cnaught-sandbox serves the same sandbox to clients in any language.
// Tests in other languages send requests to /_sandbox/faults, /_sandbox/clock and
// so on instead of calling the methods of [Server]. Run the program with -h for a
// list.
//
// # In a container
//
// The image ghcr.io/cnaught-go/cnaught-sandbox has the program. It listens on port
// 8765 and accepts requests to /_sandbox from any machine, so publish the port only to
// this machine:
//
//	docker run --rm -p 127.0.0.1:8765:8765 ghcr.io/cnaught-go/cnaught-sandbox
//
// Write flags after the name of the image. To keep the data, mount a volume:
//
//	docker run --rm -p 127.0.0.1:8765:8765 -v cnaught:/data \
//		ghcr.io/cnaught-go/cnaught-sandbox -state /data/orders.state
//
// If other containers reach the sandbox by a host name such as cnaught, set -base-url
// http://cnaught:8765, so that the URLs in its answers work there. A Go client accepts
// this plain http URL with cnaught.WithInsecureHTTP. Webhooks to another container or
// to the host need -public-webhooks.
//
// # Sample data
//
// A new sandbox has the fulfilled order 2FhU3B0F36_sandbox; the checkout session
// zpQ6QSNRQh of the published reference page, which never expires and whose
// checkout page is at /pay/zpQ6QSNRQh; the portfolios oH5hlq and ixmZSK at 2 US
// cents per kilogram; the category hkgyn3 and the project I0UbDH; and an offset of
// 1571 kg in January 2024. [WithEmptyBooks] leaves out the order, the session and
// the offset.
//
// # Undocumented behavior
//
// No published source says how the API behaves in the following cases, so what
// the sandbox does is a choice of this package.
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
//   - A quote for zero costs zero. The factors of small buses and coaches are
//     invented; those of flights and freight are within the bounds that were
//     observed.
//   - An order has its certificate URLs from the start, and null once it is
//     cancelled. They lead to a page of the sandbox and to a PDF that is marked as a
//     sample. Its project_allocations are empty unless it is fulfilled. The hosted
//     impact page is served by the sandbox, too.
//   - Without X-Subaccount-Id, lists of orders and impact data include all
//     subaccounts. With it, they include only that subaccount.
//
// Checkout sessions:
//   - If the base URL of the sandbox has a loopback host, success_url and cancel_url
//     may be plain http URLs of this machine. The API accepts only https.
//   - Paying completes the session and places its order at once, or later with
//     [WithOrderDelay]. A payment never fails.
//   - {CHECKOUT_SESSION_ID} in a success_url is replaced only as written, not with
//     escaped braces.
//
// Subaccounts:
//   - A subaccount with orders, or with a checkout session that is open or whose order
//     is still to come, can't be deleted; the answer is 409.
//   - An empty X-Subaccount-Id is treated as an unknown subaccount, not as an absent
//     header.
//   - A logo may have at most 5 MiB. The answer to a larger one is 413, and the
//     answer to an unsupported media type is 415.
//   - An empty email, logo_url or default_portfolio_id is treated as null, and so is
//     an empty portfolio_id of an order, a quote or a session.
//   - A logo URL whose host is not this machine is not fetched, and the logo is a
//     placeholder. With [WithForeignLogoHosts], it is fetched.
//
// Idempotency:
//   - The scope of a key is the account and the path. Payloads are compared as JSON,
//     so that spacing and the order of members make no difference. The subaccount
//     is part of the payload.
//   - Only successful answers are stored, in the same step as their effects. They
//     are kept as long as all other data, or as long as [WithKeyLifetime] says.
//     After an error, the same key may be used with a corrected body.
//   - An empty Idempotency-Key is refused.
//
// Webhooks:
//   - They are sent when an order is fulfilled or cancelled, not when it is placed.
//     They are not signed. Any answer other than 200 is a failure, and redirects are
//     not followed.
//   - A failed delivery is tried again after 1 s, 2 s, 4 s and so on, with pauses of
//     at most 30 minutes, and for the last time 24 hours after the change. All these
//     times are by the sandbox clock. If the clock is moved past several attempts,
//     only one of them is made.
//
// Errors:
//   - Problem documents have "detail" for invalid-pagination and "details"
//     otherwise. The names in errors are the names of the request's members. A nested
//     member has a name such as notification_config.url, and errors that concern
//     the whole body have the name body.
//   - A limit that is out of range is invalid-parameters. Two cursors, or one that
//     is not in the list, are invalid-pagination.
//   - A query parameter that is empty or given twice is invalid-parameters, and so
//     is a query that can't be decoded, a body that is not JSON, or a body larger
//     than 1 MiB, except for a logo.
//   - The problem documents of answers that HTTP itself defines have no type. These
//     are 401, 405, 409 to a deletion, 413 and 415 to a logo, and the answers to
//     requests that are not valid HTTP.
//   - The answer to an unknown path is 404, and so is the answer to a path with
//     empty, . or .. segments.
//   - Unknown members of a body are ignored. There is no rate limit.
//
// Impact data:
//   - Fulfilled orders are counted by the time at which they were created. The
//     parameter from is inclusive, and to is exclusive.
//   - All projects are in the one category that was observed. The factors of the
//     equivalents are common estimates, not those of the API.
package sandbox
