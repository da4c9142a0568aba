// Package contract checks that the repository agrees with the description.
//
// [Validator] provides a transport that reports each request and each answer that
// the description does not allow. With it, the tests check what the sandbox and the
// wrapper send. They also check that the description is complete and valid, that the
// generated code is current, and that every operation has a method or a reason for
// not having one.
package contract
