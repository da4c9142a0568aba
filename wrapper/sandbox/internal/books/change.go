package books

import "slices"

// Change is one committed change of the books and one line of the state file. It takes
// effect completely or not at all. For example, an order and the answer that is stored
// for its idempotency key are in the same change.
type Change struct {
	Clock        *int64        `json:"clock_offset_ns,omitempty"`
	Orders       []*Order      `json:"orders,omitempty"`
	Sessions     []*Session    `json:"sessions,omitempty"`
	Subaccounts  []*Subaccount `json:"subaccounts,omitempty"`
	Removed      []string      `json:"removed_subaccounts,omitempty"`
	Logos        []*Logo       `json:"logos,omitempty"`
	RemovedLogos []string      `json:"removed_logos,omitempty"`
	Deliveries   []*Delivery   `json:"deliveries,omitempty"`
	Attempts     []Attempt     `json:"attempts,omitempty"`
	Keys         []*KeyRecord  `json:"keys,omitempty"`
	Prices       []*Price      `json:"prices,omitempty"`
}

// holdsNull reports whether the change has null instead of a record. The books never
// write one, but json.Unmarshal accepts it.
func (c *Change) holdsNull() bool {
	return slices.Contains(c.Orders, nil) || slices.Contains(c.Sessions, nil) ||
		slices.Contains(c.Subaccounts, nil) || slices.Contains(c.Logos, nil) ||
		slices.Contains(c.Deliveries, nil) || slices.Contains(c.Keys, nil) || slices.Contains(c.Prices, nil)
}

func (c *Change) empty() bool {
	return c.Clock == nil && len(c.Orders) == 0 && len(c.Sessions) == 0 &&
		len(c.Subaccounts) == 0 && len(c.Removed) == 0 && len(c.Logos) == 0 &&
		len(c.RemovedLogos) == 0 && len(c.Deliveries) == 0 && len(c.Attempts) == 0 && len(c.Keys) == 0 &&
		len(c.Prices) == 0
}

// apply applies a change to the books. They are not changed anywhere else, so that
// reading the state file has the same result as the original changes.
func (b *Books) apply(c *Change) {
	if c.Clock != nil {
		b.clock.offset.Store(*c.Clock)
		b.wakeUp()
	}
	for _, s := range c.Subaccounts {
		b.subaccounts.Put(s.ID, s)
	}
	for _, id := range c.Removed {
		b.subaccounts.remove(id)
	}
	for _, l := range c.Logos {
		b.logos[l.ID] = l
	}
	for _, id := range c.RemovedLogos {
		delete(b.logos, id)
	}
	for _, s := range c.Sessions {
		b.applySession(s)
	}
	for _, o := range c.Orders {
		b.applyOrder(o)
	}
	for _, d := range c.Deliveries {
		b.deliveries.Put(d.ID, d)
		if d.Refused == "" {
			b.plan(d.CreatedOn, dueDelivery, d.ID)
		}
	}
	for _, a := range c.Attempts {
		b.applyAttempt(a)
	}
	for _, k := range c.Keys {
		b.keys[KeyID{k.Path, k.Key}] = k
	}
	for _, p := range c.Prices {
		b.prices[p.PortfolioID] = p
	}
}

func (b *Books) applyOrder(o *Order) {
	b.orders.Put(o.ID, o)
	if o.Subaccount != nil {
		of := b.ordersOf[*o.Subaccount]
		if of == nil {
			of = &Sequence[Order]{}
			b.ordersOf[*o.Subaccount] = of
		}
		of.Put(o.ID, o)
	}
	if o.State == OrderPlaced && o.FulfillOn != nil {
		b.plan(*o.FulfillOn, dueOrder, o.ID)
	}
}

func (b *Books) applySession(s *Session) {
	if s.Subaccount != nil {
		if old := b.sessions.Get(s.ID); old != nil && old.mayBecomeOrder() {
			b.openOf[*s.Subaccount]--
		}
		if s.mayBecomeOrder() {
			b.openOf[*s.Subaccount]++
		}
	}
	b.sessions.Put(s.ID, s)
	if s.State == SessionOpen && !s.Timeless {
		b.plan(s.ExpiresOn, dueSession, s.ID)
	}
	if s.OrderOn != nil {
		b.plan(*s.OrderOn, dueSessionOrder, s.ID)
	}
}

func (b *Books) applyAttempt(a Attempt) {
	old := b.deliveries.Get(a.Delivery)
	if old == nil {
		return
	}
	d := *old
	d.Attempts = append(slices.Clip(d.Attempts), a)
	b.deliveries.Put(d.ID, &d)
	if a.Next != nil {
		b.plan(*a.Next, dueDelivery, d.ID)
	}
}

// snapshot emits changes that together produce these books, for a state file without
// history.
func (b *Books) snapshot(emit func(*Change) error) error {
	offset := b.clock.offset.Load()
	if err := emit(&Change{Clock: &offset}); err != nil {
		return err
	}
	for _, s := range b.subaccounts.items {
		if s == nil {
			continue
		}
		c := &Change{Subaccounts: []*Subaccount{s}}
		if l := b.logos[s.LogoID]; l != nil {
			c.Logos = []*Logo{l}
		}
		if err := emit(c); err != nil {
			return err
		}
	}
	for _, s := range b.sessions.items {
		if err := emit(&Change{Sessions: []*Session{s}}); err != nil {
			return err
		}
	}
	for _, o := range b.orders.items {
		if err := emit(&Change{Orders: []*Order{o}}); err != nil {
			return err
		}
	}
	for _, d := range b.deliveries.items {
		if err := emit(&Change{Deliveries: []*Delivery{d}, Attempts: d.Attempts}); err != nil {
			return err
		}
	}
	for _, p := range b.prices {
		if err := emit(&Change{Prices: []*Price{p}}); err != nil {
			return err
		}
	}
	now := b.clock.now()
	for _, k := range b.keys {
		if b.forgotten(k, now) {
			continue
		}
		if err := emit(&Change{Keys: []*KeyRecord{k}}); err != nil {
			return err
		}
	}
	return nil
}
