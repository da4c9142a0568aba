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
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// orderJSON is the JSON form of an order. Its members are in the order of the API's
// examples.
type orderJSON struct {
	ID                           string           `json:"id"`
	OrderNumber                  string           `json:"order_number"`
	CreatedOn                    apijson.Time     `json:"created_on"`
	Metadata                     *string          `json:"metadata"`
	Description                  *string          `json:"description"`
	AmountKg                     float64          `json:"amount_kg"`
	State                        books.OrderState `json:"state"`
	PriceUSDCents                api.USDCents     `json:"price_usd_cents"`
	CallbackURL                  *string          `json:"callback_url"`
	CertificatePublicURL         *string          `json:"certificate_public_url"`
	CertificateDownloadPublicURL *string          `json:"certificate_download_public_url"`
	ProjectAllocations           []allocationJSON `json:"project_allocations"`
	CheckoutSessionID            *string          `json:"checkout_session_id"`
	SubaccountID                 *string          `json:"subaccount_id"`
}

func (s *Server) showOrder(o *books.Order) orderJSON {
	j := orderJSON{
		ID: o.ID, OrderNumber: orderNumber(o.ID), CreatedOn: apijson.Time(o.CreatedOn),
		Metadata: o.Metadata, Description: o.Description, AmountKg: o.AmountKg, State: o.State,
		PriceUSDCents: o.PriceCents, CallbackURL: o.CallbackURL,
		ProjectAllocations: []allocationJSON{}, CheckoutSessionID: o.SessionID, SubaccountID: o.Subaccount,
	}
	if o.State == books.OrderFulfilled {
		j.ProjectAllocations = s.catalog.allocations(o)
	}
	if o.State != books.OrderCancelled {
		page, pdf := s.baseURL+pages.CertificatePath(o.ID), s.baseURL+pages.CertificatePDFPath(o.ID)
		j.CertificatePublicURL, j.CertificateDownloadPublicURL = &page, &pdf
	}
	return j
}

// certificate returns the certificate of an order, or nil if there is no such order
// or it is cancelled.
func (s *Server) certificate(id string) *certificate.Certificate {
	var o *books.Order
	s.books.Look(func(tx *books.Tx) { o = tx.Orders().Get(id) })
	if o == nil || o.State == books.OrderCancelled {
		return nil
	}
	c := &certificate.Certificate{
		OrderID: o.ID, OrderNumber: orderNumber(o.ID), AmountKg: o.AmountKg, CreatedOn: o.CreatedOn,
		Fulfilled: o.State == books.OrderFulfilled,
	}
	if o.Description != nil {
		c.Description = *o.Description
	}
	if c.Fulfilled {
		c.Projects = s.catalog.shares(o.AmountKg)
	}
	return c
}

// orderNumber derives the order number from the id. It has the API's form: five
// groups of decimal digits.
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
	var orders []*books.Order
	a := op.s.perform(r, scope{subaccount: p.XSubaccountID}, func(tx *books.Tx) (refusal *answer) {
		orders, refusal = page(tx.OrdersOf(p.XSubaccountID), cursor{p.Limit, p.StartingAfter, p.EndingBefore})
		return orElse(refusal, done)
	})
	if a == done { // Encoding a page of fulfilled orders is slow, so it happens outside the lock.
		a = jsonAnswer(http.StatusOK, listOf(orders, op.s.showOrder))
	}
	a.writeTo(w)
}

// done is a placeholder for a successful answer whose body is encoded later.
var done = &answer{status: http.StatusOK}

// orElse returns a, or otherwise if a is nil.
func orElse(a, otherwise *answer) *answer {
	if a != nil {
		return a
	}
	return otherwise
}

// SubmitOrder answers POST /orders.
func (op operations) SubmitOrder(w http.ResponseWriter, r *http.Request, p api.SubmitOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *books.Tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		price := f.portfolio(op.s.catalog, tx, p.XSubaccountID).apiPrice(tx)
		o := &books.Order{}
		const mass, total = "amount_kg", "total_price_usd_cents"
		switch {
		case f.has(mass) == f.has(total):
			f.refuse(mass, "exactly one of "+mass+" and "+total+" is required")
			f.refuse(total, "exactly one of "+mass+" and "+total+" is required")
		case f.has(mass):
			kg := f.orderMass(mass, op.s.fractions)
			o.AmountKg = kg.value
			o.PriceCents = f.priceOf(mass, kg, price)
		default:
			o.AmountKg, o.PriceCents = f.massFor(total, price)
		}
		return op.s.place(tx, f, o, p.XSubaccountID)
	})
}

// orderMass reads the mass of an order, which must be a whole number unless fractions
// are allowed.
func (f *fields) orderMass(name string, fractions bool) decimal {
	if fractions {
		return f.positive(name)
	}
	return f.wholePositive(name)
}

