package books

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"
)

// clockPoll is how often Run looks at a clock that is not time.Now.
const clockPoll = 100 * time.Millisecond

// dueKind says what an entry of the schedule is about.
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

// schedule is what will happen by the books' clock, soonest first. Entries are
// never removed early: one that no longer applies does nothing.
type schedule []dueEntry

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].on.Before(s[j].on) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push is for package heap.
func (s *schedule) Push(x any) { *s = append(*s, x.(dueEntry)) }

// Pop is for package heap.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	*s = (*s)[:last]
	return e
}

// plan puts an entry on the schedule.
func (b *Books) plan(on time.Time, kind dueKind, id string) {
	soonest := len(b.due) == 0 || on.Before(b.due[0].on)
	heap.Push(&b.due, dueEntry{on, kind, id})
	if soonest {
		b.wakeUp()
	}
}

// wakeUp makes Run look at the schedule again.
func (b *Books) wakeUp() {
	select {
	case b.wake <- struct{}{}:
	default: // Run has been told already.
	}
}

// Run does what is due as soon as it is due, until ctx or the books end.
func (b *Books) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, planned, err := b.untilDue()
		switch {
		case errors.Is(err, ErrClosed):
			return
		case err != nil:
			b.options.Warn(fmt.Errorf("doing what is due: %w", err))
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

// untilDue does what is due and returns how long nothing else will be; planned
// is false if nothing is on the schedule.
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

// runDue does everything that is due, in the order of time. The caller holds the
// lock.
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
			heap.Push(&b.due, e) // It is still due.
			return err
		}
	}
	return nil
}

// happen puts what an entry of the schedule stands for, if it still applies.
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
