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
	"time"
)

// shutdownGrace bounds how long Close waits for answers under way.
const shutdownGrace = 250 * time.Millisecond

// bodyGrace is how long Close lets a request that has begun go on arriving.
const bodyGrace = time.Second

// clockPoll is how often a clock of the user's own is looked at.
const clockPoll = 100 * time.Millisecond

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
		if opt != nil {
			opt(&set)
		}
	}
	if set.logger == nil {
		set.logger = slog.New(slog.DiscardHandler)
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
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if s.clock.base == nil {
		s.clock.base = time.Now
	}
	s.books = newBooks(s.clock, s.catalog, rules{set.fulfillAfter, set.publicWebhooks})
	s.books.warn = func(err error) { s.logger.Error("cnaught sandbox: tidying up", "error", err) }
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
	client := outgoingClient(set.publicWebhooks)
	if set.webhookTransport != nil {
		client.Transport = set.webhookTransport
	}
	s.courier = newCourier(s.ctx, client, s.delivered)
	s.books.mu.Lock()
	s.books.send = s.courier.send
	s.books.mu.Unlock()
	s.loops.Go(s.watch)
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
func (s *Server) watch() {
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
		case <-s.ctx.Done():
			return
		}
	}
}

// Close ends the sandbox: requests that come whole within a second are
// answered, delays of faults end at once, webhooks under way are given up (a state file keeps them
// for the next start). It returns when nothing of the sandbox runs any more.
// Closing twice is no error. The books can still be read.
func (s *Server) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Server) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.active.Wait()
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		_ = s.http.Shutdown(ctx) // what is not idle by then is cut off
		cancel()
		_ = s.http.Close()
	}
	s.courier.stop()
	s.loops.Wait()
	s.logoClient.CloseIdleConnections()
	if err := s.books.close(); err != nil {
		return fmt.Errorf("cnaught: sandbox: Close: %w", err)
	}
	return nil
}
