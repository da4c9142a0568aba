package cnaught

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// The reasons for which a call is not tried again. errFinal is never shown: the
// answer and the number of attempts say it already.
var (
	errFinal  = errors.New("final")
	errBudget = errors.New("the client's retry budget is exhausted")
)

// loop makes attempts until one succeeds, or until another one is of no use or not
// allowed. It returns the last result and, unless the call succeeded, an error that
// holds the last real answer.
func (call *call) loop() (*result, error) {
	if err := failure.OfContext(call.ctx); err != nil {
		r := &result{err: err, sent: sentNever}
		return r, call.failure(r, nil, false)
	}
	mayHaveActed := false // in any attempt so far
	for {
		r := call.attempt()
		o := outcomeOf(call.op.class(), r)
		if o.healthy {
			call.budget().Deposit(call.client.policy.Budget.PerSuccess)
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

// budget returns the bucket that the retries of this call are taken from. Calls that
// spend money have one of their own, so that reads, which strangers can cause through
// webhooks, never use up a purchase's retries.
func (call *call) budget() *limit.Bucket {
	if call.op.canActTwice() {
		return call.client.purchases
	}
	return call.client.reads
}

// pause returns how long to wait before the next attempt, or the reason why there is
// none.
func (call *call) pause(r *result, o outcome) (time.Duration, error) {
	if err := failure.OfContext(call.ctx); err != nil {
		return 0, err
	}
	if !o.repeatable || call.attempts >= call.policy.MaxAttempts {
		return 0, errFinal
	}
	if r.retryAfter > call.policy.MaxRetryAfter {
		return 0, fmt.Errorf("the server asks to wait %v", r.retryAfter)
	}
	d := r.retryAfter + call.client.jitter(delay.Backoff(call.policy.BaseDelay, call.policy.MaxDelay, call.attempts-1))
	if d < r.retryAfter { // overflow
		d = r.retryAfter
	}
	if deadline, ok := call.ctx.Deadline(); ok && d >= time.Until(deadline) {
		return 0, fmt.Errorf("the context ends before the next attempt in %v", d.Round(time.Millisecond))
	}
	if !call.budget().Withdraw() {
		return 0, errBudget
	}
	return d, nil
}

// sleep waits for d. It returns early, with the context's error, if the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return failure.OfContext(ctx)
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
			Header:     secret.MaskHeader(r.header),
			Body:       secret.MaskBytes(r.body),
			Err:        secret.MaskError(r.unfit),
		}
	default:
		if stopped != nil && r.err.Error() == stopped.Error() {
			info.stopped = nil // Err says it
		}
		return &TransportError{CallInfo: info, Err: secret.MaskError(r.err)}
	}
}
