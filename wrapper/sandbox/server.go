package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Server is a running sandbox. It is safe for concurrent use.
type Server struct {
	baseURL       string // without /v1
	apiKey        string
	noSubaccounts bool
	sampleData    bool
	foreignLogos  bool
	tb            TB // nil unless made by Run
	logger        *slog.Logger

	clock      *clock
	catalog    *catalog
	books      *books
	router     *router
	faults     faults
	requests   *requestLog
	courier    *courier
	logoClient *http.Client
	handler    http.Handler
	http       *http.Server // nil without a listener

	ctx       context.Context // ends when Close begins
	stop      context.CancelFunc
	loops     sync.WaitGroup
	active    sync.WaitGroup // API requests being answered
	mu        sync.Mutex     // guards closed
	closed    bool
	closeOnce sync.Once
	closeErr  error
}

// routes are all that the sandbox serves: the API, the logos of subaccounts,
// and the pages for people.
func (s *Server) routes() http.Handler {
	rest := http.NewServeMux()
	rest.HandleFunc("GET /logos/{subaccount}/{logo}/logo", s.serveLogo)
	rest.Handle("/", s.pages())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Not by the mux: it redirects paths that are not clean, and no API
		// call may reach another operation than it asked for.
		if r.URL.Path == basePath || strings.HasPrefix(r.URL.Path, basePath+"/") {
			s.serveAPI(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// URL is the base URL for API clients, with /v1.
func (s *Server) URL() string { return s.baseURL + basePath }

// APIKey is the key that the sandbox accepts.
func (s *Server) APIKey() string { return s.apiKey }

// Handler serves all that the sandbox serves: the API under /v1/, the logos of
// subaccounts under /logos/, and the pages for people, at / and below. Mount it
// elsewhere together with [WithBaseURL].
func (s *Server) Handler() http.Handler { return s.handler }

// Client returns a client that talks to this sandbox. Options that no client
// can have end the test ([Run]) or panic.
func (s *Server) Client(opts ...cnaught.Option) *cnaught.Client {
	own := []cnaught.Option{cnaught.WithBaseURL(s.URL())}
	if s.http == nil {
		own = append(own, cnaught.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	}
	c, err := cnaught.New(s.apiKey, append(own, opts...)...)
	if err != nil {
		s.fail("Client", err)
	}
	return c
}

// fail ends the test that uses the sandbox wrongly.
func (s *Server) fail(method string, err error) {
	if s.tb != nil {
		s.tb.Helper()
		s.tb.Fatalf("cnaught: sandbox: %s: %v", method, err)
	}
	panic(fmt.Sprintf("cnaught: sandbox: %s: %v", method, err))
}

// enter and leave count the API requests that Close has to wait for.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.active.Add(1)
	return true
}

func (s *Server) leave() { s.active.Done() }

// finish completes the log of a request; a is nil if nothing was answered.
func (s *Server) finish(entry *Request, r *http.Request, a *answer, started time.Time) {
	status := 0
	if a != nil {
		status = a.status
		s.requests.answered(entry, a)
	}
	s.logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", entry.Method), slog.String("path", entry.Path),
		slog.String("operation", entry.Operation), slog.Int("status", status),
		slog.Duration("took", time.Since(started)), slog.String("fault", entry.Fault))
}
