package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

const (
	// defaultRequestLog is the number of requests that are kept by default.
	defaultRequestLog = 1000
	// maxLoggedBody is the number of bytes of a body that are kept.
	maxLoggedBody = 64 << 10
)

// Request is one API request as the sandbox received it.
type Request struct {
	Time      time.Time // by the sandbox clock, in UTC
	Method    string
	Path      string // including /v1
	Query     url.Values
	Operation string      // the operationId, or empty if no operation has this method and path
	Header    http.Header // with the key in Authorization masked
	Body      []byte      // the first 64 KiB of the body
	// Status is the status of the answer. It is 0 before the answer is sent and if
	// the connection was reset.
	Status   int
	Replayed bool   // whether the answer was the stored one of the Idempotency-Key
	Reason   string // why the sandbox refused the request, from the problem document
	Fault    string // a description of the fault that struck the request, or empty
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

// maskAuthorization returns a copy of h with the key in Authorization masked. It keeps
// the scheme, so that a test can check how the key was sent.
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

// Requests returns the latest API requests, oldest first. It returns up to 1,000 of
// them unless [WithRequestLog] sets another number. A request is included as soon as
// it arrives.
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
// that [Server.Requests] no longer returns.
func (s *Server) RequestCount() int {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return s.requests.total
}

// requestRows returns up to limit requests for the overview page, newest first, and
// the total number of requests.
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
