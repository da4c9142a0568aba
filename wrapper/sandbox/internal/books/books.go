package books

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Sentinels for errors.Is. The errors that commands return wrap one of them.
var (
	ErrNotFound = errors.New("not found")
	ErrState    = errors.New("wrong state")
	ErrClosed   = errors.New("the sandbox is closed")
	ErrClock    = errors.New("the clock can't be moved more than 292 years from the real time")
)

// Books holds all data of the sandbox. It is safe for concurrent use.
type Books struct {
	clock   *clock
	options Options
	journal *journal // the state file, or nil if all data are in memory only

	mu          sync.Mutex
	closed      bool
	orders      Sequence[Order]
	ordersOf    map[string]*Sequence[Order] // by subaccount
	sessions    Sequence[Session]
	openOf      map[string]int // the number of sessions that may become an order, by subaccount
	subaccounts Sequence[Subaccount]
	logos       map[string]*Logo
	deliveries  Sequence[Delivery]
	keys        map[KeyID]*KeyRecord
	prices      map[string]*Price // by portfolio
	due         schedule
	wake        chan struct{} // makes Run check the schedule again
}

// Options are the options of [Open]. All of them may be left out.
type Options struct {
	// Now is the clock that the books' own clock is based on. Nil means time.Now.
	Now func() time.Time
	// FulfillAfter is how long after an order was placed the books fulfill it. With
	// nil, they fulfill it only on command.
	FulfillAfter *time.Duration
	// OrderDelay is how long after a session was paid its order is placed.
	OrderDelay time.Duration
	// KeyLifetime is how long an idempotency key is kept. With nil, it is kept as long
	// as all other data.
	KeyLifetime *time.Duration
	// Notification returns the delivery for an order's new state.
	Notification func(now time.Time, o *Order) *Delivery
	// Send sends a delivery that is due. It must not block.
	Send func(*Delivery)
	// Warn is called with errors that do not make a request fail.
	Warn func(error)

	// StateFile is the path of the state file, or empty for none.
	StateFile string
	// Seed holds the first records of new books.
	Seed *Change
}

// Open returns the books in the state file, or new books with the records of the
// seed if there is no such file.
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
	if !fresh { // The file is rewritten at each start so that its history does not grow forever.
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

// Update runs the events that are due, calls fn, and commits all records that fn has
// put as one change. If it returns an error, the books are closed or the state file
// could not be written, and nothing was changed.
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

// Look runs the events that are due and calls fn, which must not put any records.
// Unlike Update, it also works after Close and if the state file can't be written.
func (b *Books) Look(fn func(*Tx)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil && !errors.Is(err, ErrClosed) {
		b.options.Warn(fmt.Errorf("running the events that are due: %w", err))
	}
	fn(&Tx{b: b, Now: b.clock.now()})
}

// forgotten reports whether the lifetime of a key is over.
func (b *Books) forgotten(k *KeyRecord, now time.Time) bool {
	lifetime := b.options.KeyLifetime
	return lifetime != nil && now.Sub(k.Stored) >= *lifetime
}

// commit writes the change to the state file, if there is one, and then applies it to
// the data in memory.
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
			b.journal.base = b.journal.size // Try again only after the file has grown further.
			b.options.Warn(fmt.Errorf("rewriting the state file: %w", err))
		}
	}
	return nil
}

// Close closes the state file. After that, Update fails but Look still works.
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
