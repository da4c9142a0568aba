package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// orderJSON is an order as clients see it, in the order of the API's examples.
type orderJSON struct {
	ID                           string           `json:"id"`
	OrderNumber                  string           `json:"order_number"`
	CreatedOn                    wireTime         `json:"created_on"`
	Metadata                     *string          `json:"metadata"`
	Description                  *string          `json:"description"`
	AmountKg                     float64          `json:"amount_kg"`
	State                        orderState       `json:"state"`
	PriceUSDCents                api.USDCents     `json:"price_usd_cents"`
	CallbackURL                  *string          `json:"callback_url"`
	CertificatePublicURL         *string          `json:"certificate_public_url"`
	CertificateDownloadPublicURL *string          `json:"certificate_download_public_url"`
	ProjectAllocations           []allocationJSON `json:"project_allocations"`
	CheckoutSessionID            *string          `json:"checkout_session_id"`
	SubaccountID                 *string          `json:"subaccount_id"`
}

func (c *catalog) showOrder(o *order) orderJSON {
	j := orderJSON{
		ID: o.ID, OrderNumber: orderNumber(o.ID), CreatedOn: wireTime(o.CreatedOn),
		Metadata: o.Metadata, Description: o.Description, AmountKg: o.AmountKg, State: o.State,
		PriceUSDCents: o.PriceCents, CallbackURL: o.CallbackURL,
		ProjectAllocations: []allocationJSON{}, CheckoutSessionID: o.SessionID, SubaccountID: o.Subaccount,
	}
	if o.State == orderFulfilled {
		j.ProjectAllocations = c.allocations(o)
	}
	if o.State != orderCancelled {
		page := "https://registry.cnaught.com/orders/" + o.ID
		pdf := "https://registry.cnaught.com/api/certificates/" + o.ID + "/pdf"
		j.CertificatePublicURL, j.CertificateDownloadPublicURL = &page, &pdf
	}
	return j
}

// orderNumber is derived from the id, in the API's form: five groups of
// decimal digits.
func orderNumber(id string) string {
	sum := sha256.Sum256([]byte(id))
	groups := make([]string, 5)
	for i := range groups {
		groups[i] = fmt.Sprint(binary.BigEndian.Uint16(sum[2*i:]))
	}
	return strings.Join(groups, "-")
}

// GetListOfOrder answers GET /orders.
func (op operations) GetListOfOrder(w http.ResponseWriter, r *http.Request, p api.GetListOfOrderParams) {
	var orders []*order
	a := op.s.perform(r, scope{subaccount: p.XSubaccountID}, func(tx *tx) (refusal *answer) {
		of := &tx.orders
		if p.XSubaccountID != nil {
			of = tx.ordersOf[*p.XSubaccountID]
		}
		orders, refusal = page(of, cursor{p.Limit, p.StartingAfter, p.EndingBefore})
		return orElse(refusal, done)
	})
	if a == done { // encoded without the lock: a page of fulfilled orders is long
		a = jsonAnswer(http.StatusOK, listOf(orders, op.s.catalog.showOrder))
	}
	a.writeTo(w)
}

// done stands for an answer that is made later.
var done = &answer{status: http.StatusOK}

func orElse(a, otherwise *answer) *answer {
	if a != nil {
		return a
	}
	return otherwise
}

// SubmitOrder answers POST /orders.
func (op operations) SubmitOrder(w http.ResponseWriter, r *http.Request, p api.SubmitOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		price := f.portfolio(tx, p.XSubaccountID).apiPrice
		o := &order{}
		const mass, total = "amount_kg", "total_price_usd_cents"
		switch {
		case f.has(mass) == f.has(total):
			f.refuse(mass, "exactly one of "+mass+" and "+total+" is required")
			f.refuse(total, "exactly one of "+mass+" and "+total+" is required")
		case f.has(mass):
			kg := f.positive(mass)
			o.AmountKg = kg.value
			o.PriceCents = f.priceOf(mass, kg, price)
		default:
			o.AmountKg, o.PriceCents = f.massFor(total, price)
		}
		return op.s.place(tx, f, o, p.XSubaccountID)
	})
}

// SubmitRideOrder answers POST /orders/ride (deprecated).
func (op operations) SubmitRideOrder(w http.ResponseWriter, r *http.Request, p api.SubmitRideOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		price := f.portfolio(tx, p.XSubaccountID).apiPrice
		kg := f.emissions("distance_km", f.positive("distance_km"), perKmCar)
		o := &order{AmountKg: float64(kg), PriceCents: f.priceOf("distance_km", newDecimal(float64(kg)), price)}
		return op.s.place(tx, f, o, p.XSubaccountID)
	})
}

