// Package sandbox is a CNaught on your own machine: an HTTP server in your own
// process that answers every operation of the CNaught Carbon Credits API with
// real behaviour and buys nothing. The vendor's own sandbox has been gone
// since January 2026.
//
//	func TestBuy(t *testing.T) {
//		cn := sandbox.Run(t)                    // closed with the test
//		shop := NewShop(cn.URL(), cn.APIKey())  // or cn.Client()
//		...
//		cn.FulfillOrder(order.ID)               // play CNaught's part
//		cn.Advance(24 * time.Hour)              // or the time's
//		cn.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: 503})
//	}
//
// [New] and [Open] are for other uses than tests, [WithStateFile] for books
// that outlive the process, [WithoutListener] for tests without a network.
//
// # What is there from the start
//
// The fulfilled order 2FhU3B0F36_sandbox, the checkout session zpQ6QSNRQh of
// the published reference page (open for ever; its page
// here is /pay/zpQ6QSNRQh), the portfolios oH5hlq and
// ixmZSK at 2 US cents a kilogram, the category hkgyn3 and the project I0UbDH,
// and 1571 kg offset in January 2024. [WithEmptyBooks] leaves out the order,
// the session and the offset.
//
// # Where the API is not known
//
// What follows is this package's choice, because no published source says it.
//
// Orders and amounts:
//   - Amounts may have fractions (the published examples do, the prose says
//     whole numbers); a price is rounded up to whole cents. An order by total
//     price gets the whole kilograms that the price pays for, never more.
//   - Numbers above 2^53, in any unit, are refused: a JSON number does not hold
//     their last cent.
//   - An unknown portfolio_id is refused. The portfolios mHvNvWbq and eWvNvC12 of
//     the published examples can be used and read, but are not listed.
//   - Quotes for zero cost zero. The factors of small buses and coaches are made
//     up; those of flights and freight lie within what was seen.
//   - Certificate URLs are there from the start and null once cancelled;
//     project_allocations is empty unless the order is fulfilled.
//   - Without X-Subaccount-Id, the account sees the orders and the impact of its
//     subaccounts too. With it, only that subaccount's.
//
// Subaccounts:
//   - One with orders, or with an open checkout session, can't be deleted: 409.
//   - An empty X-Subaccount-Id is an unknown subaccount, not an absent header.
//   - A logo is 5 MiB at most; more is 413, another media type 415.
//   - A logo URL on another host than this machine is not fetched: the logo is a
//     placeholder ([WithForeignLogoHosts] fetches it).
//
// Idempotency:
//   - The scope of a key is the account and the path. The payload is compared as
//     JSON, so that spacing and the order of members do not count; the subaccount
//     belongs to it.
//   - Only successes are stored, with their order in one step, and as long as the
//     books are kept. After an error the same key may be used with a mended body.
//   - An empty Idempotency-Key is refused.
//
// Webhooks:
//   - They are sent when an order becomes fulfilled or cancelled, not when it is
//     placed. They are unsigned. Any answer but 200 is a failure; redirects are not
//     followed.
//   - A failed one is tried again after 1 s, 2 s, 4 s and so on, at most 30 minutes
//     apart, a last time 24 hours after the change, by the sandbox clock. What a
//     jump of the clock leaps over is tried once.
//
// Errors:
//   - Problem documents have "detail" for invalid-pagination and "details"
//     elsewhere. Members of errors are named as in the request, nested ones as
//     notification_config.url; what is wrong with the body as a whole is under
//     body.
//   - A limit out of range is invalid-parameters; two cursors, or one that is not
//     in the list, are invalid-pagination.
//   - What HTTP says by itself has no type: 401, 405, 409 of a deletion, 413 (a
//     body over 1 MiB), 415 (a body that is not JSON).
//   - An unknown path and a path that is not in its clean form are 404.
//   - Unknown members of a body are ignored. There is no rate limit.
//
// Impact data counts orders by the time they were created, from inclusive, to
// exclusive, all under the one category that was seen; the equivalents are of
// the usual size.
package sandbox
