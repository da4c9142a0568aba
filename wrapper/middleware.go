package cnaught

import (
	"context"
	"errors"
	"net/http"
)

// WithMiddleware puts a wrapper around the client's transport, or around that of
// [WithHTTPClient]. Of several, the first is the outermost. [AttemptFrom] names the
// call that a request belongs to.
//
// The client counts connections beneath all wrappers. So a wrapper has to pass on the
// request's context and to send nothing past next, and one that fails without
// sending anything says so with [NotSent].
func WithMiddleware(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return func(s *settings) {
		if wrap != nil {
			s.middleware = append(s.middleware, wrap)
		}
	}
}

// Attempt says which request of which call a transport is about to send; see
// [AttemptFrom].
type Attempt struct {
	Call           string // the method that was called, such as PlaceOrder
	Operation      string // operationId, such as SubmitOrder
	HTTPMethod     string
	PathTemplate   string // such as /orders/{id}
	IdempotencyKey string // empty for operations without
	Number         int    // 1 for the first attempt of the call
}

// AttemptFrom returns the attempt that a request's context belongs to, for a
// transport that names a span or counts attempts; false for a request of
// another client.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	if a, ok := ctx.Value(attemptKey{}).(*attemptContext); ok {
		return a.Attempt, true
	}
	return Attempt{}, false
}

// NotSent marks the error of a transport that sent nothing, such as an open
// circuit breaker or a rate limiter that gave up. Without it, an error of a
// transport that is not net/http's own leaves the outcome of a purchase unknown.
func NotSent(err error) error { return &notSentError{err} }

type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

func saysNotSent(err error) bool {
	var notSent *notSentError
	return errors.As(err, &notSent)
}
