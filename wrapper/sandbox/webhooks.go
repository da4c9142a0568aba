package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// DeliveryStatus is the state of a webhook delivery.
type DeliveryStatus string

// The states of a webhook delivery.
const (
	DeliveryPending   = DeliveryStatus(books.DeliveryPending)   // not yet answered with 200
	DeliveryDelivered = DeliveryStatus(books.DeliveryDelivered) // answered with 200
	DeliveryAbandoned = DeliveryStatus(books.DeliveryAbandoned) // not answered with 200 within 24 hours
	DeliveryRefused   = DeliveryStatus(books.DeliveryRefused)   // never sent, because the URL is not on this machine
)

// Delivery is a webhook that notifies the customer of a change of an order's state.
type Delivery struct {
	ID         string
	OrderID    string
	OrderState string // the new state of the order
	URL        string
	Body       []byte // the JSON that is sent, {"order": {...}}
	CreatedOn  time.Time
	Status     DeliveryStatus
	Attempts   []DeliveryAttempt
	Next       *time.Time // the time of the next attempt by the sandbox clock, or nil
	Reason     string     // why the delivery was refused, or empty
}

// DeliveryAttempt is one POST to the callback URL.
type DeliveryAttempt struct {
	On         time.Time // by the sandbox clock
	StatusCode int       // 0 if there was no answer
	Error      string    // why there was no answer, or empty
}

// notification returns the delivery for an order's new state.
func (s *Server) notification(now time.Time, o *books.Order) *books.Delivery {
	d := &books.Delivery{ID: books.NewID(10), OrderID: o.ID, State: o.State, URL: *o.CallbackURL, CreatedOn: now}
	body, err := apijson.Encode(struct {
		Order orderJSON `json:"order"`
	}{s.showOrder(o)})
	if err != nil {
		d.Refused = err.Error()
	}
	d.Body = body
	if u, err := url.Parse(d.URL); err != nil || !s.publicWebhooks && !loopbackHost(u.Hostname()) {
		d.Refused = "the host is not this machine; WithPublicWebhooks or the program's flag -public-webhooks allows it"
	}
	if d.Refused != "" {
		s.logger.LogAttrs(context.Background(), slog.LevelInfo, "webhook refused", append(deliveryAttrs(d), slog.String("reason", d.Refused))...)
	}
	return d
}

// delivered records and logs the outcome of one attempt.
func (s *Server) delivered(d *books.Delivery, status int, failure error) {
	a, err := s.books.Delivered(d, status, failure)
	switch {
	case errors.Is(err, ErrClosed):
		return
	case err != nil:
		s.logger.Error("cnaught sandbox: recording a webhook delivery failed", "error", err)
		return
	}
	attrs := deliveryAttrs(d)
	if failure != nil {
		attrs = append(attrs, slog.String("error", failure.Error()))
	} else {
		attrs = append(attrs, slog.Int("status", status))
	}
	outcome := "webhook delivered"
	switch {
	case status == http.StatusOK:
	case a.Next == nil:
		outcome = "webhook abandoned"
	default:
		outcome = "webhook failed"
		attrs = append(attrs, slog.Time("next", *a.Next))
	}
	s.logger.LogAttrs(context.Background(), slog.LevelInfo, outcome, attrs...)
}

func deliveryAttrs(d *books.Delivery) []slog.Attr {
	return []slog.Attr{
		slog.String("order", d.OrderID), slog.String("state", string(d.State)), slog.String("url", d.URL),
	}
}

// Deliveries returns all webhook deliveries, newest first.
func (s *Server) Deliveries() []Delivery {
	var records []*books.Delivery
	s.books.Look(func(tx *books.Tx) { records = tx.Deliveries().All() })
	all := make([]Delivery, len(records))
	for i, d := range records {
		all[i] = showDelivery(d)
	}
	return all
}

func showDelivery(d *books.Delivery) Delivery {
	shown := Delivery{
		ID: d.ID, OrderID: d.OrderID, OrderState: string(d.State), URL: d.URL,
		Body: bytes.Clone(d.Body), CreatedOn: d.CreatedOn, Status: DeliveryStatus(d.Status()), Next: d.Next(), Reason: d.Refused,
	}
	for _, a := range d.Attempts {
		shown.Attempts = append(shown.Attempts, DeliveryAttempt{a.On, a.Status, a.Error})
	}
	return shown
}

// WaitForDeliveries waits until every webhook that is due has been tried. Those that
// fail become due again later, by the sandbox clock; see [Server.Advance].
func (s *Server) WaitForDeliveries(ctx context.Context) error {
	s.books.Look(func(*books.Tx) {}) // Look passes the deliveries that are due to the courier.
	idle := s.courier.idleChannel()
	select {
	case <-idle:
		return nil
	default:
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cnaught: sandbox: WaitForDeliveries: %w", ctx.Err())
	case <-s.ctx.Done():
		return fmt.Errorf("cnaught: sandbox: WaitForDeliveries: %w", ErrClosed)
	}
}
