package books

import (
	"fmt"
	"math"
	"time"
)

// command runs fn and commits its changes, unless it returns an error.
func (b *Books) command(fn func(*Tx) error) error {
	var failure error
	err := b.Update(func(tx *Tx) {
		if failure = fn(tx); failure != nil {
			tx.Discard()
		}
	})
	if failure != nil {
		return failure
	}
	return err
}

// FulfillOrder matches a placed order to credits.
func (b *Books) FulfillOrder(id string) error {
	return b.command(func(tx *Tx) error {
		o := tx.Orders().Get(id)
		switch {
		case o == nil:
			return fmt.Errorf("order %q: %w", id, ErrNotFound)
		case o.State != OrderPlaced:
			return fmt.Errorf("order %q is %s: %w", id, o.State, ErrState)
		}
		tx.SetOrderState(o, OrderFulfilled)
		return nil
	})
}

// CancelOrder cancels an order, which may be fulfilled already.
func (b *Books) CancelOrder(id string) error {
	return b.command(func(tx *Tx) error {
		o := tx.Orders().Get(id)
		switch {
		case o == nil:
			return fmt.Errorf("order %q: %w", id, ErrNotFound)
		case o.State == OrderCancelled:
			return fmt.Errorf("order %q is %s: %w", id, o.State, ErrState)
		}
		tx.SetOrderState(o, OrderCancelled)
		return nil
	})
}

// CompleteSession completes an open session and returns the order that this places, or
// nil if the order comes later.
func (b *Books) CompleteSession(id string) (o *Order, err error) {
	err = b.command(func(tx *Tx) error {
		s, err := tx.openSession(id)
		if err != nil {
			return err
		}
		changed := *s
		changed.State, changed.CompletedOn = SessionComplete, &tx.Now
		if delay := b.options.OrderDelay; delay > 0 {
			on := tx.Now.Add(delay)
			changed.OrderOn = &on
		} else {
			o = tx.placeOrderOf(&changed)
		}
		tx.PutSession(&changed)
		return nil
	})
	return o, err
}

// placeOrderOf places the order of a paid session.
func (tx *Tx) placeOrderOf(s *Session) *Order {
	o := &Order{
		AmountKg: s.AmountKg, PriceCents: s.PriceCents, Description: s.Description,
		CallbackURL: s.WebhookURL, SessionID: &s.ID, Subaccount: s.Subaccount,
	}
	tx.PlaceOrder(o)
	return o
}

// ExpireSession makes an open session expire now.
func (b *Books) ExpireSession(id string) error {
	return b.command(func(tx *Tx) error {
		s, err := tx.openSession(id)
		if err == nil {
			tx.expire(s)
		}
		return err
	})
}

// openSession returns the session with this id, or an error if it is not open.
func (tx *Tx) openSession(id string) (*Session, error) {
	s := tx.Sessions().Get(id)
	switch {
	case s == nil:
		return nil, fmt.Errorf("checkout session %q: %w", id, ErrNotFound)
	case s.State != SessionOpen:
		return nil, fmt.Errorf("checkout session %q is %s: %w", id, s.State, ErrState)
	}
	return s, nil
}

func (tx *Tx) expire(s *Session) {
	changed := *s
	changed.State = SessionExpired
	tx.PutSession(&changed)
}

// Advance moves the clock forward by d, or back if d is negative, and runs the events
// that are due at the new time.
func (b *Books) Advance(d time.Duration) error {
	return b.moveClock(func(time.Time) time.Duration { return d })
}

// SetTime sets the clock, which then runs on from t, and runs the events that are due
// at the new time.
func (b *Books) SetTime(t time.Time) error {
	return b.moveClock(t.Sub)
}

// moveClock returns ErrClock if the clock can't be moved that far.
func (b *Books) moveClock(by func(now time.Time) time.Duration) error {
	err := b.command(func(tx *Tx) error {
		old, move := b.clock.offset.Load(), int64(by(tx.Now))
		offset := old + move
		overflow := (offset > old) != (move > 0) && move != 0
		if overflow || move == math.MaxInt64 || move == math.MinInt64 { // Time.Sub returns these for larger differences.
			return ErrClock
		}
		tx.change.Clock = &offset
		return nil
	})
	if err != nil {
		return err
	}
	return b.Update(func(*Tx) {}) // This runs the events that are due at the new time.
}
