// Package books holds the data of the sandbox: orders, checkout sessions, subaccounts,
// webhook deliveries and idempotency keys. It is independent of HTTP and of the API's
// JSON.
//
// All changes go through [Books.Update], which commits each of them as a whole, first
// to the state file if there is one. Events that happen as time passes are on a
// schedule, which follows the books' own clock: orders are fulfilled, sessions expire
// and deliveries are tried again.
package books