// place completes the order from what all kinds of orders have in common.
func (s *Server) place(tx *tx, f *fields, o *order, subaccount *string) *answer {
	o.Metadata = f.shortText("metadata")
	o.Description = f.shortText("description")
	o.CallbackURL = f.notificationURL()
	o.Subaccount = subaccount
	if refusal := f.refusal(); refusal != nil {
		return refusal
	}
	tx.newOrder(o)
	return jsonAnswer(http.StatusCreated, s.catalog.showOrder(o))
}

// newOrder gives the order its id and its first state.
func (tx *tx) newOrder(o *order) {
	o.ID = newID(10) + "_sandbox"
	o.CreatedOn = tx.now
	o.State = orderPlaced
	if after := tx.rules.fulfillAfter; after != nil {
		on := tx.now.Add(*after)
		o.FulfillOn = &on
	}
	tx.putOrder(o)
}

// priceOf is the total for a mass, rounded up to whole cents.
func (f *fields) priceOf(name string, kg decimal, perKg *big.Rat) api.USDCents {
	if kg.exact == nil { // it could not be read
		return 0
	}
	cents, ok := ceil(kg.times(perKg))
	if !ok {
		f.refuse(name, "is too large")
	}
	return api.USDCents(cents)
}

// massFor is the whole number of kilograms that a total price buys, and what
// they cost: never more than the total.
func (f *fields) massFor(name string, perKg *big.Rat) (kg float64, cents api.USDCents) {
	total := f.positive(name)
	if total.value <= 0 {
		return 0, 0
	}
	n, _ := floor(total.times(new(big.Rat).Inv(perKg)))
	if n < 1 {
		f.refuse(name, "is less than the price of one kilogram")
		return 0, 0
	}
	whole := newDecimal(float64(n))
	return whole.value, f.priceOf(name, whole, perKg)
}

// GetOrderByID answers GET /orders/{id}.
func (op operations) GetOrderByID(w http.ResponseWriter, r *http.Request, id string, p api.GetOrderByIDParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(tx *tx) *answer {
		o := tx.order(id, p.XSubaccountID)
		if o == nil {
			return notFound("order")
		}
		return jsonAnswer(http.StatusOK, op.s.catalog.showOrder(o))
	})
}

// CancelOrder answers POST /orders/{id}/cancel.
func (op operations) CancelOrder(w http.ResponseWriter, r *http.Request, id string, p api.CancelOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *tx) *answer {
		o := tx.order(id, p.XSubaccountID)
		switch {
		case o == nil:
			return notFound("order")
		case o.State == orderCancelled:
			return forbidden("Order is already cancelled")
		}
		return jsonAnswer(http.StatusOK, op.s.catalog.showOrder(tx.setState(o, orderCancelled)))
	})
}

// order finds an order of the account, or of one subaccount only.
func (tx *tx) order(id string, subaccount *string) *order {
	if subaccount != nil {
		return tx.ordersOf[*subaccount].get(id)
	}
	return tx.orders.get(id)
}

// FulfillOrder matches a placed order to credits, as CNaught does some time
// after it was placed. It returns an error for an order that is not there
// (ErrNotFound) or not placed (ErrState).
func (s *Server) FulfillOrder(id string) error {
	return s.command("FulfillOrder", func(tx *tx) error {
		o := tx.orders.get(id)
		switch {
		case o == nil:
			return fmt.Errorf("order %q: %w", id, ErrNotFound)
		case o.State != orderPlaced:
			return fmt.Errorf("order %q is %s: %w", id, o.State, ErrState)
		}
		tx.setState(o, orderFulfilled)
		return nil
	})
}

// Orders returns all orders of the books, those of subaccounts included,
// newest first.
func (s *Server) Orders() []api.Order {
	var records []*order
	s.look(func(tx *tx) { records = tx.orders.all() })
	return convertAll[api.Order](records, s.catalog.showOrder)
}

// Order returns one order; ok is false if there is none with this id.
func (s *Server) Order(id string) (o api.Order, ok bool) {
	var record *order
	s.look(func(tx *tx) { record = tx.orders.get(id) })
	if record == nil {
		return o, false
	}
	return convert[api.Order](s.catalog.showOrder(record)), true
}

// OrderCount is the number of orders in the books.
func (s *Server) OrderCount() (n int) {
	s.look(func(tx *tx) { n = tx.orders.len() })
	return n
}

// wellKnownOrder is the fulfilled order that the vendor's tests rely on.
func wellKnownOrder() *order {
	return &order{
		ID: "2FhU3B0F36_sandbox", CreatedOn: time.Date(2023, 10, 2, 12, 0, 0, 0, time.UTC),
		AmountKg: 3000, PriceCents: 6000, State: orderFulfilled,
	}
}
