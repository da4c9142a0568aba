package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

const (
	// minRest is how long Settle leaves a purchase alone after a try.
	minRest = time.Second
	// maxBackoff bounds the time between two tries, maxRetryAfter what a server
	// can ask for.
	maxBackoff    = 5 * time.Minute
	maxRetryAfter = time.Hour
)

// errUnreachable: no purchase will get through now.
var errUnreachable = errors.New("cnaught: ledger: the API can't be reached")

// Settle settles a recorded purchase now, unless another worker is at it
// ([ErrBusy]). Within a second of the last try, and before the time that the API
// asked to be left alone, it does nothing; then, and after a try that settled
// nothing, the purchase comes back as Pending, with Err and Due. What is
// settled comes back as it is. So a nil error does not mean that it is bought: look
// at State, and note that Order is nil unless that is [Bought].
//
// Once a request may be out, the end of ctx does not cancel it: Settle returns
// within CallTimeout. A look through the list ends with ctx.
func (l *Ledger) Settle(ctx context.Context, ref string) (*Purchase, error) {
	return l.settle(ctx, "Settle", ref)
}

func (l *Ledger) settle(ctx context.Context, call, ref string) (*Purchase, error) {
	if err := checkRef(call, ref); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("cnaught: ledger: %s of %q: %w", call, ref, err)
	}
	c, err := l.claimRef(ctx, call, ref)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return l.outcome(ctx, call, c, l.work(ctx, c))
	}
	line, err := l.read(ctx, call, ref)
	if err != nil {
		return nil, err
	}
	if line.lease != "" {
		return nil, &failure{call: call, ref: ref, kind: ErrBusy}
	}
	return &line.Purchase, nil
}

// outcome is what Settle and Buy return after a claim has ended.
func (l *Ledger) outcome(ctx context.Context, call string, c *claim, err error) (*Purchase, error) {
	if err != nil && !errors.Is(err, errUnreachable) {
		return nil, err
	}
	if c.booked {
		return &c.Purchase, nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	line, err := l.read(ctx, call, c.Ref)
	if err != nil {
		return nil, err
	}
	return &line.Purchase, nil
}

// work does what a claimed line needs, and ends the claim. It returns
// errUnreachable or a failure of the database; what became of the purchase
// stands in the line.
func (l *Ledger) work(ctx context.Context, c *claim) error {
	if c.State != Pending {
		return l.retell(ctx, c)
	}
	spent := c.Tries >= maxTries || c.age >= l.o.GiveUpAfter
	if c.look == nil && (spent || c.mustLook(l.o.TrustKey)) {
		if err := l.lookFor(ctx, []*claim{c}); err != nil {
			return l.lookFailed(ctx, c, err)
		}
	}
	if done, err := l.bookSeen(ctx, c); done || err != nil {
		return err
	}
	switch {
	case spent:
		return l.bookStuck(ctx, c, "", givenUp(c), 0)
	case ctx.Err() != nil || elapsed(c.renewed) > l.o.CallTimeout: // it would be sent too long after the look
		return l.giveBack(ctx, c, 0, 0, c.Err, false)
	}
	ours, err := l.markSent(ctx, c)
	if err != nil {
		return errors.Join(err, l.giveBack(ctx, c, minRest, minRest, c.Err, false))
	}
	if !ours {
		return l.giveBack(ctx, c, 0, 0, c.Err, false) // changes nothing unless it is the key that is too old
	}
	return l.send(ctx, c)
}

func givenUp(c *claim) string {
	why := fmt.Sprintf("given up after %d answered failures and %v", c.Tries, c.age.Round(time.Second))
	if c.Err != "" {
		why += ", the last: " + c.Err
	}
	return why
}

// send makes the call that the line says is being made.
func (l *Ledger) send(ctx context.Context, c *claim) error {
	callCtx, cancel := context.WithDeadline(c.calls, c.renewed.Add(l.o.CallTimeout))
	order, unmarked, err := l.place(callCtx, c)
	cancel()
	what, retryAfter := classify(err)
	rest := max(minRest, min(retryAfter, maxRetryAfter))
	switch what {
	case ordered:
		if !fits(c.line, order) {
			return l.bookStuck(ctx, c, order.ID, otherAmount, 0)
		}
		return l.bookBought(ctx, c, order, unmarked)
	case no, mismatch:
		return l.settleNo(ctx, c, what, err)
	case unreachable:
		return errors.Join(unreachableError(c, err), l.giveBack(ctx, c, rest, 0, text(err), false))
	case lost:
		if c.calls.Err() != nil { // Run ends
			return l.giveBack(ctx, c, 0, 0, text(err), false)
		}
		return l.giveBack(ctx, c, rest, backoff(c.age), text(err), false)
	default:
		return l.giveBack(ctx, c, rest, backoff(c.age), text(err), true)
	}
}

// unreachableError is nil if it is only our own context that has ended.
func unreachableError(c *claim, err error) error {
	if c.calls.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

// settleNo books a "no" if there is surely no order: nothing was sent before
// this call, or the list shows nothing so long after the call before it that
// nothing can come any more. The key's use with another request is settled in
// the same way, but nobody knows what that request was: stuck.
func (l *Ledger) settleNo(ctx context.Context, c *claim, what answer, cause error) error {
	if c.look == nil || what == mismatch {
		if err := l.lookFor(ctx, []*claim{c}); err != nil {
			return l.lookFailed(ctx, c, err)
		}
		if done, err := l.bookSeen(ctx, c); done || err != nil {
			return err
		}
	}
	var err error
	if what == no {
		err = l.bookRefused(ctx, c, text(cause))
	} else {
		err = l.bookStuck(ctx, c, "", text(cause), l.o.quiet())
	}
	if err != nil || c.booked {
		return err
	}
	return l.giveBack(ctx, c, l.o.quiet(), l.o.quiet(), text(cause), true)
}

// lookFailed ends a claim whose look is worth nothing. A purchase whose time
// is long over becomes stuck all the same: every purchase ends.
func (l *Ledger) lookFailed(ctx context.Context, c *claim, cause error) error {
	what, retryAfter := classify(cause)
	if what == unreachable && isTimeout(cause) {
		what = lost
	}
	rest := max(minRest, min(retryAfter, maxRetryAfter))
	switch {
	case errors.Is(cause, errLost):
		return nil
	case errors.Is(cause, ErrDatabase):
		return errors.Join(cause, l.giveBack(ctx, c, minRest, minRest, c.Err, false))
	case ctx.Err() != nil:
		return l.giveBack(ctx, c, 0, 0, c.Err, false)
	case what == unreachable:
		return errors.Join(unreachableError(c, cause), l.giveBack(ctx, c, rest, 0, text(cause), false))
	case c.Tries >= 2*maxTries || c.age >= 2*l.o.GiveUpAfter:
		return l.bookStuck(ctx, c, "", text(cause), 0)
	}
	return l.giveBack(ctx, c, rest, backoff(c.age), "looking for the order: "+text(cause), what != lost)
}

// isTimeout tells a list that takes too long from an API that can't be reached.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// backoff grows with the time that it has taken already: a quarter of it, give
// or take a quarter.
func backoff(age time.Duration) time.Duration {
	d := min(max(age/4, time.Second), maxBackoff)
	return d - d/4 + rand.N(d/2)
}
