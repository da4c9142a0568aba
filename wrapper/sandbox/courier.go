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

// maxDeliveries is the largest number of attempts that run at the same time.
const maxDeliveries = 8

// courier sends webhooks, up to maxDeliveries at the same time.
type courier struct {
	client *http.Client
	done   func(*books.Delivery, int, error) // called after each attempt
	ctx    context.Context                   // canceled when the sandbox closes
	wg     sync.WaitGroup

	mu      sync.Mutex
	queue   []*books.Delivery
	workers int
	open    int           // the number of attempts that are queued or running
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
		return // The delivery stays pending, and a state file keeps it.
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

// work sends queued deliveries until the queue is empty.
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
		var named *url.Error // Its text would repeat the URL, which the delivery already shows.
		if errors.As(err, &named) {
			err = named.Err
		}
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // Reading the body lets the connection be reused.
	return resp.StatusCode, nil
}

// stop drops the queue and waits until all attempts have ended. The caller must have
// canceled the context.
func (c *courier) stop() {
	c.mu.Lock() // A send that began before the context was canceled has started its worker by now.
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
