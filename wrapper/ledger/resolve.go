package ledger

import (
	"context"
	"fmt"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Decision is a person's decision about a stuck purchase. [Retry], [BoughtAs] and
// [NotBought] return one.
type Decision struct {
	kind   decision
	id     string
	reason string
}

type decision int

const (
	decideRetry decision = iota + 1
	decideBought
	decideNotBought
)

// Retry decides that the ledger tries again, with the same key, for another
// GiveUpAfter. The ledger looks for an existing order first.
func Retry() Decision { return Decision{kind: decideRetry} }

// BoughtAs decides that the order with this id belongs to the purchase. With it,
// [Ledger.Resolve] returns [ErrConflict] if the order belongs to another
// purchase. If the order has no mark, was placed for an earlier record of the
// ref, or has another amount, the purchase's Err records that a person decided.
func BoughtAs(id string) Decision { return Decision{kind: decideBought, id: id} }

// NotBought decides that there is no order and that there will be none. With it,
// [Ledger.Resolve] returns [ErrOrderExists] if the API lists the order, which it
// then books unless its amount differs, and [ErrTooEarly] while the last request
// may still take effect.
func NotBought(reason string) Decision { return Decision{kind: decideNotBought, reason: reason} }

// Resolve carries out a person's decision about a stuck purchase. It returns
// [ErrNotStuck] if the purchase is not stuck.
func (l *Ledger) Resolve(ctx context.Context, ref string, d Decision) error {
	if err := checkRef("Resolve", ref); err != nil {
		return err
	}
	if d.kind == 0 {
		return invalid("Resolve", "decision", "is empty: use Retry, BoughtAs or NotBought")
	}
	line, err := l.read(ctx, "Resolve", ref)
	if err != nil {
		return err
	}
	notStuck := &failure{call: "Resolve", ref: ref, kind: ErrNotStuck}
	if line.State != Stuck {
		return notStuck
	}
	var done bool
	switch d.kind {
	case decideRetry:
		done, err = affected(l.db.ExecContext(ctx, l.sql.retry, ref))
		if err != nil {
			err = databaseError("Resolve", err)
		}
	case decideBought:
		done, err = l.resolveBought(ctx, line, d.id)
	case decideNotBought:
		return l.resolveNotBought(ctx, line, d.reason)
	}
	if err == nil && !done {
		err = notStuck
	}
	return err
}

func (l *Ledger) resolveBought(ctx context.Context, line *line, id string) (bool, error) {
	order, err := l.client.GetOrder(ctx, id, actFor(line.Subaccount))
	if err != nil {
		return false, fmt.Errorf("cnaught: ledger: Resolve of %q: %w", line.Ref, err)
	}
	note := ""
	switch mark, _ := splitMark(cnaught.Value(order.Metadata)); {
	case mark == "":
		note = fmt.Sprintf("a person said that this is order %s, which has no mark", id)
	case mark != line.mark && refPart(mark) != refPart(line.mark):
		return false, &failure{call: "Resolve", ref: line.Ref, kind: ErrConflict,
			err: fmt.Errorf("order %s has the mark of another purchase", id)}
	case mark != line.mark:
		note = fmt.Sprintf("a person said that this is order %s, which was placed for an earlier record", id)
	case !fits(line, order):
		note = fmt.Sprintf("a person said that this is order %s, which has another amount", id)
	}
	return l.bookFact(ctx, line, order, false, l.sql.overridden, note)
}

func (l *Ledger) resolveNotBought(ctx context.Context, line *line, reason string) error {
	s, err := l.look(ctx, line.Subaccount, time.UnixMilli(line.createdMS), func() error { return nil })
	if err != nil {
		return fmt.Errorf("cnaught: ledger: Resolve of %q: %w", line.Ref, err)
	}
	exists := func(id string) error {
		return &failure{call: "Resolve", ref: line.Ref, kind: ErrOrderExists, err: fmt.Errorf("its id is %s", id)}
	}
	if order, others, _, _ := s.find(line); order != nil {
		if _, err := l.bookFact(ctx, line, order, false, l.sql.bought, ""); err != nil {
			return err
		}
		if err := l.addExtra(ctx, line, others...); err != nil {
			return err
		}
		return exists(order.ID)
	}
	if own := s.marked[line.mark]; len(own) > 0 { // The order has another amount.
		return exists(own[0].ID)
	}
	if reason == "" {
		reason = "a person said that nothing was bought"
	}
	p := line.Purchase
	p.State, p.Err = Refused, reason
	booked, err := l.book(ctx, &p, l.sql.notBought, reason, line.Ref, ms(elapsed(s.began)), ms(l.o.quiet()))
	if err != nil || booked {
		return err
	}
	if now, err := l.read(ctx, "Resolve", line.Ref); err != nil || now.State != Stuck {
		return &failure{call: "Resolve", ref: line.Ref, kind: ErrNotStuck, err: err}
	}
	return &failure{call: "Resolve", ref: line.Ref, kind: ErrTooEarly}
}
