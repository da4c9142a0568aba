package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// Bounds of the request log.
const (
	// defaultRequestLog is how many requests are kept by default.
	defaultRequestLog = 1000
	// maxLoggedBody is how many bytes of a body are kept.
	maxLoggedBody = 64 << 10
)

// Request is one API request as the sandbox received it.
type Request struct {
	Time      time.Time // by the sandbox clock, UTC
	Method    string
	Path      string // with /v1
	Query     url.Values
	Operation string      // the operationId; empty if no operation has this method and path
	Header    http.Header // what follows the scheme in Authorization is masked
	Body      []byte      // its first 64 KiB
	// Status is that of the answer. It is 0 while there is none, and for a
	// connection that was reset.
	Status   int
	Replayed bool   // whether the answer was the stored one of its Idempotency-Key
	Reason   string // why the sandbox refused the request: the title of the problem and the members that are wrong
	Fault    string // what the fault that struck it does; empty if none struck it
}

// requestLog holds the latest requests in a ring.
type requestLog struct {
	mu    sync.Mutex
	ring  []*Request
	next  int
	total int
}

func newRequestLog(size int) *requestLog { return &requestLog{ring: make([]*Request, max(size, 0))} }

func (l *requestLog) begin(now time.Time, x *exchange, r *http.Request) *Request {
	entry := &Request{
		Time: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Operation: x.operation.ID,
		Header: maskAuthorization(r.Header), Fault: x.fault.String(),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	if len(l.ring) > 0 {
		l.ring[l.next] = entry
		l.next = (l.next + 1) % len(l.ring)
	}
	return entry
}

func (l *requestLog) received(entry *Request, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Body = slices.Clone(body[:min(len(body), maxLoggedBody)])
}

func (l *requestLog) answered(entry *Request, a *answer, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status, entry.Reason = a.status, reason
	entry.Replayed = a.header.Get("X-Idempotent-Replay") == "true"
}

// maskAuthorization keeps the scheme, so that a test can see how the key was sent.
func maskAuthorization(h http.Header) http.Header {
	h = h.Clone()
	for i, v := range h["Authorization"] {
		scheme := ""
		for n, c := range v {
			if c == ' ' {
				scheme = v[:n+1]
				break
			}
		}
		h["Authorization"][i] = scheme + "[masked]"
	}
	return h
}

// Requests returns the latest API requests, oldest first: up to 1,000, or as many
// as [WithRequestLog] keeps. A request is in it from the moment it arrives.
func (s *Server) Requests() []Request {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, 0, min(l.total, len(l.ring)))
	for i := range l.ring {
		if entry := l.ring[(l.next+i)%len(l.ring)]; entry != nil {
			r := *entry
			r.Header = r.Header.Clone()
			r.Body = slices.Clone(r.Body)
			all = append(all, r)
		}
	}
	return all
}

// RequestCount returns the number of API requests since the start, including those
// that Requests no longer returns.
func (s *Server) RequestCount() int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return s.requests.total
}

// requestRows returns up to limit requests for the overview, newest first, and
// the number of all.
func (s *Server) requestRows(limit int) (newest []pages.Request, total int) {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 1; i <= len(l.ring) && len(newest) < limit; i++ {
		entry := l.ring[(l.next-i+len(l.ring))%len(l.ring)]
		if entry == nil {
			break
		}
		newest = append(newest, pages.Request{
			Time: entry.Time, Method: entry.Method, Path: entry.Path, Operation: entry.Operation,
			Status: entry.Status, Replayed: entry.Replayed, Reason: entry.Reason, Fault: entry.Fault,
		})
	}
	return newest, l.total
}
