package cnaught

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// wire says how far net/http came with an attempt. That is more than an error
// says: one type stands for a reset in the TLS handshake and for a reset after
// the request, and net/http sends a request with an Idempotency-Key again by
// itself when a kept connection breaks, but tells of the last sending alone.
type wire uint8

const (
	wireUnknown   wire = iota // a caller's own RoundTripper does not say
	wireUntouched             // there was no connection, so nothing was sent
	wireUsed                  // there was one
	wireResent                // there was more than one: sent, perhaps acted on, and sent again
)

// tracer finds the wire out. It watches only requests that could act twice.
type tracer struct {
	asked     atomic.Bool
	connected atomic.Int32
}

func (t *tracer) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.connected.Add(1) },
	})
}

// wire: traced says that nothing but net/http's own transport sends. Where a
// caller's RoundTripper stands in front of one, it may have sent what the trace
// does not know of.
func (t *tracer) wire(traced bool) wire {
	switch connected := t.connected.Load(); {
	case connected > 1:
		return wireResent
	case connected == 1:
		return wireUsed
	case t.asked.Load() && traced:
		return wireUntouched
	default:
		return wireUnknown
	}
}