// SubmitRideOrder answers POST /orders/ride (deprecated).
func (op operations) SubmitRideOrder(w http.ResponseWriter, r *http.Request, p api.SubmitRideOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *books.Tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		price := f.portfolio(op.s.catalog, tx, p.XSubaccountID).apiPrice(tx)
		kg := f.emissions("distance_km", f.positive("distance_km"), perKmCar)
		o := &books.Order{AmountKg: float64(kg), PriceCents: f.priceOf("distance_km", newDecimal(float64(kg)), price)}
		return op.s.place(tx, f, o, p.XSubaccountID)
	})
}

// place reads the members that all kinds of orders have in common and places the
// order.
func (s *Server) place(tx *books.Tx, f *fields, o *books.Order, subaccount *string) *answer {
	o.Metadata = f.shortText("metadata")
	o.Description = f.shortText("description")
	o.CallbackURL = f.notificationURL()
	o.Subaccount = subaccount
	if refusal := f.refusal(); refusal != nil {
		return refusal
	}
	tx.PlaceOrder(o)
	return jsonAnswer(http.StatusCreated, s.showOrder(o))
}

// priceOf returns the total price of a mass, rounded up to whole cents. If the price
// is too large, it refuses the member with this name.
func (f *fields) priceOf(name string, kg decimal, perKg *big.Rat) api.USDCents {
	if kg.exact == nil { // The mass was invalid and has been refused already.
		return 0
	}
	cents, ok := ceil(kg.times(perKg))
	if !ok {
		f.refuse(name, "is too large")
	}
	return api.USDCents(cents)
}

// massFor reads a total price and returns the whole number of kilograms that it
// pays for, together with their price, which is never more than the total.
func (f *fields) massFor(name string, perKg *big.Rat) (kg float64, cents api.USDCents) {
	total := f.positive(name)
	if total.value <= 0 {
		return 0, 0
	}
	n, ok := floor(total.times(new(big.Rat).Inv(perKg)))
	switch {
	case !ok:
		f.refuse(name, "is too large")
		return 0, 0
	case n < 1:
		f.refuse(name, "is less than the price of one kilogram")
		return 0, 0
	}
	whole := newDecimal(float64(n))
	return whole.value, f.priceOf(name, whole, perKg)
}

// GetOrderByID answers GET /orders/{id}.
func (op operations) GetOrderByID(w http.ResponseWriter, r *http.Request, id string, p api.GetOrderByIDParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(tx *books.Tx) *answer {
		o := tx.OrdersOf(p.XSubaccountID).Get(id)
		if o == nil {
			return notFound("order")
		}
		return jsonAnswer(http.StatusOK, op.s.showOrder(o))
	})
}

// CancelOrder answers POST /orders/{id}/cancel.
func (op operations) CancelOrder(w http.ResponseWriter, r *http.Request, id string, p api.CancelOrderParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID, key: p.IdempotencyKey}, func(tx *books.Tx) *answer {
		o := tx.OrdersOf(p.XSubaccountID).Get(id)
		switch {
		case o == nil:
			return notFound("order")
		case o.State == books.OrderCancelled:
			return forbidden("Order is already cancelled")
		}
		return jsonAnswer(http.StatusOK, op.s.showOrder(tx.SetOrderState(o, books.OrderCancelled)))
	})
}

// FulfillOrder matches a placed order to credits, as CNaught does some time after
// the order was placed. It returns [ErrNotFound] if there is no such order and
// [ErrState] if it is already fulfilled or cancelled.
func (s *Server) FulfillOrder(id string) error {
	return commandError("FulfillOrder", s.books.FulfillOrder(id))
}

// Orders returns all orders, including those of subaccounts, newest first.
func (s *Server) Orders() []api.Order {
	var records []*books.Order
	s.books.Look(func(tx *books.Tx) { records = tx.Orders().All() })
	return convertAll[api.Order](records, s.showOrder)
}

// Order returns the order with this id. It reports false if there is none.
func (s *Server) Order(id string) (o api.Order, ok bool) {
	var record *books.Order
	s.books.Look(func(tx *books.Tx) { record = tx.Orders().Get(id) })
	if record == nil {
		return o, false
	}
	return convert[api.Order](s.showOrder(record)), true
}

// OrderCount returns the number of orders.
func (s *Server) OrderCount() (n int) {
	s.books.Look(func(tx *books.Tx) { n = tx.Orders().Len() })
	return n
}

// wellKnownOrder returns the fulfilled order that the vendor's tests rely on.
func wellKnownOrder() *books.Order {
	return &books.Order{
		ID: "2FhU3B0F36_sandbox", CreatedOn: time.Date(2023, 10, 2, 12, 0, 0, 0, time.UTC),
		AmountKg: 3000, PriceCents: 6000, State: books.OrderFulfilled,
	}
}
