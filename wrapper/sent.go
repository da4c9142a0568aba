package cnaught

import (
	"context"
	"net/url"
	"sync/atomic"

	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
)

// sending says how far an attempt got. Its error does not say that: a reset during
// the TLS handshake and a reset after the request have the same type, and net/http
// repeats a request with an Idempotency-Key by itself when a kept connection breaks,
// but reports only how the last sending ended.
type sending uint8

const (
	sentPerhaps sending = iota // nothing below the client says more
	sentNever                  // there was no connection
	sentOnce                   // there was one
	sentAgain                  // there was more than one: sent, perhaps acted on, and sent again
)

// attemptContext is the context of one attempt. It travels to the innermost
// transport, which records there what is sent.
type attemptContext struct {
	context.Context
	Attempt
	op          *endpoint
	asked       atomic.Bool  // a transport asked for a connection
	connections atomic.Int32 // how many connections it got
	foreign     atomic.Bool  // the transport is not net/http's own
	url         url.URL      // of the attempt's own request
	result      result
}

type attemptKey struct{}

func (a *attemptContext) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func (call *call) newAttemptContext(ctx context.Context) *attemptContext {
	return &attemptContext{Context: ctx, op: call.op, Attempt: Attempt{
		Call:           call.name,
		Operation:      call.op.ID,
		HTTPMethod:     call.op.Method,
		PathTemplate:   call.op.Path,
		IdempotencyKey: call.key,
		Number:         call.attempts,
	}}
}

// sending considers err only if no answer came and the call's context has not ended,
// since the cause of a context may be any error. Only net/http's own transport is
// trusted to report every connection. Another one may have sent the request in a way
// that nobody sees, unless it says NotSent.
func (a *attemptContext) sending(err error, callEnded bool) sending {
	switch connections := a.connections.Load(); {
	case connections > 1:
		return sentAgain
	case connections == 1:
		return sentOnce
	case a.asked.Load() && !a.foreign.Load():
		return sentNever
	case a.result.resp != nil || callEnded:
		return sentPerhaps
	case saysNotSent(err) || a.asked.Load() && failure.FailedToDial(err):
		return sentNever
	}
	return sentPerhaps
}
