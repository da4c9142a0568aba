package cnaught

import (
	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
)

// sendState says how far an attempt got. Its error does not say that: a reset during
// the TLS handshake and a reset after the request have the same type, and net/http
// repeats a request with an Idempotency-Key by itself when a kept connection breaks,
// but reports only how the last sending ended.
type sendState uint8

const (
	sentPerhaps sendState = iota // unknown: the transport reports no connections
	sentNever                    // there was no connection
	sentOnce                     // there was one
	sentAgain                    // there was more than one, so an earlier sending may have acted
)

// sendState considers err only if no answer came and the call's context has not ended,
// since the cause of a context may be any error. Only net/http's own transport is
// trusted to report every connection. Another one may have sent the request in a way
// that nobody sees, unless it says NotSent.
func (a *attemptContext) sendState(err error, callEnded bool) sendState {
	switch connections := a.connections.Load(); {
	case connections > 1:
		return sentAgain
	case connections == 1:
		return sentOnce
	case a.asked.Load() && !a.custom.Load():
		return sentNever
	case a.result.resp != nil || callEnded:
		return sentPerhaps
	case saysNotSent(err) || a.asked.Load() && failure.FailedToDial(err):
		return sentNever
	}
	return sentPerhaps
}
