package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// claim is a line that this worker holds.
type claim struct {
	*line
	token   string          // stored as the lease of the line
	renewed time.Time       // just before the line was claimed or its lease last renewed
	look    *look           // the latest look that covers this line, or nil
	calls   context.Context // ends the calls to the API for this claim
	booked  bool            // whether this claim booked a state, so that line is current
}

// errLost means that another worker now holds the line or has settled it.
var errLost = errors.New("cnaught: ledger: the claim is lost")

// elapsed returns how much time has passed since a time, by the monotonic or by the
// wall clock, whichever shows more. Either may show too little, which would not be
// safe, since the monotonic clock stops while a machine is suspended, and the wall
// clock may be set back.
func elapsed(since time.Time) time.Duration {
	return max(time.Since(since), time.Now().Round(0).Sub(since.Round(0)))
}

// mustLook reports whether the ledger must look for the order in the list before
// it sends the key again.
func (c *claim) mustLook(trustKey time.Duration) bool {
	return c.sent && (c.anchored == nil || *c.anchored+elapsed(c.renewed) >= trustKey)
}

// claimDue claims up to n lines that are due. If subaccount is not nil, it claims
// only lines of that subaccount for which a request was sent. They share token,
// so that one renewal covers them all; an empty token stands for a new one.
func (l *Ledger) claimDue(ctx, calls context.Context, n int, subaccount *string, token string) ([]*claim, error) {
	// Were the statement canceled after it took effect, the lines would stay
	// claimed until their leases end.
	ctx, cancel := detached(ctx)
	defer cancel()
	if token == "" {
		token = rand.Text()
	}
	began := time.Now()
	lines, err := l.lines(ctx, l.sql.claim, subaccount, n, token, ms(l.o.lease()))
	if err != nil {
		return nil, databaseError("Run", err)
	}
	claims := make([]*claim, len(lines))
	for i, line := range lines {
		claims[i] = &claim{line: line, token: token, renewed: began, calls: calls}
	}
	return claims, nil
}

// claimRef claims one line. It returns nil if there is no such line, if nothing
// is left to do for it, if another worker holds it, or if it is too early for the
// next try.
func (l *Ledger) claimRef(ctx context.Context, call, ref string) (*claim, error) {
	calls := context.WithoutCancel(ctx) // A customer who leaves does not cancel the purchase.
	ctx, cancel := detached(ctx)
	defer cancel()
	c := &claim{token: rand.Text(), renewed: time.Now(), calls: calls}
	lines, err := l.lines(ctx, l.sql.claimRef, c.token, ms(l.o.lease()), ref)
	switch {
	case err != nil:
		return nil, databaseError(call, err)
	case len(lines) == 0:
		return nil, nil
	}
	c.line = lines[0]
	return c, nil
}

// renew extends the leases of claims that share a token. It returns errLost if
// none of the lines is held by that token any more.
func (l *Ledger) renew(ctx context.Context, claims []*claim) error {
	began := time.Now()
	ours, err := affected(l.db.ExecContext(ctx, l.sql.renew, ms(l.o.lease()), claims[0].token))
	switch {
	case err != nil:
		return databaseError("renew", err)
	case !ours:
		return errLost
	}
	for _, c := range claims {
		c.renewed = began
	}
	return nil
}

// markSent records that a call is about to be made. It reports false if the call
// must not be made, because another worker holds the line or because the API may
// have forgotten the key by now.
func (l *Ledger) markSent(ctx context.Context, c *claim) (bool, error) {
	began, looked := c.renewed, 0
	if c.look != nil {
		began, looked = c.look.began, 1
	}
	ok, err := affected(l.db.ExecContext(ctx, l.sql.send, looked, ms(elapsed(began)), c.Ref, c.token, ms(l.o.TrustKey)))
	if err != nil {
		return false, databaseError("send", err)
	}
	c.sent = c.sent || ok
	return ok, nil
}

// giveBack ends a claim without settling the purchase. Run claims the line again
// after delay, and Settle not before rest has passed. answered says that the API
// answered the call, which counts as one of the purchase's tries.
func (l *Ledger) giveBack(ctx context.Context, c *claim, rest, delay time.Duration, why string, answered bool) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	tries := 0
	if answered {
		tries = 1
	}
	if _, err := l.db.ExecContext(ctx, l.sql.giveBack, ms(rest), ms(max(rest, delay)), why, tries, c.Ref, c.token); err != nil {
		return databaseError("give back", err)
	}
	return nil
}

const otherAmount = "an order with this purchase's mark has another amount"

// find returns the line's order among those that the look has seen, preferably
// one that is not cancelled. others are further orders for the purchase. odd is
// an order that matches the line only in part, so that a person has to decide,
// and why says how it differs.
func (s *look) find(l *line) (order *api.Order, others []*api.Order, odd *api.Order, why string) {
	for _, o := range s.marked[l.mark] {
		switch {
		case !fits(l, o):
			odd, why = o, otherAmount
			others = append(others, o)
		case order == nil:
			order = o
		case isCancelled(order) && !isCancelled(o):
			order, others = o, append(others, order)
		default:
			others = append(others, o)
		}
	}
	for _, o := range s.related[refPart(l.mark)] {
		if mark, _ := splitMark(*o.Metadata); mark != l.mark {
			if odd == nil {
				odd, why = o, "an order was placed for an earlier record of this ref; the database may have been restored from a backup"
			}
			others = append(others, o)
		}
	}
	return order, others, odd, why
}

// fits reports whether the order may have the amount that the line asked for. It
// compares whole kilograms only, because the API rounds fractions and derives
// the amount of an order by total price itself.
func fits(l *line, o *api.Order) bool {
	want := l.Request.AmountKg
	return want == 0 || want != float64(int64(want)) || o.AmountKg == 0 || o.AmountKg == want
}

func isCancelled(o *api.Order) bool { return o.State == api.OrderStateCancelled }
