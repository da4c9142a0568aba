package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// deliveryWindow is how long a notification is tried again.
	deliveryWindow = 24 * time.Hour
	// The pause after an attempt doubles from the first to the longest, by the
	// sandbox clock.
	firstRedelivery   = time.Second
	longestRedelivery = 30 * time.Minute
	// deliveryTimeout bounds one attempt, in real time.
	deliveryTimeout = 10 * time.Second
	// maxDeliveries is how many attempts run at a time.
	maxDeliveries = 8
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

// loopbackHost tells without asking any name server.
func loopbackHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// onlyLoopback is a net.Dialer's Control: it sees the address really dialed,
// whatever a name stood for.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !addr.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s is not this machine", addr)
	}
	return nil
}

// outgoingClient is for webhooks and logos: no proxy, no redirects, and no
// foreign host unless allowed.
func outgoingClient(foreign bool) *http.Client {
	dialer := &net.Dialer{Timeout: deliveryTimeout}
	if !foreign {
		dialer.Control = onlyLoopback
	}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxDeliveries},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// courier sends notifications, a few at a time.
type courier struct {
	client *http.Client
	done   func(*delivery, int, error) // called after each attempt
	ctx    context.Context             // ends with the sandbox
	wg     sync.WaitGroup

	mu      sync.Mutex
	queue   []*delivery
	workers int
	open    int           // queued or running
	idle    chan struct{} // closed while open is 0
}

func newCourier(ctx context.Context, client *http.Client, done func(*delivery, int, error)) *courier {
	c := &courier{client: client, done: done, ctx: ctx, idle: make(chan struct{})}
	close(c.idle)
	return c
}

// send queues one attempt and returns at once.
func (c *courier) send(d *delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return // it stays pending: a state file keeps it
	}
	if c.open == 0 {
		c.idle = make(chan struct{})
	}
	c.open++
	c.queue = append(c.queue, d)
	if c.workers < maxDeliveries {
		c.workers++
		c.wg.Go(c.work)
	}
}

func (c *courier) work() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.workers--
			c.mu.Unlock()
			return
		}
		d := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()

		status, err := c.post(d)
		if c.ctx.Err() == nil {
			c.done(d, status, err)
		}
		c.mu.Lock()
		if c.open--; c.open == 0 {
			close(c.idle)
		}
		c.mu.Unlock()
	}
}

func (c *courier) post(d *delivery) (status int, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("User-Agent", "CNaught-Sandbox")
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	return resp.StatusCode, nil
}

// stop gives up what is under way and returns when nothing runs. The context
// must have ended.
func (c *courier) stop() {
	c.mu.Lock() // a send that saw the context alive has started its worker by now
	c.queue = nil
	c.mu.Unlock()
	c.wg.Wait()
	c.client.CloseIdleConnections()
}

// idleChannel is closed when no attempt is queued or running.
func (c *courier) idleChannel() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle
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
	select {
	case <-s.courier.idleChannel():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cnaught: sandbox: WaitForDeliveries: %w", ctx.Err())
	case <-s.closing:
		return fmt.Errorf("cnaught: sandbox: WaitForDeliveries: %w", ErrClosed)
	}
}
