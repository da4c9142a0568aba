package cnaught

import (
	"cmp"
	"time"
)

// RetryPolicy controls how often a call is repeated, and how long it waits in
// between. It does not control which calls may be repeated: that is fixed for each
// operation (see the package documentation).
//
// A zero field takes its value from [DefaultRetryPolicy] or, in the policy of a
// single call ([WithCallRetryPolicy]), from the client's policy.
type RetryPolicy struct {
	// MaxAttempts counts the first request too. 1 means no retries.
	MaxAttempts int
	// BaseDelay and MaxDelay bound the pause before the retry number n = 0, 1, 2...:
	// a random time between 0 and min(MaxDelay, BaseDelay * 2^n), on top of what
	// the server asks for.
	BaseDelay, MaxDelay time.Duration
	// MaxRetryAfter is the longest pause that a server may ask for. If it asks for
	// more, the call ends at once, with the server's answer as its error.
	MaxRetryAfter time.Duration
	// AttemptTimeout bounds one request and the reading of its whole answer.
	// It never ends the call: the context of the call does that.
	AttemptTimeout time.Duration
	// Budget limits the retries of all calls of a client together. Calls that can
	// act twice have a budget of their own, apart from that of reads. In the policy
	// of a single call it is ignored.
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

// fill replaces zero fields by those of defaults, and rejects values that make no
// sense.
func (p RetryPolicy) fill(call string, defaults RetryPolicy) (RetryPolicy, error) {
	wrong := cmp.Or(
		fillIn("MaxAttempts", &p.MaxAttempts, defaults.MaxAttempts),
		fillIn("BaseDelay", &p.BaseDelay, defaults.BaseDelay),
		fillIn("MaxDelay", &p.MaxDelay, defaults.MaxDelay),
		fillIn("MaxRetryAfter", &p.MaxRetryAfter, defaults.MaxRetryAfter),
		fillIn("AttemptTimeout", &p.AttemptTimeout, defaults.AttemptTimeout),
		fillIn("Budget.Capacity", &p.Budget.Capacity, defaults.Budget.Capacity),
		fillIn("Budget.PerSuccess", &p.Budget.PerSuccess, defaults.Budget.PerSuccess),
		fillIn("Budget.PerMinute", &p.Budget.PerMinute, defaults.Budget.PerMinute),
	)
	if wrong != "" {
		return p, &InvalidRequestError{call, "RetryPolicy." + wrong, "is negative or not a number"}
	}
	return p, nil
}

// fillIn gives a zero field its default. It returns the name of a field whose value
// makes no sense.
func fillIn[T int | time.Duration | float64](name string, member *T, fallback T) string {
	if *member = cmp.Or(*member, fallback); *member >= 0 {
		return ""
	}
	return name
}

// RetryBudget keeps retries from multiplying the load on a server that is
// down. It is a token bucket: each retry takes one token, each answer of a
// healthy server brings PerSuccess back and each minute PerMinute, up to
// Capacity. With an empty bucket a call ends with its first failure.
type RetryBudget struct {
	// Capacity is the number of retries that a client may make in a row
	// without a single success; math.Inf(1) lifts the budget. A new client
	// starts with a full bucket.
	Capacity float64
	// PerSuccess is the share of retries in the long run: 0.1 allows one
	// retry for ten successes.
	PerSuccess float64
	// PerMinute gives a program with few calls its retries back some minutes
	// after an outage.
	PerMinute float64
}

// DefaultRetryBudget allows ten retries in a row, one for ten successes, and
// one a minute.
func DefaultRetryBudget() RetryBudget {
	return RetryBudget{Capacity: 10, PerSuccess: 0.1, PerMinute: 1}
}
