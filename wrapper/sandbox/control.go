package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Errors of the methods that play CNaught's or the customer's part, for
// errors.Is: what the methods return says more.
var (
	// ErrNotFound: the books have nothing with this id.
	ErrNotFound = errors.New("not found")
	// ErrState: it is there, but not in a state in which this can happen.
	ErrState = errors.New("wrong state")
	// ErrClosed: the sandbox was closed.
	ErrClosed = errors.New("the sandbox is closed")
)

// command runs what a test tells the sandbox to do. Nothing is committed if fn
// fails.
func (s *Server) command(name string, fn func(*tx) error) error {
	var failure error
	err := s.books.update(func(tx *tx) {
		if failure = fn(tx); failure != nil {
			tx.change = change{}
		}
	})
	if failure != nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("cnaught: sandbox: %s: %w", name, err)
	}
	return nil
}

// look reads the books as they are, also after Close or when the state file
// can no longer be written.
func (s *Server) look(fn func(*tx)) {
	b := s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil && !errors.Is(err, ErrClosed) {
		s.logger.Error("cnaught sandbox: doing what is due", "error", err)
	}
	fn(&tx{books: b, now: b.clock.now()})
}

// convert makes the generated type of what clients see, the way a client
// would.
func convert[T any](shown any) (v T) {
	body, err := encode(shown)
	if err == nil {
		err = json.Unmarshal(body, &v)
	}
	if err != nil {
		// Both types describe one document; the contract tests prove it.
		panic(fmt.Sprintf("cnaught: sandbox: %T is no %T: %v", shown, v, err))
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
