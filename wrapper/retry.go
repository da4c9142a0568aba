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

var errBudget = errors.New("the client's retry budget is exhausted")

// loop makes attempts until one succeeds, or until another one is of no use or not
// allowed. It returns the last result and, unless the call succeeded, an error that
// describes it.
func (call *call) loop() (*result, error) {
	if err := failure.OfContext(call.ctx); err != nil {
		r := &result{err: err, sent: sentNever}
		return r, call.toError(r, nil, false)
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

		pause, again, stopped := call.pause(r, o)
		if again {
			call.logRetry(r, pause)
			stopped = sleep(call.ctx, pause)
		}
		if !again || stopped != nil {
			return r, call.toError(r, stopped, mayHaveActed)
		}
	}
}

// budget returns the bucket that the retries of this call are taken from. Calls that
// can act twice have one of their own, so that reads, which strangers can cause
// through webhooks, never use up a purchase's retries.
func (call *call) budget() *limit.Bucket {
	if call.op.canActTwice() {
		return call.client.writes
	}
	return call.client.reads
}

// pause reports whether another attempt follows, and after how long. If none does
// although it might have helped, stopped says why.
func (call *call) pause(r *result, o outcome) (d time.Duration, again bool, stopped error) {
	if err := failure.OfContext(call.ctx); err != nil {
		return 0, false, err
	}
	if !o.repeatable || call.attempts >= call.policy.MaxAttempts {
		return 0, false, nil
	}
	if r.retryAfter > call.policy.MaxRetryAfter {
		return 0, false, fmt.Errorf("the server asks to wait %v", r.retryAfter)
	}
	d = r.retryAfter + call.client.jitter(delay.Backoff(call.policy.BaseDelay, call.policy.MaxDelay, call.attempts-1))
	if d < r.retryAfter { // overflow
		d = r.retryAfter
	}
	if deadline, ok := call.ctx.Deadline(); ok && d >= time.Until(deadline) {
		return 0, false, fmt.Errorf("the context ends before the next attempt in %v", d.Round(time.Millisecond))
	}
	if !call.budget().Withdraw() {
		return 0, false, errBudget
	}
	return d, true, nil
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

// toError turns the last attempt's result into the call's error. An operation
// that is safe to repeat never reports an unknown outcome: calling again
// settles it.
func (call *call) toError(r *result, stopped error, mayHaveActed bool) error {
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
