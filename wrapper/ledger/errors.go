package ledger

import (
	"errors"
	"fmt"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Sentinels for errors.Is. Invalid input gives a [*cnaught.InvalidRequestError],
// which matches [cnaught.ErrInvalidRequest].
var (
	// ErrConflict means that the ref was recorded before, with another order or
	// for another subaccount, or that an order belongs to another purchase.
	ErrConflict = errors.New("cnaught: ledger: conflict")
	// ErrNotRecorded means that no purchase has this ref.
	ErrNotRecorded = errors.New("cnaught: ledger: not recorded")
	// ErrBusy means that another worker is settling the purchase, or was when it was
	// killed. Call again later, or read the result with [Ledger.Get]. A killed
	// worker's purchase is free again after CallTimeout and 10 seconds at most (or
	// twice CallTimeout, if that is shorter): 40 seconds with the defaults.
	ErrBusy = errors.New("cnaught: ledger: another worker, or one that was killed, holds the purchase: ask again later")
	// ErrSent means that the purchase can't be withdrawn, because a request for
	// it may have been sent.
	ErrSent = errors.New("cnaught: ledger: the purchase has been sent")
	// ErrNotStuck means that the purchase is not stuck, so that there is nothing
	// for a person to decide.
	ErrNotStuck = errors.New("cnaught: ledger: the purchase is not stuck")
	// ErrTooEarly means that the last request for the purchase may still take
	// effect, so that nobody can know yet that nothing was bought. Call again
	// later.
	ErrTooEarly = errors.New("cnaught: ledger: a request may still be under way")
	// ErrOrderExists means that the API lists an order for a purchase of which a
	// person said that nothing was bought.
	ErrOrderExists = errors.New("cnaught: ledger: the order exists")
	// ErrSchema means that the ledger's table is missing or was made by another
	// version of this package. Add [Schema] to the program's migrations.
	ErrSchema = errors.New("cnaught: ledger: the table cnaught_purchases is missing or has other columns: run ledger.Schema in a migration")
	// ErrDatabase means that the database failed. The error also wraps the
	// driver's error.
	ErrDatabase = errors.New("cnaught: ledger: the database failed")
)

// invalid returns the error for input that was refused before anything was
// written or sent.
func invalid(call, field, format string, args ...any) error {
	return &cnaught.InvalidRequestError{Call: "ledger." + call, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// failure wraps a sentinel, and the cause if there is one, with the name of the
// method and the ref that it was called with.
type failure struct {
	call, ref string
	kind, err error
}

func (e *failure) Error() string {
	text := fmt.Sprintf("cnaught: ledger: %s", e.call)
	if e.ref != "" {
		text += fmt.Sprintf(" of %q", e.ref)
	}
	text += ": " + e.kind.Error()[len("cnaught: ledger: "):]
	if e.err != nil {
		text += ": " + e.err.Error()
	}
	return text
}

func (e *failure) Unwrap() []error {
	if e.err == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.err}
}

func databaseError(call string, err error) error {
	return &failure{call: call, kind: ErrDatabase, err: err}
}
