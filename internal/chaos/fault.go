package chaos

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// Kind is a kind of fault in the exchange of a request and its answer.
type Kind string

// The kinds of faults. "Before" means that the server never sees the request.
const (
	None        Kind = "none"
	Refused     Kind = "connection refused"
	ResetBefore Kind = "reset before the request reached the server"
	ResetAfter  Kind = "reset after the server acted"
	CutBody     Kind = "body cut off"
	ShortBody   Kind = "body cut off, its length changed to fit"
	StallBefore Kind = "stall, never delivered"
	StallAfter  Kind = "stall after the server acted"
	StallBody   Kind = "stall within the body"
	Late        Kind = "stall, delivered after the client had gone"
	Slow        Kind = "server slower than the attempt's timeout"
	Duplicate   Kind = "delivered twice"
	RateLimited Kind = "429 with Retry-After"

	Before500 Kind = "500 before acting"
	Before502 Kind = "502 before acting"
	Before503 Kind = "503 before acting, with Retry-After"
	Before504 Kind = "504 before acting"
	After500  Kind = "500 after acting"
	After502  Kind = "502 after acting"
	After503  Kind = "503 after acting"
	After504  Kind = "504 after acting"

	// FilterPage is a web application firewall that replaces the server's answer
	// with a page of its own.
	FilterPage Kind = "403 page of a filter after acting"
)

// mix has how often each kind strikes a request that has reached the proxy, in
// thousandths.
var mix = []struct {
	kind     Kind
	perMille int
}{
	{ResetBefore, 45}, {ResetAfter, 45}, {CutBody, 30}, {ShortBody, 10},
	{StallBefore, 15}, {StallAfter, 15}, {StallBody, 10}, {Late, 15}, {Slow, 20},
	{Duplicate, 40}, {RateLimited, 30},
	{Before500, 10}, {Before502, 10}, {Before503, 10}, {Before504, 10},
	{After500, 10}, {After502, 10}, {After503, 10}, {After504, 10}, {FilterPage, 20},
}

// refusedPerMille is how often a connection can't be made. Only part of the
// requests need a new one.
const refusedPerMille = 200

// Plan decides, by its seed, what goes wrong.
type Plan struct {
	seed  uint64
	force Kind // replaces what the seed decides, in tests of the proxy

	mu       sync.Mutex
	requests map[string]uint64 // by call
	dials    uint64
}

// NewPlan returns a plan that makes the same decisions as any other with this
// seed.
func NewPlan(seed uint64) *Plan { return &Plan{seed: seed, requests: make(map[string]uint64)} }

// random returns the source for all decisions about a subject, such as a call.
func (p *Plan) random(subject string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(subject))
	return rand.New(rand.NewPCG(p.seed, h.Sum64()))
}

// strike decides about the next request of a call. Two faults never strike a request
// without an idempotency key, because HTTP forbids them and the client relies on
// that. Such a request is not delivered twice (RFC 9110, section 9.2.2), which no
// client could prevent, and the server does not act on it and then answer 503,
// "unable to handle the request" (section 15.6.4).
func (p *Plan) strike(call string, keyed bool) Kind {
	if p.force != "" {
		return p.force
	}
	p.mu.Lock()
	n := p.requests[call]
	p.requests[call]++
	p.mu.Unlock()
	roll := rand.New(rand.NewPCG(p.random(call).Uint64(), n)).IntN(1000)
	for _, m := range mix {
		if roll -= m.perMille; roll < 0 {
			switch {
			case m.kind == Duplicate && !keyed:
				return ResetAfter
			case m.kind == After503 && !keyed:
				return After502
			}
			return m.kind
		}
	}
	return None
}

// refuse decides about the next connection.
func (p *Plan) refuse() bool {
	if p.force != "" {
		return p.force == Refused
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dials++
	return rand.New(rand.NewPCG(p.seed, p.dials)).IntN(1000) < refusedPerMille
}
