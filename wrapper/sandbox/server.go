package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// shutdownGrace bounds how long Close waits for answers under way.
const shutdownGrace = 250 * time.Millisecond

// clockPoll is how often a clock of the user's own is looked at.
const clockPoll = 100 * time.Millisecond

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

	mu       sync.Mutex
	closed   bool
	active   sync.WaitGroup // API requests being answered
	closing  chan struct{}
	stop     context.CancelFunc
	loops    sync.WaitGroup
	closeErr error
}

// TB is the part of testing.TB that [Run] uses.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// New starts a sandbox on a free loopback port. Like httptest.NewServer it
// panics if it can't; use [Open] to get the error. Close it when done.
func New(opts ...Option) *Server {
	s, err := Open(opts...)
	if err != nil {
		panic(err.Error())
	}
	return s
}

// Run starts a sandbox for one test and closes it when the test ends. A
// mistake in its use ends the test.
func Run(t TB, opts ...Option) *Server {
	t.Helper()
	s, err := Open(append(slices.Clip(opts), func(s *settings) { s.tb = t })...)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("%v", err)
		}
	})
	return s
}

// Open starts a sandbox. It fails if it can't listen, or if the state file
// can't be read.
func Open(opts ...Option) (*Server, error) {
	set := settings{addr: "127.0.0.1:0", apiKey: DefaultAPIKey, requestLog: defaultRequestLog, logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&set)
	}
	s, err := open(&set)
	if err != nil {
		return nil, fmt.Errorf("cnaught: sandbox: %w", err)
	}
	return s, nil
}

func open(set *settings) (*Server, error) {
	if set.apiKey == "" {
		return nil, errors.New("the API key is empty")
	}
	s := &Server{
		baseURL: strings.TrimSuffix(set.baseURL, "/"), apiKey: set.apiKey,
		noSubaccounts: set.noSubaccounts, sampleData: !set.emptyBooks, foreignLogos: set.foreignLogos,
		tb: set.tb, logger: set.logger,
		clock:      &clock{base: set.now, custom: set.now != nil},
		catalog:    newCatalog(),
		requests:   newRequestLog(set.requestLog),
		logoClient: outgoingClient(set.foreignLogos),
		closing:    make(chan struct{}),
	}
	if s.clock.base == nil {
		s.clock.base = time.Now
	}
	s.books = newBooks(s.clock, s.catalog, rules{set.fulfillAfter, set.publicWebhooks})
	s.router = newRouter(operations{s: s})
	if err := s.load(set); err != nil {
		return nil, err
	}
	listener, err := s.listen(set)
	if err != nil {
		return nil, errors.Join(err, s.books.close())
	}
	s.handler = s.routes()
	s.start(set, listener)
	return s, nil
}

// load fills the books from the state file, or with the sample data.
func (s *Server) load(set *settings) error {
	fresh := true
	if set.stateFile != "" {
		journal, isNew, err := openJournal(set.stateFile, s.books.apply)
		if err != nil {
			return err
		}
		s.books.journal, fresh = journal, isNew
	}
	var err error
	switch {
	case !fresh: // without its history it does not grow from start to start
		err = s.books.journal.rewrite(s.books.snapshot)
	case !set.emptyBooks:
		err = s.books.commit(&change{
			Orders: []*order{wellKnownOrder()}, Sessions: []*session{examplePublishedSession()},
		})
	}
	if err != nil {
		return errors.Join(err, s.books.close())
	}
	return nil
}

// listen opens the port, if there is to be one; nothing is served yet.
func (s *Server) listen(set *settings) (net.Listener, error) {
	if set.noListener {
		s.baseURL = cmp.Or(s.baseURL, "http://localhost")
		return nil, nil
	}
	listener, err := net.Listen("tcp", set.addr)
	if err != nil {
		return nil, err
	}
	s.baseURL = cmp.Or(s.baseURL, "http://"+listener.Addr().String())
	return listener, nil
}

// start begins to serve, to send webhooks and to do what is due by the clock.
func (s *Server) start(set *settings, listener net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	client := outgoingClient(set.publicWebhooks)
	if set.webhookTransport != nil {
		client.Transport = set.webhookTransport
	}
	s.courier = newCourier(ctx, client, s.delivered)
	s.books.mu.Lock()
	s.books.send = s.courier.send
	s.books.mu.Unlock()
	s.loops.Go(func() { s.watch(ctx) })
	if listener == nil {
		return
	}
	s.http = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	s.loops.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("cnaught sandbox: listening", "error", err)
		}
	})
}

// watch does what is due as soon as it is.
func (s *Server) watch(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, planned, err := s.books.untilDue()
		switch {
		case errors.Is(err, ErrClosed):
			return
		case err != nil:
			s.logger.Error("cnaught sandbox: doing what is due", "error", err)
			wait = time.Second
		case !planned:
			wait = time.Hour
		case s.clock.custom:
			wait = min(wait, clockPoll)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.books.wake:
		case <-ctx.Done():
			return
		}
	}
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

// Handler serves all that the sandbox serves: the API under /v1/, and logos.
// Mount it elsewhere together with [WithBaseURL].
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

// Close ends the sandbox: requests under way are answered, delays of faults end
// at once, webhooks under way are given up (a state file keeps them for the next
// start). It returns when nothing of the sandbox runs any more. Closing twice
// is no error. The books can still be read.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.loops.Wait()
		return s.closeErr
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()

	s.active.Wait()
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		_ = s.http.Shutdown(ctx) // what is not idle by then is cut off
		cancel()
		_ = s.http.Close()
	}
	s.stop()
	s.courier.stop()
	s.loops.Wait()
	s.logoClient.CloseIdleConnections()
	if err := s.books.close(); err != nil {
		s.closeErr = fmt.Errorf("cnaught: sandbox: Close: %w", err)
	}
	return s.closeErr
}
