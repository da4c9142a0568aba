// Package books holds what the sandbox knows: orders, checkout sessions,
// subaccounts, webhook deliveries and idempotency keys. It knows nothing of HTTP
// or of the API's JSON.
//
// All changes go through [Books.Update], which commits each of them as a whole,
// to the state file first if there is one. What happens by itself as time passes
// (an order is fulfilled, a session expires, a delivery is tried again) is on a
// schedule, which follows the books' own clock.
package books
