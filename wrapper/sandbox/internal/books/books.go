package books

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Errors of the commands, for errors.Is. What the commands return says more.
var (
	ErrNotFound = errors.New("not found")
	ErrState    = errors.New("wrong state")
	ErrClosed   = errors.New("the sandbox is closed")
)

// Books are all that the sandbox knows, behind one lock.
type Books struct {
	clock   *clock
	options Options
	journal *journal // nil means that everything is in memory only

	mu          sync.Mutex
	closed      bool
	orders      Sequence[Order]
	ordersOf    map[string]*Sequence[Order] // by subaccount
	sessions    Sequence[Session]
	openOf      map[string]int // sessions that may become an order, by subaccount
	subaccounts Sequence[Subaccount]
	logos       map[string]*Logo
	deliveries  Sequence[Delivery]
	keys        map[KeyID]*KeyRecord
	prices      map[string]*Price // by portfolio
	due         schedule
	wake        chan struct{} // tells Run that something is due earlier
}

// Options say what the books do by themselves and whom they tell.
type Options struct {
	// Now is the clock that the books' own clock is based on. Nil means time.Now.
	Now func() time.Time
	// FulfillAfter is how long after an order is placed the books fulfill it.
	// Nil means only on command.
	FulfillAfter *time.Duration
	// OrderDelay is how long after a session was paid its order is placed.
	OrderDelay time.Duration
	// KeyLifetime is how long an idempotency key is kept. Nil means as long as
	// everything else.
	KeyLifetime *time.Duration
	// Notification makes the delivery that tells of an order's new state.
	Notification func(now time.Time, o *Order) *Delivery
	// Send sends a delivery that is due. It must not block.
	Send func(*Delivery)
	// Warn reports what goes wrong without failing a request.
	Warn func(error)

	// StateFile is the path of the state file; empty means none.
	StateFile string
	// Seed is what new books begin with.
	Seed *Change
}

// Open returns the books of the state file, or new ones that begin with the
// seed.
func Open(o Options) (*Books, error) {
	b := newBooks(o)
	fresh := true
	if o.StateFile != "" {
		j, isNew, err := openJournal(o.StateFile, b.apply)
		if err != nil {
			return nil, err
		}
		b.journal, fresh = j, isNew
	}
	var err error
	if !fresh { // Rewritten at each start, the file does not grow from start to start.
		err = b.journal.rewrite(b.snapshot)
	} else if o.Seed != nil {
		err = b.commit(o.Seed)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func newBooks(o Options) *Books {
	if o.Send == nil {
		o.Send = func(*Delivery) {}
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	return &Books{
		clock:    newClock(o.Now),
		options:  o,
		ordersOf: make(map[string]*Sequence[Order]),
		openOf:   make(map[string]int),
		logos:    make(map[string]*Logo),
		keys:     make(map[KeyID]*KeyRecord),
		prices:   make(map[string]*Price),
		wake:     make(chan struct{}, 1),
	}
}

// Update does what is due, runs fn, and commits what fn put as one change. An
// error means that the state file could not be written; then nothing that fn put
// took effect.
func (b *Books) Update(fn func(*Tx)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil {
		return err
	}
	tx := &Tx{b: b, Now: b.clock.now()}
	fn(tx)
	return b.commit(&tx.change)
}

// Look runs fn, which puts nothing, on the books as they are. Unlike Update it
// works after Close too, and when the state file can no longer be written.
func (b *Books) Look(fn func(*Tx)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil && !errors.Is(err, ErrClosed) {
		b.options.Warn(fmt.Errorf("doing what is due: %w", err))
	}
	fn(&Tx{b: b, Now: b.clock.now()})
}

// forgotten reports that the lifetime of a key is over.
func (b *Books) forgotten(k *KeyRecord, now time.Time) bool {
	lifetime := b.options.KeyLifetime
	return lifetime != nil && now.Sub(k.Stored) >= *lifetime
}

// commit writes the change to the state file, if there is one, and then applies
// it to the memory that answers are made from.
func (b *Books) commit(c *Change) error {
	if c.empty() {
		return nil
	}
	if b.closed {
		return ErrClosed
	}
	if b.journal != nil {
		if err := b.journal.append(c); err != nil {
			return err
		}
	}
	b.apply(c)
	if b.journal != nil && b.journal.grown() {
		// The change is already committed, so a failure here does not fail it.
		if err := b.journal.rewrite(b.snapshot); err != nil {
			b.journal.base = b.journal.size // It is tried again when the file has grown again.
			b.options.Warn(fmt.Errorf("rewriting the state file: %w", err))
		}
	}
	return nil
}

// Close ends the books: nothing is committed any more, but Look still works.
func (b *Books) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.journal == nil {
		return nil
	}
	journal := b.journal
	b.journal = nil
	return journal.close()
}
