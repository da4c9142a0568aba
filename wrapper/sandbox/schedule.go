package sandbox

import (
	"container/heap"
	"time"
)

// dueKind says what an entry of the schedule is about.
type dueKind uint8

const (
	dueOrder dueKind = iota
	dueSession
	dueDelivery
)

type dueEntry struct {
	on   time.Time
	kind dueKind
	id   string
}

// schedule is what will happen by the sandbox clock, soonest first. Entries
// are never taken back: one that has lost its reason does nothing.
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

func (b *books) at(on time.Time, kind dueKind, id string) {
	soonest := len(b.due) == 0 || on.Before(b.due[0].on)
	heap.Push(&b.due, dueEntry{on, kind, id})
	if soonest {
		b.wakeUp()
	}
}

func (b *books) wakeUp() {
	select {
	case b.wake <- struct{}{}:
	default: // it is told already
	}
}

// runDue does everything whose time has come, in the order of time. The caller
// holds the lock.
func (b *books) runDue() error {
	for len(b.due) > 0 {
		now := b.clock.now()
		if b.due[0].on.After(now) {
			return nil
		}
		e := heap.Pop(&b.due).(dueEntry)
		tx := &tx{books: b, now: now}
		tx.happen(e)
		if err := b.commit(&tx.change); err != nil {
			heap.Push(&b.due, e) // it is still due
			return err
		}
	}
	return nil
}

func (tx *tx) happen(e dueEntry) {
	switch e.kind {
	case dueOrder:
		if o := tx.orders.get(e.id); o != nil && o.State == orderPlaced {
			tx.setState(o, orderFulfilled)
		}
	case dueSession:
		if s := tx.sessions.get(e.id); s != nil && s.State == sessionOpen {
			tx.expire(s)
		}
	case dueDelivery:
		if d := tx.deliveries.get(e.id); d != nil && d.dueOn().Equal(e.on) {
			tx.send(d)
		}
	}
}

// untilDue does what is due and says how long nothing else will be; ok is
// false if nothing is planned at all.
func (b *books) untilDue() (wait time.Duration, ok bool, err error) {
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
