package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// answer is what a call came to.
type answer int

const (
	ordered     answer = iota // the order came back
	no                        // the API, or the client before it sent anything, refused this very request
	mismatch                  // the key was used with another request
	unclear                   // the API answered, and the outcome is open
	lost                      // no whole answer came, and the request may have acted
	unreachable               // this call did nothing, and neither would the next purchase's: no connection, or 401
)

// place sends the stored bytes with the stored key. An order that comes back
// without its mark is fetched again, since an answer may show less than what
// is kept; unmarked reports that it was not there either, or that this is not
// known.
func (l *Ledger) place(ctx context.Context, c *claim) (order *api.Order, unmarked bool, err error) {
	order = new(api.Order)
	err = l.client.Do(ctx, http.MethodPost, "/orders", json.RawMessage(c.body), order,
		cnaught.WithIdempotencyKey(c.Key), actFor(c.Subaccount))
	if err != nil {
		return nil, false, err
	}
	if mark, _ := splitMark(cnaught.Value(order.Metadata)); mark != "" {
		return order, false, checkMark(mark, c.mark)
	}
	fetched, err := l.client.GetOrder(ctx, order.ID, actFor(c.Subaccount))
	if err != nil {
		return order, true, nil
	}
	mark, _ := splitMark(cnaught.Value(fetched.Metadata))
	if mark == "" {
		return fetched, true, nil
	}
	return fetched, false, checkMark(mark, c.mark)
}

var errForeign = errors.New("cnaught: ledger: the answer is about an order with another mark")

func checkMark(got, want string) error {
	if got != want {
		return errForeign
	}
	return nil
}

// classify says what a failed call means, and how long the API wants to be
// left alone.
func classify(err error) (answer, time.Duration) {
	var (
		refused   *cnaught.InvalidRequestError
		problem   *cnaught.Error
		transport *cnaught.TransportError
	)
	switch {
	case err == nil:
		return ordered, 0
	case errors.As(err, &refused):
		return no, 0
	case errors.As(err, &problem):
		switch {
		case problem.Is(cnaught.ErrUnauthorized):
			return unreachable, problem.RetryAfter
		case problem.Is(cnaught.ErrIdempotencyMismatch):
			return mismatch, problem.RetryAfter
		case isNo(problem) && !mayHaveActed(problem.CallInfo):
			return no, 0
		}
		return unclear, problem.RetryAfter
	case errors.As(err, &transport):
		if !mayHaveActed(transport.CallInfo) {
			return unreachable, 0
		}
		return lost, 0
	}
	return unclear, 0
}

// isNo: a problem document of the API's own that refuses the request itself. A
// page of a gateway or a filter is none.
func isNo(e *cnaught.Error) bool {
	if !strings.Contains(e.Type, "/errors/") {
		return false
	}
	return e.Is(cnaught.ErrInvalidParameters) || e.Is(cnaught.ErrInvalidSubaccount) ||
		e.Is(cnaught.ErrIdempotencyKeyTooLong) || e.Is(cnaught.ErrForbidden)
}

// mayHaveActed says what is known about this very call. What an earlier one
// with the key came to is what the line's times are for.
func mayHaveActed(info cnaught.CallInfo) bool { return info.OutcomeUnknown && !info.EarlierCall }

// actFor names whose purchase it is, whatever the client's own subaccount is.
func actFor(subaccount string) cnaught.CallOption {
	if subaccount == "" {
		return cnaught.ForAccount()
	}
	return cnaught.ForSubaccount(subaccount)
}
