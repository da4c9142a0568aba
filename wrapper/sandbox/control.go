package sandbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// Errors of the methods that play CNaught's or the customer's part, for
// errors.Is. The error that a method returns says more.
var (
	// ErrNotFound means that the sandbox has nothing with this id.
	ErrNotFound = books.ErrNotFound
	// ErrState means that what has this id is not in a state in which this can
	// happen.
	ErrState = books.ErrState
	// ErrClosed means that the sandbox is closed.
	ErrClosed = books.ErrClosed
)

// commandError names the method in an error of the books.
func commandError(method string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cnaught: sandbox: %s: %w", method, err)
}

// Now returns the time of the sandbox clock, in UTC.
func (s *Server) Now() time.Time { return s.books.Now() }

// Advance moves the sandbox clock forward by d, or back if d is negative. What
// is due by then happens before Advance returns: orders are placed and fulfilled,
// and sessions expire. Webhook deliveries that are due are started; see
// [Server.WaitForDeliveries]. Moving back undoes nothing.
func (s *Server) Advance(d time.Duration) {
	if err := s.books.Advance(d); err != nil {
		s.logger.Error("cnaught sandbox: moving the clock", "error", err)
	}
}

// SetTime sets the sandbox clock, which goes on running from there. See
// [Server.Advance] for what happens before it returns.
func (s *Server) SetTime(t time.Time) {
	if err := s.books.SetTime(t); err != nil {
		s.logger.Error("cnaught sandbox: moving the clock", "error", err)
	}
}

// convert returns what clients see as the generated type, decoded as a client
// would decode it.
func convert[T any](shown any) (v T) {
	body, err := apijson.Encode(shown)
	if err == nil {
		err = json.Unmarshal(body, &v)
	}
	if err != nil {
		// The types describe the same document; the contract tests prove it.
		panic(fmt.Sprintf("cnaught: sandbox: %T is not a %T: %v", shown, v, err))
	}
	return v
}

func convertAll[T, R, S any](records []*R, show func(*R) S) []T {
	all := make([]T, len(records))
	for i, r := range records {
		all[i] = convert[T](show(r))
	}
	return all
}
