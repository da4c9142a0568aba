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

// answer is the result of a call for a purchase, as far as it matters here.
type answer int

const (
	ordered     answer = iota // the API returned the order
	no                        // the API refused the request, or the client refused to send it
	mismatch                  // the key was used before with another request
	unclear                   // the API answered, but it is not known whether there is an order
	lost                      // no complete answer arrived, and the request may have taken effect
	unreachable               // the request had no effect for a reason that concerns all purchases: no connection, or 401
)

// place sends the stored body with the stored key and returns the order. If the
// answer lacks the mark, place fetches the order, because the answer to a
// purchase may show less than the API stores. unmarked reports that the mark is
// missing there too, or that the order could not be fetched.
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

// errForeign means that the API returned an order with the mark of another
// purchase.
var errForeign = errors.New("cnaught: ledger: the answer is about an order with another mark")

func checkMark(got, want string) error {
	if got != want {
		return errForeign
	}
	return nil
}

// classify returns what the error of a call means for the purchase, and how long
// the API asked to wait before the next request.
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
		case problem.Is(cnaught.ErrUnauthorized) && !mayHaveActed(problem.CallInfo):
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

// isNo reports whether the error is a problem document in which the API refuses
// the request itself. The error page of a gateway or of a filter is not one.
func isNo(e *cnaught.Error) bool {
	if !strings.Contains(e.Type, "/errors/") {
		return false
	}
	return e.Is(cnaught.ErrInvalidParameters) || e.Is(cnaught.ErrInvalidSubaccount) ||
		e.Is(cnaught.ErrIdempotencyKeyTooLong) || e.Is(cnaught.ErrForbidden)
}

// mayHaveActed reports whether this call may have placed an order. Earlier calls
// with the same key are not its concern: the times in the line tell whether one
// of those may still take effect.
func mayHaveActed(info cnaught.CallInfo) bool { return info.OutcomeUnknown && !info.EarlierCall }

// actFor returns the option with which a call is made for the subaccount, or for
// the account itself if the id is empty, regardless of the client's default.
func actFor(subaccount string) cnaught.CallOption {
	if subaccount == "" {
		return cnaught.ForAccount()
	}
	return cnaught.ForSubaccount(subaccount)
}
