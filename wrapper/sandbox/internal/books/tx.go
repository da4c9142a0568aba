package books

import "time"

// Tx gives access to the books while their lock is held, and collects the changes to
// commit. Records that were put are visible in the books only after the commit.
type Tx struct {
	Now time.Time // the time of the books' clock, in UTC

	b      *Books
	change Change
}

// Orders returns all orders, including those of subaccounts.
func (tx *Tx) Orders() *Sequence[Order] { return &tx.b.orders }

// OrdersOf returns the orders of one subaccount, or all orders if it is nil.
func (tx *Tx) OrdersOf(subaccount *string) *Sequence[Order] {
	if subaccount == nil {
		return &tx.b.orders
	}
	return tx.b.ordersOf[*subaccount]
}

// Sessions returns all checkout sessions.
func (tx *Tx) Sessions() *Sequence[Session] { return &tx.b.sessions }

// OpenSessions returns how many checkout sessions of a subaccount may still become
// an order.
func (tx *Tx) OpenSessions(subaccount string) int { return tx.b.openOf[subaccount] }

// Subaccounts returns all subaccounts.
func (tx *Tx) Subaccounts() *Sequence[Subaccount] { return &tx.b.subaccounts }

// Logos returns the logos by their ids. The caller must not change the map.
func (tx *Tx) Logos() map[string]*Logo { return tx.b.logos }

// Deliveries returns all webhook deliveries.
func (tx *Tx) Deliveries() *Sequence[Delivery] { return &tx.b.deliveries }

// Key returns the record of an idempotency key, or nil if there is none or its
// lifetime is over.
func (tx *Tx) Key(id KeyID) *KeyRecord {
	k := tx.b.keys[id]
	if k == nil || tx.b.forgotten(k, tx.Now) {
		return nil
	}
	return k
}

// Price returns the price of a portfolio, or nil if it is the default.
func (tx *Tx) Price(portfolio string) *Price { return tx.b.prices[portfolio] }

// PlaceOrder puts a new order. It sets its id, its time and its state.
func (tx *Tx) PlaceOrder(o *Order) {
	o.ID = NewID(10) + "_sandbox"
	o.CreatedOn = tx.Now
	o.State = OrderPlaced
	if after := tx.b.options.FulfillAfter; after != nil {
		on := tx.Now.Add(*after)
		o.FulfillOn = &on
	}
	tx.change.Orders = append(tx.change.Orders, o)
}

// SetOrderState puts a copy of the order with a new state, which it returns. If the
// order has a callback URL, it also puts a delivery.
func (tx *Tx) SetOrderState(o *Order, state OrderState) *Order {
	changed := *o
	changed.State = state
	tx.change.Orders = append(tx.change.Orders, &changed)
	if changed.CallbackURL != nil && tx.b.options.Notification != nil {
		tx.change.Deliveries = append(tx.change.Deliveries, tx.b.options.Notification(tx.Now, &changed))
	}
	return &changed
}

// PutSession adds a session, or replaces the one with the same id.
func (tx *Tx) PutSession(s *Session) { tx.change.Sessions = append(tx.change.Sessions, s) }

// PutSubaccount adds a subaccount, or replaces the one with the same id.
func (tx *Tx) PutSubaccount(s *Subaccount) {
	tx.change.Subaccounts = append(tx.change.Subaccounts, s)
}

// RemoveSubaccount removes a subaccount together with its logo.
func (tx *Tx) RemoveSubaccount(s *Subaccount) {
	tx.change.Removed = append(tx.change.Removed, s.ID)
	if s.LogoID != "" {
		tx.change.RemovedLogos = append(tx.change.RemovedLogos, s.LogoID)
	}
}

// PutLogo sets the logo of s, or removes it if image is nil. The caller must also put
// s.
func (tx *Tx) PutLogo(s *Subaccount, image *Logo) {
	if s.LogoID != "" {
		tx.change.RemovedLogos = append(tx.change.RemovedLogos, s.LogoID)
		s.LogoID = ""
	}
	if image != nil {
		s.LogoID = image.ID
		tx.change.Logos = append(tx.change.Logos, image)
	}
}

// PutKey stores the answer to the first request with an idempotency key.
func (tx *Tx) PutKey(k *KeyRecord) {
	k.Stored = tx.Now
	tx.change.Keys = append(tx.change.Keys, k)
}

// PutPrice sets the price of a portfolio.
func (tx *Tx) PutPrice(p *Price) { tx.change.Prices = append(tx.change.Prices, p) }

// Discard drops all changes that were put so far.
func (tx *Tx) Discard() { tx.change = Change{} }
