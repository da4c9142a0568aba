package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// maxRounds bounds how often a caller repeats a call, so that the test ends even if
// the client never succeeds.
const maxRounds = 200

// caller makes one call, and repeats it until its outcome is known.
type caller struct {
	*run
	name   string // in the ledger and in the books
	random *rand.Rand
	client *cnaught.Client
}

func (r *run) newCaller(n int) *caller {
	name := fmt.Sprintf("call-%06d", n)
	return &caller{run: r, name: name, random: r.plan.random("caller " + name), client: r.client}
}

// call makes the call in one of several styles. One caller in five loses patience
// midway, and one in ten dies midway.
func (c *caller) call(ctx context.Context) error {
	switch style := c.random.IntN(10); {
	case !c.Action.Keyed:
		return c.callOnce(ctx, style < 2)
	case style < 1:
		return c.die(ctx)
	default:
		return c.buy(ctx, style < 3)
	}
}

// buy calls until the outcome is known. A caller who is told that nothing happened
// gives up, or calls again with another key.
func (c *caller) buy(ctx context.Context, hasty bool) error {
	for round := range maxRounds {
		key := ""
		if c.random.IntN(2) == 0 {
			key = fmt.Sprintf("%s round %d", c.name, round)
		}
		id, err := c.do(ctx, key, hasty)
		switch {
		case err == nil:
			c.succeed(id)
			return nil
		case unknown(err) && !c.Careless:
			key, ok := cnaught.IdempotencyKeyFrom(err)
			if !ok {
				return fmt.Errorf("an unknown outcome without a key: %w", err)
			}
			return c.settle(ctx, key)
		case !c.Careless && c.random.IntN(2) == 0:
			c.Again.Add(1)
		default:
			c.Failures.Add(1)
			c.ledger.Failure(c.name)
			return nil
		}
	}
	return errors.New("no outcome")
}

// die ignores what the client returns, as a process that dies does. What remains is
// the key that was stored before the call.
func (c *caller) die(ctx context.Context) error {
	key := "of " + c.name
	c.Died.Add(1)
	c.do(ctx, key, true)
	return c.settle(ctx, key)
}

// callOnce makes a call that can't be settled.
func (c *caller) callOnce(ctx context.Context, hasty bool) error {
	id, err := c.do(ctx, "", hasty)
	switch {
	case err == nil:
		c.succeed(id)
	case unknown(err):
		c.Uncertain.Add(1)
		c.ledger.Uncertain(c.name)
	default:
		c.Failures.Add(1)
		c.ledger.Failure(c.name)
	}
	return nil
}

// settle calls again with the key until the server has answered. Half of the callers
// use a new client, as a restarted program does.
func (c *caller) settle(ctx context.Context, key string) error {
	c.Settled.Add(1)
	if c.random.IntN(2) == 0 {
		c.Restarts.Add(1)
		client, err := c.newClient()
		if err != nil {
			return err
		}
		c.client = client
		defer client.CloseIdleConnections()
	}
	// Only the server's answer settles the outcome. A failure that surely did not act
	// says nothing about what the call before it did.
	for range maxRounds {
		pause(ctx, time.Duration(c.random.IntN(50))*time.Millisecond)
		id, err := c.do(ctx, key, false)
		if err == nil {
			c.succeed(id)
			return nil
		}
		if !unknown(err) {
			c.Misleading.Add(1)
		}
	}
	return fmt.Errorf("the key %q was not settled", key)
}

// do calls the client's method once. A hasty caller cancels the call midway.
func (c *caller) do(ctx context.Context, key string, hasty bool) (string, error) {
	var response cnaught.Response
	opts := []cnaught.CallOption{cnaught.WithHeader(headerCall, c.name), cnaught.WithResponse(&response)}
	if key != "" {
		opts = append(opts, cnaught.WithIdempotencyKey(key))
	}
	if hasty {
		var cancel context.CancelFunc
		ctx, cancel = c.lose(ctx)
		defer cancel()
	}
	id, err := c.Action.Do(withCall(ctx, c.name), c.client, c.name, opts...)
	if err != nil {
		c.proxy.history.add(c.name, "caller was told: %v", err)
	} else {
		c.proxy.history.add(c.name, "caller was told: success, %s", id)
	}
	c.Retries.Add(int64(max(0, response.Attempts-1)))
	if response.Replayed {
		c.Replayed.Add(1)
	}
	if hasty && ctx.Err() != nil && err != nil {
		c.Cancelled.Add(1)
	}
	return id, err
}

// lose returns a context that ends midway: for some callers before the request is
// sent, for some in the middle of a stall. Half of the callers have a deadline, which
// the client can see in advance. The others cancel.
func (c *caller) lose(ctx context.Context) (context.Context, context.CancelFunc) {
	patience := time.Duration(c.random.ExpFloat64() * float64(20*time.Millisecond))
	if c.random.IntN(2) == 0 {
		return context.WithTimeout(ctx, patience)
	}
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(patience, cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

func (c *caller) succeed(id string) {
	c.Successes.Add(1)
	c.ledger.Success(c.name, id)
}

// unknown reports whether the server may have acted, or has acted and could not
// be understood.
func unknown(err error) bool {
	var unreadable *cnaught.DecodeError
	return errors.Is(err, cnaught.ErrOutcomeUnknown) || errors.As(err, &unreadable)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
