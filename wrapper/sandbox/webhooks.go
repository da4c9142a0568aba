package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	// deliveryWindow is how long a notification is tried again.
	deliveryWindow = 24 * time.Hour
	// The pause after an attempt doubles from the first to the longest, by the
	// sandbox clock.
	firstRedelivery   = time.Second
	longestRedelivery = 30 * time.Minute
)

// DeliveryStatus says how far a webhook delivery has come.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliveryPending   DeliveryStatus = "pending"   // not yet answered with 200
	DeliveryDelivered DeliveryStatus = "delivered" // answered with 200
	DeliveryAbandoned DeliveryStatus = "abandoned" // not answered with 200 for 24 hours
	DeliveryRefused   DeliveryStatus = "refused"   // never sent: the target is not on this machine
)

// Delivery is the notification of one change of an order's state.
type Delivery struct {
	ID         string
	OrderID    string
	OrderState string // the state that the order changed to
	URL        string
	Body       []byte // what is sent: {"order": {...}}
	CreatedOn  time.Time
	Status     DeliveryStatus
	Attempts   []DeliveryAttempt
	Next       *time.Time // when it is tried again, by the sandbox clock
	Reason     string     // why it was refused
}

// DeliveryAttempt is one POST to the callback URL.
type DeliveryAttempt struct {
	On         time.Time // by the sandbox clock
	StatusCode int       // 0 if no answer came
	Error      string    // why no answer came
}

// notification makes the delivery that tells of the order's new state.
func (tx *tx) notification(o *order) *delivery {
	d := &delivery{
		ID: newID(10), OrderID: o.ID, State: o.State, URL: *o.CallbackURL, CreatedOn: tx.now,
	}
	body, err := encode(struct {
		Order orderJSON `json:"order"`
	}{tx.catalog.showOrder(o)})
	if err != nil {
		d.Refused = err.Error()
	}
	d.Body = body
	if u, err := url.Parse(d.URL); err != nil || !tx.rules.publicWebhooks && !loopbackHost(u.Hostname()) {
		d.Refused = "the host is not this machine; see WithPublicWebhooks"
	}
	return d
}

// delivered books the outcome of one attempt and plans the next.
func (s *Server) delivered(d *delivery, status int, failure error) {
	err := s.books.update(func(tx *tx) {
		a := attempt{Delivery: d.ID, On: tx.now, Status: status}
		if failure != nil {
			a.Error = failure.Error()
		}
		end := d.CreatedOn.Add(deliveryWindow)
		if status != http.StatusOK && tx.now.Before(end) {
			next := tx.now.Add(redeliveryPause(len(tx.deliveries.get(d.ID).attempts)))
			if next.After(end) {
				next = end
			}
			a.Next = &next
		}
		tx.change.Attempts = append(tx.change.Attempts, a)
	})
	if err != nil && !errors.Is(err, ErrClosed) {
		s.logger.Error("cnaught sandbox: booking a delivery", "error", err)
	}
}

// redeliveryPause is the pause after the attempt number n = 0, 1, 2...
func redeliveryPause(n int) time.Duration {
	pause := firstRedelivery
	for ; n > 0 && pause < longestRedelivery; n-- {
		pause *= 2
	}
	return min(pause, longestRedelivery)
}

// Deliveries returns all webhook deliveries, newest first.
func (s *Server) Deliveries() []Delivery {
	var records []*delivery
	s.look(func(tx *tx) { records = tx.deliveries.all() })
	all := make([]Delivery, len(records))
	for i, d := range records {
		all[i] = d.show()
	}
	return all
}

func (d *delivery) show() Delivery {
	shown := Delivery{
		ID: d.ID, OrderID: d.OrderID, OrderState: string(d.State), URL: d.URL,
		Body: bytes.Clone(d.Body), CreatedOn: d.CreatedOn, Status: DeliveryPending, Reason: d.Refused,
	}
	if d.Refused != "" {
		shown.Status = DeliveryRefused
		return shown
	}
	for _, a := range d.attempts {
		shown.Attempts = append(shown.Attempts, DeliveryAttempt{a.On, a.Status, a.Error})
		shown.Next = a.Next
		switch {
		case a.Status == http.StatusOK:
			shown.Status = DeliveryDelivered
		case a.Next == nil:
			shown.Status = DeliveryAbandoned
		}
	}
	return shown
}

// WaitForDeliveries returns when no webhook is being sent: all that were due
// have been tried. Those that failed are tried again later, by the sandbox
// clock; see [Server.Advance].
func (s *Server) WaitForDeliveries(ctx context.Context) error {
	s.look(func(*tx) {}) // what is due is handed over first
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
