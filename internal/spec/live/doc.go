// Package live asks the real API whether it answers as the description says.
//
// [Run] sends only what costs nothing and changes nothing: quotes, some of them
// invalid on purpose, and reads. A guard below everything else refuses any other
// request. Each answer is held against openapi.yaml and its overlay, and what the
// description does not know is named. The [Report] is Markdown for an issue; no
// id, name, address or key of an account is in it.
package live
