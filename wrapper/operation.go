package cnaught

import (
	"net/http"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/internal/route"
)

// retryClass answers, once per operation, whether a request may be repeated.
// The answers stand in the description's overlay (x-retry) and reach the code
// through the generated table of operations.
type retryClass uint8

const (
	// retryUnset means that the description does not say; see endpoint.class.
	retryUnset retryClass = iota
	// retrySafe means that repeating a request changes nothing: reads, quotes,
	// replacements.
	retrySafe
	// retryKeyed means that repeating a request is safe because every attempt
	// carries the same Idempotency-Key.
	retryKeyed
	// retryUnsafe means that a repeated request may act twice, so it is repeated
	// only where the server certainly did not act.
	retryUnsafe
)

// endpoint is what the call and its loop know about an operation of the
// description, whatever the type of its answer.
type endpoint struct {
	ID             string // operationId
	Method         string
	Path           string // template, such as /orders/{id}/cancel
	Retry          retryClass
	IdempotencyKey bool // takes the header Idempotency-Key
	Subaccount     bool // takes the header X-Subaccount-Id
	Undescribed    bool // is of Client.Do, so nobody knows what its answer says
}

// operation is an endpoint whose answer has the type T. The table of operations
// is generated, so a method whose operation the description drops, or answers
// with another type, does not compile.
type operation[T any] struct{ endpoint }

// none is the answer of an operation that answers without a value, such as a
// deletion, and opaque that of one whose answer is not JSON.
type (
	none   struct{}
	opaque struct{}
)

// newOperation infers T from the member of the generated response type that
// holds the answer.
func newOperation[T any](_ *T, e endpoint) *operation[T] { return &operation[T]{e} }

// described is an operation of the description, whatever the type of its answer.
type described interface {
	describe() *endpoint
	newAnswer() any // a pointer to a zero value
}

func (op *operation[T]) describe() *endpoint { return &op.endpoint }
func (op *operation[T]) newAnswer() any      { return new(T) }

// demandingOperation is an operation that requires a header or a query parameter. The
// description has none today. It is not an *operation, so a method that was written
// before the parameter was required does not compile.
type demandingOperation[T any] struct {
	operation[T]
	Required []string
}

func demanding[T any](op *operation[T], required ...string) *demandingOperation[T] {
	return &demandingOperation[T]{*op, required}
}

// complete returns the operation, for a method that sends everything in
// Required.
func (op *demandingOperation[T]) complete() *operation[T] { return &op.operation }

// class falls back to what RFC 9110 says of the method where the overlay is
// silent, so an operation that a new description adds is never repeated
// blindly.
func (e *endpoint) class() retryClass {
	switch {
	case e.Retry != retryUnset:
		return e.Retry
	case e.IdempotencyKey:
		return retryKeyed
	case e.Method == http.MethodPost || e.Method == http.MethodPatch:
		return retryUnsafe
	default:
		return retrySafe
	}
}

// canActTwice reports whether repeating a call without its key may act again.
func (e *endpoint) canActTwice() bool { return e.class() != retrySafe }

// removesResource reports whether the operation deletes the very resource
// that its path names, so that "not found" after an attempt of unknown outcome
// means that the attempt worked.
func (e *endpoint) removesResource() bool {
	return e.Method == http.MethodDelete && strings.HasSuffix(e.Path, "}")
}

// pathID returns the last path parameter of an escaped path, whose end belongs
// to the operation; empty if the operation has none.
func (e *endpoint) pathID(escapedPath string) string { return route.LastParameter(e.Path, escapedPath) }
