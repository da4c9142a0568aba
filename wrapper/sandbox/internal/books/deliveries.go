package books

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	// deliveryWindow is how long a failed delivery is tried again.
	deliveryWindow = 24 * time.Hour
	// The pause after a failed attempt is firstRedelivery at first. It doubles each
	// time, up to longestRedelivery.
	firstRedelivery   = time.Second
	longestRedelivery = 30 * time.Minute
)

// DeliveryStatus is the state of a delivery.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliveryPending   DeliveryStatus = "pending"   // not yet answered with 200
	DeliveryDelivered DeliveryStatus = "delivered" // answered with 200
	DeliveryAbandoned DeliveryStatus = "abandoned" // not answered with 200 within 24 hours
	DeliveryRefused   DeliveryStatus = "refused"   // never sent
)

// Delivery is a webhook that notifies the customer of a change of an order's state. Its
// own state follows from its attempts.
type Delivery struct {
	ID        string          `json:"id"`
	OrderID   string          `json:"order_id"`
	State     OrderState      `json:"order_state"`
	URL       string          `json:"url"`
	Body      json.RawMessage `json:"body"`
	CreatedOn time.Time       `json:"created_on"`
	Refused   string          `json:"refused,omitempty"` // why it is never sent, or empty

	// Attempts are the POSTs to the URL so far, oldest first. The state file has them
	// in separate lines.
	Attempts []Attempt `json:"-"`
}

// Attempt is one POST of a delivery.
type Attempt struct {
	Delivery string     `json:"delivery"`
	On       time.Time  `json:"on"`
	Status   int        `json:"status,omitempty"` // 0 if there was no answer
	Error    string     `json:"error,omitempty"`
	Next     *time.Time `json:"next,omitempty"` // nil if the delivery arrived or is abandoned
}

// Status returns the state of the delivery, which follows from its attempts.
func (d *Delivery) Status() DeliveryStatus {
	switch last := len(d.Attempts) - 1; {
	case d.Refused != "":
		return DeliveryRefused
	case last < 0:
		return DeliveryPending
	case d.Attempts[last].Status == http.StatusOK:
		return DeliveryDelivered
	case d.Attempts[last].Next == nil:
		return DeliveryAbandoned
	}
	return DeliveryPending
}

// Next returns the time at which a failed delivery is tried again, or nil.
func (d *Delivery) Next() *time.Time {
	if len(d.Attempts) == 0 {
		return nil
	}
	return d.Attempts[len(d.Attempts)-1].Next
}

// dueOn returns the time of the next attempt, including the first, or the zero time if
// there is none.
func (d *Delivery) dueOn() time.Time {
	if len(d.Attempts) == 0 {
		return d.CreatedOn
	}
	if next := d.Next(); next != nil {
		return *next
	}
	return time.Time{}
}

// Delivered records the result of an attempt to deliver d and plans the next one. If
// there was no answer, status is 0 and failure says why.
func (b *Books) Delivered(d *Delivery, status int, failure error) (a Attempt, err error) {
	err = b.Update(func(tx *Tx) {
		a = Attempt{Delivery: d.ID, On: tx.Now, Status: status}
		if failure != nil {
			a.Error = failure.Error()
		}
		end := d.CreatedOn.Add(deliveryWindow)
		if status != http.StatusOK && tx.Now.Before(end) {
			next := tx.Now.Add(redeliveryPause(len(tx.Deliveries().Get(d.ID).Attempts)))
			if next.After(end) {
				next = end
			}
			a.Next = &next
		}
		tx.change.Attempts = append(tx.change.Attempts, a)
	})
	return a, err
}

// redeliveryPause returns the pause after n+1 failed attempts.
func redeliveryPause(n int) time.Duration {
	pause := firstRedelivery
	for ; n > 0 && pause < longestRedelivery; n-- {
		pause *= 2
	}
	return min(pause, longestRedelivery)
}
