package ledger

import (
	"errors"
	"fmt"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Sentinels for errors.Is. Input that makes no sense gives a
// [*cnaught.InvalidRequestError], which matches [cnaught.ErrInvalidRequest].
var (
	// ErrConflict: the ref was recorded before, with another order or for
	// another subaccount; or an order belongs to another purchase.
	ErrConflict = errors.New("cnaught: ledger: conflict")
	// ErrNotRecorded: no purchase has this ref.
	ErrNotRecorded = errors.New("cnaught: ledger: not recorded")
	// ErrBusy: another worker is at it, or one that was killed was. Ask again
	// later; what comes of it is in the ledger. A killed worker's purchase is free
	// again after CallTimeout and 10 seconds at most (or twice CallTimeout, if that
	// is shorter): 40 seconds with the defaults.
	ErrBusy = errors.New("cnaught: ledger: another worker, or one that was killed, holds the purchase: ask again later")
	// ErrSent: the purchase can't be withdrawn, since a request may be out.
	ErrSent = errors.New("cnaught: ledger: the purchase has been sent")
	// ErrNotStuck: only a stuck purchase waits for a person's decision.
	ErrNotStuck = errors.New("cnaught: ledger: the purchase is not stuck")
	// ErrTooEarly: it can't be known yet that a purchase was not made. Decide
	// again later.
	ErrTooEarly = errors.New("cnaught: ledger: a request may still be under way")
	// ErrOrderExists: a person said that nothing was bought, and the API lists
	// the order.
	ErrOrderExists = errors.New("cnaught: ledger: the order exists")
	// ErrSchema: the ledger's table is missing or another version's. Put
	// [Schema] into the program's migrations.
	ErrSchema = errors.New("cnaught: ledger: the table cnaught_purchases is missing or has other columns: run ledger.Schema in a migration")
	// ErrDatabase: the database failed; the driver's error is wrapped.
	ErrDatabase = errors.New("cnaught: ledger: the database failed")
)

// invalid refuses input before anything is written or sent.
func invalid(call, field, format string, args ...any) error {
	return &cnaught.InvalidRequestError{Call: "ledger." + call, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// failure is a sentinel with the call and the ref that it is about.
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
