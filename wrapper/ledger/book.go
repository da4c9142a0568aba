package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// bookTimeout is the time limit for one booking, including its call of OnChange.
const bookTimeout = 30 * time.Second

// bookSeen books what the claim's look has found, or that looks can't find
// anything. It reports false if a call is still to be made, because there was no
// look or because the look showed that there is no order.
func (l *Ledger) bookSeen(ctx context.Context, c *claim) (bool, error) {
	if c.look == nil {
		return false, nil
	}
	order, others, odd, why := c.look.find(c.line)
	switch {
	case order != nil:
		if err := l.bookBought(ctx, c, order, false); err != nil {
			return false, err
		}
		return true, l.addExtra(ctx, c.line, others...)
	case odd != nil:
		return true, l.bookStuck(ctx, c, odd.ID, why, 0)
	case c.look.blind:
		return true, l.bookStuck(ctx, c, "", "the API returns orders without their metadata, so an order can't be found in its list", 0)
	}
	return false, nil
}

// bookBought books an order that exists. Nothing that the line said before can
// make the order untrue, so booking it does not depend on the claim. If another
// order is already booked, bookBought adds this one to Extra.
func (l *Ledger) bookBought(ctx context.Context, c *claim, order *api.Order, unmarked bool) error {
	booked, err := l.bookFact(ctx, c.line, order, unmarked, l.sql.bought, "")
	c.booked = booked
	return err
}

// bookFact runs query to book an order that exists, or adds the order to Extra
// if the query does not apply. unmarked says that the order came back without
// its mark, and note becomes the purchase's Err.
func (l *Ledger) bookFact(ctx context.Context, line *line, order *api.Order, unmarked bool, query, note string) (bool, error) {
	kept, err := json.Marshal(order)
	if err != nil {
		return false, fmt.Errorf("cnaught: ledger: order %s can't be encoded: %w", order.ID, err)
	}
	flag := 0
	if unmarked {
		flag = 1
		l.o.Logger.ErrorContext(ctx, "cnaught: ledger: an order came back without its metadata", "ref", line.Ref, "order", order.ID)
	}
	p := line.Purchase
	p.State, p.Order, p.OrderID, p.Err, p.Due = Bought, withoutMark(order), order.ID, note, time.Time{}
	booked, err := l.book(ctx, &p, query, order.ID, string(kept), flag, note, p.Ref)
	switch {
	case err != nil:
		return false, err
	case booked:
		line.Purchase = p
		return true, nil
	}
	return false, l.addExtra(ctx, line, order)
}

// addExtra adds orders to Extra, unless they are in it or are the one booked.
func (l *Ledger) addExtra(ctx context.Context, line *line, orders ...*api.Order) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	for _, o := range orders {
		added, err := affected(l.db.ExecContext(ctx, l.sql.extra, o.ID, line.Ref))
		if err != nil {
			return databaseError("book", err)
		}
		if added {
			line.Extra = append(line.Extra, o.ID)
			l.o.Logger.ErrorContext(ctx, "cnaught: ledger: a purchase has more than one order", "ref", line.Ref, "order", o.ID)
		}
	}
	return nil
}

// bookRefused marks the purchase as refused, provided that the claim still holds
// and that no earlier request can lead to an order any more.
func (l *Ledger) bookRefused(ctx context.Context, c *claim, why string) error {
	p := c.Purchase
	p.State, p.Err, p.Due = Refused, why, time.Time{}
	return l.bookClaimed(ctx, c, &p, l.sql.refused, why, c.Ref, c.token, ms(elapsed(c.look.began)), ms(l.o.quiet()))
}

// bookStuck marks the purchase as stuck, provided that the claim still holds. If
// quiet is not zero, the look must also have begun at least that long after the
// call before the last one.
func (l *Ledger) bookStuck(ctx context.Context, c *claim, orderID, why string, quiet time.Duration) error {
	p := c.Purchase
	p.State, p.OrderID, p.Err, p.Due = Stuck, orderID, why, time.Time{}
	began := c.renewed
	if c.look != nil {
		began = c.look.began
	}
	id := sql.NullString{String: orderID, Valid: orderID != ""}
	return l.bookClaimed(ctx, c, &p, l.sql.stuck, why, id, c.Ref, c.token, ms(quiet), ms(elapsed(began)))
}

// bookClaimed is like book, and updates the claim if p was booked.
func (l *Ledger) bookClaimed(ctx context.Context, c *claim, p *Purchase, query string, args ...any) error {
	booked, err := l.book(ctx, p, query, args...)
	if booked {
		c.booked, c.Purchase = true, *p
	}
	return err
}

// retell calls OnChange again for a state that was booked while OnChange failed.
func (l *Ledger) retell(ctx context.Context, c *claim) error {
	p := c.Purchase
	return l.bookClaimed(ctx, c, &p, l.sql.told, c.Ref, c.token, string(c.State))
}

// book runs a statement that brings the line of p to the state of p, and calls
// OnChange in the same transaction. It reports false if the statement changed no
// line, because its condition no longer held. If OnChange fails, book still
// books the state.
func (l *Ledger) book(ctx context.Context, p *Purchase, query string, args ...any) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookTimeout)
	defer cancel()
	var booked bool
	var err error
	if l.o.OnChange == nil {
		booked, err = affected(l.exec(ctx, query, args...))
		p.Told = true
	} else if booked, err = l.bookAndTell(ctx, p, true, query, args); err != nil {
		// OnChange may have broken the whole transaction, so book without it.
		l.o.Logger.ErrorContext(ctx, "cnaught: ledger: booking with OnChange failed", "ref", p.Ref, "state", string(p.State), "error", err)
		booked, err = l.bookAndTell(ctx, p, false, query, args)
	}
	if err != nil {
		return false, databaseError("book", err)
	}
	if booked {
		l.o.Logger.InfoContext(ctx, "cnaught: ledger: booked", "ref", p.Ref, "state", string(p.State), "order", p.OrderID, "error", p.Err)
	}
	return booked, nil
}

// bookAndTell runs the transaction of book. It calls OnChange only if tell is true.
func (l *Ledger) bookAndTell(ctx context.Context, p *Purchase, tell bool, query string, args []any) (bool, error) {
	tx, err := l.db.BeginTx(ctx, &sql.TxOptions{Isolation: l.sql.isolation})
	if err != nil {
		return false, err
	}
	defer tx.Rollback() // It does nothing after Commit.
	if ok, err := affected(tx.ExecContext(ctx, query, args...)); err != nil || !ok {
		return false, err
	}
	p.Told = false
	if tell {
		if p.Told, err = l.tell(ctx, tx, *p); err != nil {
			return false, err
		}
	}
	if !p.Told {
		if _, err := tx.ExecContext(ctx, l.sql.untold, p.Ref); err != nil {
			return false, err
		}
	}
	return true, tx.Commit()
}

// tell calls OnChange behind a savepoint, so that a failure undoes what OnChange
// wrote but not the booking. It reports whether OnChange succeeded.
func (l *Ledger) tell(ctx context.Context, tx *sql.Tx, p Purchase) (bool, error) {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT cnaught_told`); err != nil {
		return false, err
	}
	failed := l.o.OnChange(ctx, tx, p)
	if failed == nil {
		return true, nil
	}
	l.o.Logger.ErrorContext(ctx, "cnaught: ledger: OnChange failed and will be called again later", "ref", p.Ref, "state", string(p.State), "error", failed)
	_, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT cnaught_told`)
	return false, err
}
