package cnaught

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// RetryPolicy says how often and how patiently a call is repeated. What may be
// repeated at all is not the policy's to say: that is one answer per
// operation (see the package documentation).
//
// A zero member takes its value from [DefaultRetryPolicy].
type RetryPolicy struct {
	// MaxAttempts counts the first request too. 1 means no retries.
	MaxAttempts int
	// BaseDelay and MaxDelay bound the pause before the retry number n = 0, 1, 2...:
	// a random time between 0 and min(MaxDelay, BaseDelay * 2^n), on top of what
	// the server asks for.
	BaseDelay, MaxDelay time.Duration
	// MaxRetryAfter is the longest pause that a server may ask for. Over it the
	// call ends at once, with the server's answer as its error.
	MaxRetryAfter time.Duration
	// AttemptTimeout bounds one request and the reading of its whole answer.
	// It never ends the call: the context of the call does that.
	AttemptTimeout time.Duration
	// Budget is shared by all calls of a client.
	Budget RetryBudget
}

// DefaultRetryPolicy is what a client uses unless told otherwise: 4 attempts of
// at most 30 s each, pauses of up to 250 ms, 500 ms and 1 s on top of what the
// server asks for, which may be up to 60 s. A call whose context has no deadline
// may thus take five minutes.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:    4,
		BaseDelay:      250 * time.Millisecond,
		MaxDelay:       8 * time.Second,
		MaxRetryAfter:  60 * time.Second,
		AttemptTimeout: 30 * time.Second,
		Budget:         DefaultRetryBudget(),
	}
}

// NoRetry sends each request once.
func NoRetry() RetryPolicy { return RetryPolicy{MaxAttempts: 1} }

// withDefaults fills zero members and refuses what makes no sense.
func (p RetryPolicy) withDefaults() (RetryPolicy, error) {
	d := DefaultRetryPolicy()
	if p.MaxAttempts == 0 {
		p.MaxAttempts = d.MaxAttempts
	}
	for _, m := range []struct {
		name  string
		value *time.Duration
		or    time.Duration
	}{
		{"BaseDelay", &p.BaseDelay, d.BaseDelay},
		{"MaxDelay", &p.MaxDelay, d.MaxDelay},
		{"MaxRetryAfter", &p.MaxRetryAfter, d.MaxRetryAfter},
		{"AttemptTimeout", &p.AttemptTimeout, d.AttemptTimeout},
	} {
		if *m.value < 0 {
			return p, &InvalidRequestError{"New", "RetryPolicy." + m.name, "is negative"}
		}
		if *m.value == 0 {
			*m.value = m.or
		}
	}
	if p.MaxAttempts < 0 {
		return p, &InvalidRequestError{"New", "RetryPolicy.MaxAttempts", "is negative"}
	}
	if p.Budget.Capacity == 0 {
		p.Budget.Capacity = d.Budget.Capacity
	}
	if p.Budget.PerSuccess == 0 {
		p.Budget.PerSuccess = d.Budget.PerSuccess
	}
	for name, value := range map[string]float64{"Capacity": p.Budget.Capacity, "PerSuccess": p.Budget.PerSuccess} {
		if !(value >= 0) {
			return p, &InvalidRequestError{"New", "RetryPolicy.Budget." + name, "is negative or no number"}
		}
	}
	return p, nil
}

// Why a call is not tried again. errFinal is never shown: the answer and the
// number of attempts say it already.
var (
	errFinal  = errors.New("final")
	errBudget = errors.New("the client's retry budget is exhausted")
)

// run is the loop: send, classify, wait, again. It returns the result that
// ends the call well; every other end is an error that keeps the last real
// answer.
func (c *Client) run(x *exchange) (*result, error) {
	if err := x.ctx.Err(); err != nil {
		closeBody(x.req)
		return nil, c.failure(x, &result{err: err}, nil, false)
	}
	mayHaveActed := false // in any attempt so far
	for n := 0; ; n++ {
		r := c.attempt(x)
		v := classify(x.op.class(), r)
		if v.healthy {
			c.budget.deposit()
		}
		if v.ok || (mayHaveActed && x.op.removesResource() && gone(r)) {
			return r, nil
		}
		mayHaveActed = mayHaveActed || v.mayHaveActed

		pause, stopped := c.pause(x, n, r, v)
		if stopped == nil {
			c.logRetry(x, r, pause)
			stopped = sleep(x.ctx, pause)
		}
		if stopped != nil {
			return nil, c.failure(x, r, stopped, mayHaveActed)
		}
	}
}

// pause says how long to wait before the next attempt, or why there is none.
func (c *Client) pause(x *exchange, n int, r *result, v verdict) (time.Duration, error) {
	if err := x.ctx.Err(); err != nil {
		return 0, err
	}
	if !v.retry || n+1 >= c.policy.MaxAttempts || !x.rewindable {
		return 0, errFinal
	}
	if r.retryAfter > c.policy.MaxRetryAfter {
		return 0, fmt.Errorf("the server asks to wait %v", r.retryAfter)
	}
	d := r.retryAfter + c.jitter(c.policy.backoff(n))
	if d < r.retryAfter { // overflow
		d = r.retryAfter
	}
	if deadline, ok := x.ctx.Deadline(); ok && d >= time.Until(deadline) {
		return 0, fmt.Errorf("the context ends before the next attempt in %v", d.Round(time.Millisecond))
	}
	if !c.budget.withdraw() {
		return 0, errBudget
	}
	return d, nil
}

// sleep ends early, with the context's error, when the context does.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure turns the last attempt's result into the call's error. An operation
// that is safe to repeat never reports an unknown outcome: calling again
// settles it.
func (c *Client) failure(x *exchange, r *result, stopped error, mayHaveActed bool) error {
	if stopped == errFinal {
		stopped = nil
	}
	actsTwice := x.op.class() != retrySafe
	acted := actsTwice && mayHaveActed
	// A key of the caller's may be an earlier call's, which is settled only by an
	// answer of the API itself.
	earlier := actsTwice && !acted && x.ownKey && !conclusive(r)
	switch {
	case r.problem != nil:
		e := r.problem
		e.Attempts = x.attempts
		e.Ambiguous, e.earlier = acted || earlier, earlier
		e.stopped = stopped
		return e
	case r.unreadable != nil:
		return r.unreadable
	default:
		if stopped != nil && errors.Is(r.err, stopped) {
			stopped = nil
		}
		return &TransportError{
			Operation:      x.op.ID,
			Attempts:       x.attempts,
			IdempotencyKey: x.key,
			Ambiguous:      acted || earlier,
			Err:            c.secret.maskError(r.err),
			stopped:        stopped,
			earlier:        earlier,
		}
	}
}

func (c *Client) logRetry(x *exchange, r *result, pause time.Duration) {
	if c.logger == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", x.op.ID),
		slog.Int("attempt", x.attempts),
		slog.Duration("pause", pause),
	}
	if r.status != 0 {
		attrs = append(attrs, slog.Int("status", r.status))
	}
	if r.err != nil {
		attrs = append(attrs, slog.String("error", quote(c.secret.mask(r.err.Error()))))
	}
	c.logger.LogAttrs(x.ctx, slog.LevelWarn, "cnaught: retrying", attrs...)
}
