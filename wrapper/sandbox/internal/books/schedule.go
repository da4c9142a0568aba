package books

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"
)

// clockPoll is how often Run checks a clock that is not time.Now.
const clockPoll = 100 * time.Millisecond

// dueKind is the kind of an event on the schedule.
type dueKind uint8

const (
	dueOrder dueKind = iota
	dueSession
	dueSessionOrder
	dueDelivery
)

type dueEntry struct {
	on   time.Time
	kind dueKind
	id   string
}

// schedule is a heap of future events, the earliest first. An event that no longer
// applies stays on the schedule, but has no effect when it is due.
type schedule []dueEntry

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].on.Before(s[j].on) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *schedule) Push(x any) { *s = append(*s, x.(dueEntry)) }

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	*s = (*s)[:last]
	return e
}

// plan adds an event to the schedule.
func (b *Books) plan(on time.Time, kind dueKind, id string) {
	soonest := len(b.due) == 0 || on.Before(b.due[0].on)
	heap.Push(&b.due, dueEntry{on, kind, id})
	if soonest {
		b.wakeUp()
	}
}

// wakeUp makes Run check the schedule again.
func (b *Books) wakeUp() {
	select {
	case b.wake <- struct{}{}:
	default: // Run has already been notified.
	}
}

// Run runs each event as soon as it is due, until ctx ends or the books are closed.
func (b *Books) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, planned, err := b.untilDue()
		switch {
		case errors.Is(err, ErrClosed):
			return
		case err != nil:
			b.options.Warn(fmt.Errorf("running the events that are due: %w", err))
			wait = time.Second
		case !planned:
			wait = time.Hour
		case b.clock.custom:
			wait = min(wait, clockPoll)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-b.wake:
		case <-ctx.Done():
			return
		}
	}
}

// untilDue runs the events that are due and returns the time until the next one.
// planned is false if there is none.
func (b *Books) untilDue() (wait time.Duration, planned bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil {
		return 0, false, err
	}
	if len(b.due) == 0 {
		return 0, false, nil
	}
	return b.due[0].on.Sub(b.clock.now()), true, nil
}

// runDue runs all events that are due, the earliest first. The caller holds the lock.
func (b *Books) runDue() error {
	for len(b.due) > 0 {
		now := b.clock.now()
		if b.due[0].on.After(now) {
			return nil
		}
		e := heap.Pop(&b.due).(dueEntry)
		tx := &Tx{b: b, Now: now}
		tx.happen(e)
		if err := b.commit(&tx.change); err != nil {
			heap.Push(&b.due, e) // The event is still due.
			return err
		}
	}
	return nil
}

// happen puts the changes that an event makes, if it still applies.
func (tx *Tx) happen(e dueEntry) {
	switch e.kind {
	case dueOrder:
		if o := tx.Orders().Get(e.id); o != nil && o.State == OrderPlaced {
			tx.SetOrderState(o, OrderFulfilled)
		}
	case dueSession:
		if s := tx.Sessions().Get(e.id); s != nil && s.State == SessionOpen {
			tx.expire(s)
		}
	case dueSessionOrder:
		if s := tx.Sessions().Get(e.id); s != nil && s.OrderOn != nil {
			tx.Now = e.on // what follows from the order counts from then, however far the clock was moved
			changed := *s
			changed.OrderOn = nil
			tx.PutSession(&changed)
			tx.placeOrderOf(&changed)
		}
	case dueDelivery:
		if d := tx.Deliveries().Get(e.id); d != nil && d.dueOn().Equal(e.on) {
			tx.b.options.Send(d)
		}
	}
}
