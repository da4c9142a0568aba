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
	// minRest is the shortest time between two tries with Settle.
	minRest = time.Second
	// maxBackoff limits the time between two tries, and maxRetryAfter the time
	// for which the API can ask the ledger to wait.
	maxBackoff    = 5 * time.Minute
	maxRetryAfter = time.Hour
)

// errUnreachable means that no purchase can be made at the moment.
var errUnreachable = errors.New("cnaught: ledger: the API can't be reached")

// Settle tries to settle a recorded purchase now and returns it. It returns
// [ErrBusy] if another worker is settling the purchase. It makes no try within a
// second after the last one, nor before the time for which the API asked to wait
// is over. Without a try, or if the try settles nothing, the purchase is Pending,
// and its Err and Due say why and when Run tries next. A purchase that is already
// settled is returned as it is.
// So a nil error does not mean that the purchase was made: look at State, and note that
// Order is nil unless that is [Bought].
//
// If ctx ends while a request is being made, Settle still waits for the answer,
// for at most CallTimeout. It stops looking through the list when ctx ends.
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

// outcome returns what Settle and Buy return after a claim has ended with err. A
// failure of the API is not an error of theirs: the purchase's Err has it.
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

// work takes the next step for a claimed line and ends the claim. It looks for
// the order if necessary, and then sends the request. It returns only errors that
// concern more than this purchase: errUnreachable, or a failure of the database.
// All other results are in the line.
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
	case ctx.Err() != nil || elapsed(c.renewed) > l.o.CallTimeout: // The lease might end before the call does.
		return l.giveBack(ctx, c, 0, 0, c.Err, false)
	}
	ours, err := l.markSent(ctx, c)
	if err != nil {
		return errors.Join(err, l.giveBack(ctx, c, minRest, minRest, c.Err, false))
	}
	if !ours {
		return l.giveBack(ctx, c, 0, 0, c.Err, false) // It changes nothing if another worker holds the line.
	}
	return l.send(ctx, c)
}

// givenUp returns the Err of a purchase that was tried too often or for too long.
func givenUp(c *claim) string {
	why := fmt.Sprintf("gave up after %v and %d answers that did not settle the purchase", c.age.Round(time.Second), c.Tries)
	if c.Err != "" {
		why += "; the last failure: " + c.Err
	}
	return why
}

// send makes the call that markSent or Buy has recorded, books its result and
// ends the claim.
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
		if c.calls.Err() != nil { // Run is ending, so another worker should try at once.
			return l.giveBack(ctx, c, 0, 0, text(err), false)
		}
		return l.giveBack(ctx, c, rest, backoff(c.age), text(err), false)
	default:
		return l.giveBack(ctx, c, rest, backoff(c.age), text(err), true)
	}
}

// unreachableError returns the error for an API that can't be reached, or nil if
// the call only failed because Run is ending.
func unreachableError(c *claim, err error) error {
	if c.calls.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

// settleNo settles a purchase that the API refused. The refusal concerns only the
// last call, so settleNo first looks for an order of an earlier one. The purchase
// becomes refused if there was no earlier call, or if the list shows no order so
// long after it that none can appear any more. Otherwise it stays pending. If the
// refusal says that the key was used with another request, the purchase becomes
// stuck instead of refused, because nobody knows what that request was.
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

// lookFailed ends a claim for which the list of orders could not be read. Every
// purchase has to end, so lookFailed marks it as stuck after twice the tries or
// twice the time that a purchase has otherwise.
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

// isTimeout reports whether the call took too long, which does not mean that the
// API can't be reached.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// backoff returns the time until the next try. It is a quarter of the time that
// the purchase has been pending, but at least a second and at most maxBackoff,
// varied at random by up to a quarter either way.
func backoff(age time.Duration) time.Duration {
	d := min(max(age/4, time.Second), maxBackoff)
	return d - d/4 + rand.N(d/2)
}
