package sandbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// Sentinels for errors.Is. The methods that act for CNaught or for the customer,
// such as [Server.FulfillOrder], return errors that wrap one of them.
var (
	// ErrNotFound means that the sandbox has no order, session or portfolio with
	// this id.
	ErrNotFound = books.ErrNotFound
	// ErrState means that the state of the order or session does not allow the
	// change.
	ErrState = books.ErrState
	// ErrClosed means that the sandbox is closed.
	ErrClosed = books.ErrClosed
)

// commandError adds the name of the method to an error of the books.
func commandError(method string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cnaught: sandbox: %s: %w", method, err)
}

// Now returns the time of the sandbox clock, in UTC.
func (s *Server) Now() time.Time { return s.books.Now() }

// Advance moves the sandbox clock forward by d, or back if d is negative. Before
// Advance returns, it places and fulfills the orders and expires the sessions that are
// due at the new time, and starts the webhook deliveries that are due; see
// [Server.WaitForDeliveries]. Moving the clock back does not undo anything.
func (s *Server) Advance(d time.Duration) {
	if err := s.books.Advance(d); err != nil {
		s.logger.Error("cnaught sandbox: moving the clock failed", "error", err)
	}
}

// SetTime sets the sandbox clock, which then runs on from t. Like
// [Server.Advance], it makes everything happen that is due at the new time.
func (s *Server) SetTime(t time.Time) {
	if err := s.books.SetTime(t); err != nil {
		s.logger.Error("cnaught sandbox: moving the clock failed", "error", err)
	}
}

// convert encodes a value that is shown to clients and decodes it into the
// generated type, as a client would.
func convert[T any](shown any) (v T) {
	body, err := apijson.Encode(shown)
	if err == nil {
		err = json.Unmarshal(body, &v)
	}
	if err != nil {
		// Both types describe the same JSON, which the contract tests verify.
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
