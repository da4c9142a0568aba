package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// maxDeliveries is how many attempts run at a time.
const maxDeliveries = 8

// courier sends webhooks, a few at a time.
type courier struct {
	client *http.Client
	done   func(*books.Delivery, int, error) // called after each attempt
	ctx    context.Context                   // is done when the sandbox closes
	wg     sync.WaitGroup

	mu      sync.Mutex
	queue   []*books.Delivery
	workers int
	open    int           // queued or running
	idle    chan struct{} // closed while open is 0
}

func newCourier(ctx context.Context, client *http.Client, done func(*books.Delivery, int, error)) *courier {
	c := &courier{client: client, done: done, ctx: ctx, idle: make(chan struct{})}
	close(c.idle)
	return c
}

// send queues one attempt at a delivery and returns at once.
func (c *courier) send(d *books.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return // The delivery stays pending; a state file keeps it.
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

// work sends what is queued, until nothing is.
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

func (c *courier) post(d *books.Delivery) (status int, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, outgoingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("User-Agent", "CNaught-Sandbox")
	resp, err := c.client.Do(req)
	if err != nil {
		var named *url.Error // Its text begins with the URL, which the delivery has already.
		if errors.As(err, &named) {
			err = named.Err
		}
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // The connection can then be used again.
	return resp.StatusCode, nil
}

// stop gives up what is being sent and returns when nothing runs any more. The
// context must be done.
func (c *courier) stop() {
	c.mu.Lock() // A send that saw the context alive has started its worker by now.
	c.queue = nil
	c.mu.Unlock()
	c.wg.Wait()
	c.client.CloseIdleConnections()
}

// idleChannel returns a channel that is closed when no attempt is queued or
// running.
func (c *courier) idleChannel() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle
}
