// Package live checks whether the real API answers as the description says.
//
// [Run] sends only requests that cost nothing and change nothing: reads and
// quotes, some of which are invalid on purpose. A guard in the transport refuses
// all other requests. Each answer is compared with openapi.yaml and its overlay.
// The [Report] is Markdown that can be pasted into an issue. It lists the
// differences and what is not described, and it does not contain ids, names,
// addresses or the key of the account.
package live
