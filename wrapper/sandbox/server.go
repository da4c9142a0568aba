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
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// Server is a running sandbox. It is safe for concurrent use.
type Server struct {
	baseURL        string // without /v1
	apiKey         string
	noSubaccounts  bool
	sampleData     bool
	foreignLogos   bool
	publicWebhooks bool
	remoteControl  bool
	fractions      bool
	loopback       bool // whether the host of the base URL is this machine
	tb             TB   // nil unless started by Run
	logger         *slog.Logger

	catalog      *catalog
	books        *books.Books
	router       *router
	faults       faults
	requests     *requestLog
	reservations reservations
	courier      *courier
	logoClient   *http.Client
	handler      http.Handler
	http         *http.Server // nil without a listener

	ctx       context.Context // canceled when Close begins
	stop      context.CancelFunc
	loops     sync.WaitGroup // the goroutines of the books and of the listener
	active    sync.WaitGroup // the API requests that are being answered
	mu        sync.Mutex     // guards closed
	closed    bool
	closeOnce sync.Once
	closeErr  error
}

// routes returns the handler for everything that the sandbox serves.
func (s *Server) routes() http.Handler {
	site := &pages.Site{
		BaseURL: s.baseURL, APIPath: basePath, Books: s.books, PortfolioName: s.catalog.portfolioName,
		Certificate: s.certificate, Impact: s.impactPage,
		Faults: s.faults.list, Requests: s.requestRows, NotFound: http.HandlerFunc(notFoundBesideAPI), Logger: s.logger,
	}
	rest := http.NewServeMux()
	rest.Handle("GET /logos/{subaccount}/{logo}/logo", s.logged("logo", http.HandlerFunc(s.serveLogo)))
	rest.Handle(controlPath+"/", s.logged("control", s.controlHandler()))
	rest.Handle("/", site.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// API requests do not go through the mux, because it redirects paths that are
		// not clean, which could lead a request to another operation. It also answers
		// requests whose target is not a path without a problem document.
		if r.URL.Path == basePath || strings.HasPrefix(r.URL.Path, basePath+"/") || r.URL.Path == "*" || r.Method == http.MethodConnect {
			s.serveAPI(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// logged logs one line for each request to next, and why it was refused.
func (s *Server) logged(kind string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &capture{header: make(http.Header)}
		next.ServeHTTP(c, r)
		a := c.own()
		s.logAnswer(r, kind, a, a.reason(), slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", a.status))
		a.writeTo(w)
	})
}

// notFoundBesideAPI answers a client that requests an unknown path outside the API.
func notFoundBesideAPI(w http.ResponseWriter, _ *http.Request) {
	problemAnswer(http.StatusNotFound, problem{
		Type: errorType("not-found"), Title: "Could not find resource", Details: "The API is under " + basePath,
	}).writeTo(w)
}

// URL returns the base URL for API clients, with /v1.
func (s *Server) URL() string { return s.baseURL + basePath }

// APIKey returns the API key that the sandbox accepts.
func (s *Server) APIKey() string { return s.apiKey }

// Handler returns the handler for everything that the sandbox serves: the API under
// /v1/, logos under /logos/, the control under /_sandbox/, and pages at all other
// paths. If you serve it at another URL, set that URL with [WithBaseURL].
func (s *Server) Handler() http.Handler { return s.handler }

// Client returns a client for this sandbox. If the options are invalid, it fails the
// test if the sandbox was started with [Run], and panics otherwise.
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

// fail reports a mistake in the use of the sandbox. It fails the test, or panics if
// the sandbox was not started with Run.
func (s *Server) fail(method string, err error) {
	if s.tb != nil {
		s.tb.Helper()
		s.tb.Fatalf("cnaught: sandbox: %s: %v", method, err)
	}
	panic(fmt.Sprintf("cnaught: sandbox: %s: %v", method, err))
}

// enter adds an API request to those that Close has to wait for, until leave is
// called. It reports false if the sandbox is closed.
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

// finish logs the answer to a request. The answer is nil if the connection was reset.
func (s *Server) finish(entry *Request, r *http.Request, a *answer, started time.Time) {
	status, reason := 0, ""
	if a != nil {
		status, reason = a.status, a.reason()
		s.requests.answered(entry, a, reason)
	}
	s.logAnswer(r, "request", a, reason,
		slog.String("method", entry.Method), slog.String("path", entry.Path),
		slog.String("operation", entry.Operation), slog.Int("status", status),
		slog.Duration("took", time.Since(started)), slog.String("fault", entry.Fault))
}

// logAnswer logs a line with attrs and, if there is one, the reason for which the
// request was refused. It is an error if the sandbox itself failed. The answer is nil
// if the connection was reset.
func (s *Server) logAnswer(r *http.Request, kind string, a *answer, reason string, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if a != nil && a.failed {
		level = slog.LevelError
	}
	if reason != "" {
		attrs = append(attrs, slog.String("reason", reason))
	}
	s.logger.LogAttrs(r.Context(), level, kind, attrs...)
}
