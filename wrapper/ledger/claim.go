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
	token   string
	renewed time.Time       // before the claim or its last renewal
	look    *look           // the last one, if any
	calls   context.Context // what ends a call early
	booked  bool            // by this claim: the line's members are current
}

// errLost: somebody else holds the line now, or has settled it.
var errLost = errors.New("cnaught: ledger: the claim is lost")

// elapsed never says too little: the monotonic clock stands still while a
// machine is suspended, and the wall clock may be set back.
func elapsed(since time.Time) time.Duration {
	return max(time.Since(since), time.Now().Round(0).Sub(since.Round(0)))
}

// mustLook reports whether the key may not be repeated without a look.
func (c *claim) mustLook(trustKey time.Duration) bool {
	return c.sent && (c.anchored == nil || *c.anchored+elapsed(c.renewed) >= trustKey)
}

// claimDue takes up to n lines that are due; with subaccount, only those of it
// that need a look, which join a claim with that token.
func (l *Ledger) claimDue(ctx, calls context.Context, n int, subaccount *string, token string) ([]*claim, error) {
	ctx, cancel := detached(ctx) // a claim that was cut off would be left behind
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

// claimRef takes one line; nil if it is not to be had.
func (l *Ledger) claimRef(ctx context.Context, call, ref string) (*claim, error) {
	calls := context.WithoutCancel(ctx) // a customer who leaves cancels no purchase
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

// renew keeps the leases of claims with one token.
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

// markSent writes down that a call is about to be made. It reports false if it
// must not be: the line is no longer ours, or its key is too old.
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

// giveBack ends a claim without settling it. Run takes the line up again after
// delay; Settle leaves it alone for rest.
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

// find picks the line's order from a look: a live one before a cancelled one.
// odd is an order that fits the line in part, which a person has to look at.
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
				odd, why = o, "an order was placed for an earlier record of this ref: was the database restored?"
			}
			others = append(others, o)
		}
	}
	return order, others, odd, why
}

// fits compares whole amounts; the API rounds fractions, and derives the
// amounts of orders by price.
func fits(l *line, o *api.Order) bool {
	want := l.Request.AmountKg
	return want == 0 || want != float64(int64(want)) || o.AmountKg == 0 || o.AmountKg == want
}

func isCancelled(o *api.Order) bool { return o.State == api.OrderStateCancelled }
