// Package contract holds the repository and the API against the description.
//
// [Validator] is a transport that stands between any client and any server and
// reports each request and each answer that the description does not allow. The
// tests hold with it what the sandbox and the wrapper send, and also check that
// the description is sound, that the generated code is current, and that every
// operation has a method or a reason for having none.
package contract
