package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// shutdownGrace is how long Close waits for answers that are being sent.
const shutdownGrace = 250 * time.Millisecond

// bodyGrace is how long Close waits for the rest of a request that has begun to
// arrive.
const bodyGrace = time.Second

// TB is the part of testing.TB that [Run] uses.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// New starts a sandbox on a free loopback port. Like httptest.NewServer, it panics
// if it fails; [Open] returns an error instead. The caller must close the sandbox.
func New(opts ...Option) *Server {
	s, err := Open(opts...)
	if err != nil {
		panic(err.Error())
	}
	return s
}

// Run starts a sandbox for one test and closes it when the test ends. If it can't
// start, or if its methods are called with invalid arguments, the test fails.
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

// Open starts a sandbox. It returns an error if it can't listen or can't read the
// state file.
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
		publicWebhooks: set.publicWebhooks, remoteControl: set.remoteControl, fractions: set.fractions, tb: set.tb, logger: set.logger,
		catalog:      newCatalog(),
		requests:     newRequestLog(set.requestLog),
		reservations: reservations{inFlight: make(map[books.KeyID]bool)},
		logoClient:   outgoingClient(set.foreignLogos),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.router = newRouter(operations{s: s})
	s.courier = newCourier(s.ctx, webhookClient(set), s.delivered)
	if err := s.openBooks(set); err != nil {
		return nil, err
	}
	listener, err := s.listen(set)
	if err != nil {
		return nil, errors.Join(err, s.books.Close())
	}
	for _, p := range set.prices {
		if err := s.setPrice(p.PortfolioID, p.API, p.Checkout); err != nil {
			return nil, errors.Join(fmt.Errorf("WithPrice: %w", err), s.closeUnstarted(listener))
		}
	}
	if u, err := url.Parse(s.baseURL); err == nil {
		s.loopback = loopbackHost(u.Hostname())
	}
	s.handler = s.routes()
	s.start(listener)
	return s, nil
}

// closeUnstarted closes the books and the listener of a sandbox that was not started.
func (s *Server) closeUnstarted(listener net.Listener) error {
	err := s.books.Close()
	if listener != nil {
		err = errors.Join(err, listener.Close())
	}
	return err
}

// openBooks opens the books in the state file, or creates books with the sample data.
func (s *Server) openBooks(set *settings) (err error) {
	seed := &books.Change{Orders: []*books.Order{wellKnownOrder()}, Sessions: []*books.Session{examplePublishedSession()}}
	if set.emptyBooks {
		seed = nil
	}
	s.books, err = books.Open(books.Options{
		Now: set.now, FulfillAfter: set.fulfillAfter, OrderDelay: set.orderDelay, KeyLifetime: set.keyLifetime,
		StateFile: set.stateFile, Seed: seed,
		Notification: s.notification, Send: s.courier.send,
		Warn: func(err error) { s.logger.Error("cnaught sandbox: work in the background failed", "error", err) },
	})
	return err
}

// listen opens the port, unless the sandbox has no listener. It does not serve
// requests yet.
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

// start begins to run events as they become due and, if there is a listener, to serve
// requests.
func (s *Server) start(listener net.Listener) {
	s.loops.Go(func() { s.books.Run(s.ctx) })
	if listener == nil {
		return
	}
	s.http = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	s.loops.Go(func() {
		if err := s.http.Serve(problemListener{listener, s.logger}); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("cnaught sandbox: listening failed", "error", err)
		}
	})
}

// Close stops the sandbox. It still answers requests that have begun, if they arrive
// completely within a second, but not those that a fault delays. It abandons the
// webhooks that are being sent; a state file keeps them for the next start. When Close
// returns, no goroutine of the sandbox is running. Methods that only read data still
// work, and Close may be called again.
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
		_ = s.http.Shutdown(ctx) // The next Close closes the connections that are left.
		cancel()
		_ = s.http.Close()
	}
	s.courier.stop()
	s.loops.Wait()
	s.logoClient.CloseIdleConnections()
	if err := s.books.Close(); err != nil {
		return fmt.Errorf("cnaught: sandbox: Close: %w", err)
	}
	return nil
}
