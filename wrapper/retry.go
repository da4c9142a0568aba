package cnaught

import (
	"cmp"
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
// A zero member takes its value from [DefaultRetryPolicy], or from the client's
// policy where it is that of one call ([WithCallRetryPolicy]).
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
	// Budget is shared by all calls of a client, one for reads and one for calls
	// that can act twice. That of one call's policy is ignored.
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

// fill takes zero members from defaults and refuses what makes no sense.
func (p RetryPolicy) fill(call string, defaults RetryPolicy) (RetryPolicy, error) {
	for _, m := range []struct {
		name         string
		value        *time.Duration
		defaultValue time.Duration
	}{
		{"BaseDelay", &p.BaseDelay, defaults.BaseDelay},
		{"MaxDelay", &p.MaxDelay, defaults.MaxDelay},
		{"MaxRetryAfter", &p.MaxRetryAfter, defaults.MaxRetryAfter},
		{"AttemptTimeout", &p.AttemptTimeout, defaults.AttemptTimeout},
	} {
		if *m.value < 0 {
			return p, &InvalidRequestError{call, "RetryPolicy." + m.name, "is negative"}
		}
		*m.value = cmp.Or(*m.value, m.defaultValue)
	}
	if p.MaxAttempts < 0 {
		return p, &InvalidRequestError{call, "RetryPolicy.MaxAttempts", "is negative"}
	}
	p.MaxAttempts = cmp.Or(p.MaxAttempts, defaults.MaxAttempts)
	for _, m := range []struct {
		name         string
		value        *float64
		defaultValue float64
	}{
		{"Capacity", &p.Budget.Capacity, defaults.Budget.Capacity},
		{"PerSuccess", &p.Budget.PerSuccess, defaults.Budget.PerSuccess},
		{"PerMinute", &p.Budget.PerMinute, defaults.Budget.PerMinute},
	} {
		if !(*m.value >= 0) {
			return p, &InvalidRequestError{call, "RetryPolicy.Budget." + m.name, "is negative or not a number"}
		}
		*m.value = cmp.Or(*m.value, m.defaultValue)
	}
	return p, nil
}

// Why a call is not tried again. errFinal is never shown: the answer and the
// number of attempts say it already.
var (
	errFinal  = errors.New("final")
	errBudget = errors.New("the client's retry budget is exhausted")
)

// loop sends, judges, waits, and begins again. It returns the result that ended
// the call, and an error that keeps the last real answer unless it ended well.
func (call *call) loop() (*result, error) {
	if err := contextError(call.ctx); err != nil {
		r := &result{err: err, sent: sentNever}
		return r, call.failure(r, nil, false)
	}
	mayHaveActed := false // in any attempt so far
	for {
		r := call.attempt()
		o := outcomeOf(call.op.class(), r)
		if o.healthy {
			call.budget().deposit()
		}
		if o.succeeded || mayHaveActed && call.op.removesResource() && confirmsDeletion(r) {
			return r, nil
		}
		mayHaveActed = mayHaveActed || o.mayHaveActed

		pause, stopped := call.pause(r, o)
		if stopped == nil {
			call.logRetry(r, pause)
			stopped = sleep(call.ctx, pause)
		}
		if stopped != nil {
			return r, call.failure(r, stopped, mayHaveActed)
		}
	}
}

// budget keeps calls that spend money apart from reads, which others may cause.
func (call *call) budget() *bucket {
	if call.op.canActTwice() {
		return call.client.purchases
	}
	return call.client.reads
}

// pause says how long to wait before the next attempt, or why there is none.
func (call *call) pause(r *result, o outcome) (time.Duration, error) {
	if err := contextError(call.ctx); err != nil {
		return 0, err
	}
	if !o.repeatable || call.attempts >= call.policy.MaxAttempts {
		return 0, errFinal
	}
	if r.retryAfter > call.policy.MaxRetryAfter {
		return 0, fmt.Errorf("the server asks to wait %v", r.retryAfter)
	}
	d := r.retryAfter + call.client.jitter(call.policy.backoff(call.attempts-1))
	if d < r.retryAfter { // overflow
		d = r.retryAfter
	}
	if deadline, ok := call.ctx.Deadline(); ok && d >= time.Until(deadline) {
		return 0, fmt.Errorf("the context ends before the next attempt in %v", d.Round(time.Millisecond))
	}
	if !call.budget().withdraw() {
		return 0, errBudget
	}
	return d, nil
}

// sleep ends early, with the context's error, when the context does.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return contextError(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// failure turns the last attempt's result into the call's error. An operation
// that is safe to repeat never reports an unknown outcome: calling again
// settles it.
func (call *call) failure(r *result, stopped error, mayHaveActed bool) error {
	if stopped == errFinal {
		stopped = nil
	}
	info := CallInfo{
		Call:           call.name,
		Operation:      call.op.ID,
		Attempts:       call.attempts,
		IdempotencyKey: call.key,
		stopped:        stopped,
	}
	if call.op.canActTwice() {
		// The caller's key may be an earlier call's, which only an answer of the API
		// itself settles.
		info.EarlierCall = !mayHaveActed && call.callerKey && !settlesKey(r)
		info.OutcomeUnknown = mayHaveActed || info.EarlierCall
	}
	secret := call.client.secret
	switch {
	case r.problem != nil:
		r.problem.CallInfo = info
		return r.problem
	case r.unfit != nil:
		return &DecodeError{
			CallInfo:   info,
			StatusCode: r.status,
			Header:     secret.maskHeader(r.header),
			Body:       secret.maskBytes(r.body),
			Err:        secret.maskError(r.unfit),
		}
	default:
		if stopped != nil && r.err.Error() == stopped.Error() {
			info.stopped = nil // Err says it
		}
		return &TransportError{CallInfo: info, Err: secret.maskError(r.err)}
	}
}

func (call *call) logRetry(r *result, pause time.Duration) {
	logger := call.client.logger
	if logger == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("call", call.name),
		slog.String("operation", call.op.ID),
		slog.Int("attempt", call.attempts),
		slog.Duration("pause", pause),
	}
	if r.status != 0 {
		attrs = append(attrs, slog.Int("status", r.status))
	}
	if r.err != nil {
		attrs = append(attrs, slog.String("error", quote(call.client.secret.mask(r.err.Error()))))
	}
	logger.LogAttrs(call.ctx, slog.LevelWarn, "cnaught: retrying", attrs...)
}
