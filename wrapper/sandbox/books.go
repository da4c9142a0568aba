package sandbox

import (
	"slices"
	"sync"
	"time"
)

// books is all that the sandbox knows, behind one lock. Every change is
// committed as a whole: first its line to the state file, if there is one,
// then the memory that answers are made from.
type books struct {
	clock   *clock
	catalog *catalog
	rules   rules
	journal *journal        // nil: memory only
	send    func(*delivery) // must not block; never nil
	warn    func(error)     // of what goes wrong without failing a request; never nil

	mu          sync.Mutex
	closed      bool
	orders      sequence[order]
	ordersOf    map[string]*sequence[order] // by subaccount
	sessions    sequence[session]
	openOf      map[string]int // open sessions by subaccount
	subaccounts sequence[subaccount]
	logos       map[string]*logo
	deliveries  sequence[delivery]
	keys        map[keyID]*keyRecord
	inFlight    map[keyID]bool
	due         schedule
	wake        chan struct{} // tells the server's loop that something is due earlier
}

// rules are the options that decide what the books do by themselves.
type rules struct {
	fulfillAfter   *time.Duration // nil: on command only
	publicWebhooks bool
}

func newBooks(c *clock, goods *catalog, r rules) *books {
	return &books{
		clock:    c,
		catalog:  goods,
		rules:    r,
		ordersOf: make(map[string]*sequence[order]),
		openOf:   make(map[string]int),
		logos:    make(map[string]*logo),
		keys:     make(map[keyID]*keyRecord),
		inFlight: make(map[keyID]bool),
		wake:     make(chan struct{}, 1),
		send:     func(*delivery) {},
		warn:     func(error) {},
	}
}

// tx is one look at the books under their lock, and the change that it makes.
// Nothing that is put shows before the commit.
type tx struct {
	*books
	now    time.Time
	change change
}

// update runs what is due, then fn, then commits what fn put. An error means
// that the state file could not be written and nothing of fn's change stands.
func (b *books) update(fn func(*tx)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.runDue(); err != nil {
		return err
	}
	tx := &tx{books: b, now: b.clock.now()}
	fn(tx)
	return b.commit(&tx.change)
}

// view is update for readers: fn puts nothing.
func (b *books) view(fn func(*tx)) error { return b.update(fn) }

func (b *books) commit(c *change) error {
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
		// The change stands, so this is no failure of the request.
		if err := b.journal.rewrite(b.snapshot); err != nil {
			b.journal.base = b.journal.size // it is tried again when the file has grown again
			b.warn(err)
		}
	}
	return nil
}

// apply is the one place where the books change, for a change just made and
// for one read from the state file.
func (b *books) apply(c *change) {
	if c.Clock != nil {
		b.clock.offset.Store(*c.Clock)
		b.wakeUp()
	}
	for _, s := range c.Subaccounts {
		b.subaccounts.put(s.ID, s)
	}
	for _, id := range c.Removed {
		b.subaccounts.remove(id)
	}
	for _, l := range c.Logos {
		b.logos[l.ID] = l
	}
	for _, id := range c.LogosGone {
		delete(b.logos, id)
	}
	for _, s := range c.Sessions {
		b.applySession(s)
	}
	for _, o := range c.Orders {
		b.applyOrder(o)
	}
	for _, d := range c.Deliveries {
		b.deliveries.put(d.ID, d)
		if d.Refused == "" {
			b.at(d.CreatedOn, dueDelivery, d.ID)
		}
	}
	for _, a := range c.Attempts {
		b.applyAttempt(a)
	}
	for _, k := range c.Keys {
		b.keys[keyID{k.Path, k.Key}] = k
	}
}

func (b *books) applyOrder(o *order) {
	b.orders.put(o.ID, o)
	if o.Subaccount != nil {
		of := b.ordersOf[*o.Subaccount]
		if of == nil {
			of = &sequence[order]{}
			b.ordersOf[*o.Subaccount] = of
		}
		of.put(o.ID, o)
	}
	if o.State == orderPlaced && o.FulfillOn != nil {
		b.at(*o.FulfillOn, dueOrder, o.ID)
	}
}

func (b *books) applySession(s *session) {
	if s.Subaccount != nil {
		if old := b.sessions.get(s.ID); old != nil && old.State == sessionOpen {
			b.openOf[*s.Subaccount]--
		}
		if s.State == sessionOpen {
			b.openOf[*s.Subaccount]++
		}
	}
	b.sessions.put(s.ID, s)
	if s.State == sessionOpen && !s.Timeless {
		b.at(s.ExpiresOn, dueSession, s.ID)
	}
}

func (b *books) applyAttempt(a attempt) {
	old := b.deliveries.get(a.Delivery)
	if old == nil {
		return
	}
	d := *old
	d.attempts = append(slices.Clip(d.attempts), a)
	b.deliveries.put(d.ID, &d)
	if a.Next != nil {
		b.at(*a.Next, dueDelivery, d.ID)
	}
}

// snapshot gives the changes that make these books from nothing, for a state
// file without history.
func (b *books) snapshot(emit func(*change) error) error {
	offset := b.clock.offset.Load()
	if err := emit(&change{Clock: &offset}); err != nil {
		return err
	}
	for _, s := range b.subaccounts.items {
		if s == nil {
			continue
		}
		c := &change{Subaccounts: []*subaccount{s}}
		if l := b.logos[s.LogoID]; l != nil {
			c.Logos = []*logo{l}
		}
		if err := emit(c); err != nil {
			return err
		}
	}
	for _, s := range b.sessions.items {
		if err := emit(&change{Sessions: []*session{s}}); err != nil {
			return err
		}
	}
	for _, o := range b.orders.items {
		if err := emit(&change{Orders: []*order{o}}); err != nil {
			return err
		}
	}
	for _, d := range b.deliveries.items {
		if err := emit(&change{Deliveries: []*delivery{d}, Attempts: d.attempts}); err != nil {
			return err
		}
	}
	for _, k := range b.keys {
		if err := emit(&change{Keys: []*keyRecord{k}}); err != nil {
			return err
		}
	}
	return nil
}

func (tx *tx) putOrder(o *order)       { tx.change.Orders = append(tx.change.Orders, o) }
func (tx *tx) putSession(s *session)   { tx.change.Sessions = append(tx.change.Sessions, s) }
func (tx *tx) putDelivery(d *delivery) { tx.change.Deliveries = append(tx.change.Deliveries, d) }
func (tx *tx) putSubaccount(s *subaccount) {
	tx.change.Subaccounts = append(tx.change.Subaccounts, s)
}

// setState moves an order on and notifies its callback URL, in one change.
func (tx *tx) setState(o *order, state orderState) *order {
	o = o.with(state)
	tx.putOrder(o)
	if o.CallbackURL != nil {
		tx.putDelivery(tx.notification(o))
	}
	return o
}

// close ends the books: nothing is committed any more.
func (b *books) close() error {
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
