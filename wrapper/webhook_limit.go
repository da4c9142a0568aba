package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/cnaught-go/cnaught/api"
)

// Anyone can post to a handler, and the calls to the API that this causes share
// the API's rate limit with the account's purchases. So a handler has limits.
const (
	maxEventRequests = 64
	maxFetchBurst    = 100
	fetchesPerMinute = 20 * 60
)

var errTooManyEvents = errors.New("there are more events than the handler's limits allow")

type eventLimits struct {
	requests chan struct{} // has an element for each request that is being handled
	fetches  *bucket       // has a token for each fetch that may begin
	refusals *bucket       // has a token if a refusal may be logged

	mu       sync.Mutex
	underway map[orderKey]func() ([]byte, error) // wait for a fetch and return its answer
}

func newEventLimits() eventLimits {
	return eventLimits{
		requests: make(chan struct{}, maxEventRequests),
		fetches:  newBucket(RetryBudget{Capacity: maxFetchBurst, PerMinute: fetchesPerMinute}),
		refusals: newBucket(RetryBudget{Capacity: 1, PerMinute: 1}),
		underway: map[orderKey]func() ([]byte, error){},
	}
}

// fetch returns the order of an event. It takes the answer of a fetch that was
// under way already only if that shows the event's state: it may have been read
// before the state changed.
func (h *eventHandler) fetch(ctx context.Context, event orderEvent) (*api.Order, error) {
	for ctx.Err() == nil {
		wait, shared := h.begin(ctx, event.orderKey)
		body, err := wait()
		if err != nil {
			return nil, err
		}
		order := new(api.Order) // of its own for each event, since its callback may change it
		if err := json.Unmarshal(body, order); err != nil {
			return nil, err
		}
		if !shared || event.state == "" || event.state == order.State {
			return order, contextError(ctx)
		}
	}
	return nil, contextError(ctx)
}

// begin begins a fetch, or joins the one that is under way for the same order.
// A fetch goes on when the sender of its event has gone, since others may wait
// for it.
func (h *eventHandler) begin(ctx context.Context, key orderKey) (wait func() ([]byte, error), shared bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if wait := h.underway[key]; wait != nil {
		return wait, true
	}
	wait = sync.OnceValues(func() ([]byte, error) {
		defer func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.underway, key)
		}()
		return h.get(context.WithoutCancel(ctx), key)
	})
	h.underway[key] = wait
	return wait, false
}

// get fetches an order once, past caches that would give what was true before
// the event.
func (h *eventHandler) get(ctx context.Context, key orderKey) ([]byte, error) {
	if !h.fetches.withdraw() {
		return nil, errTooManyEvents
	}
	call := h.client.newCall(ctx, "OrderEventHandler", []CallOption{WithHeader("Cache-Control", "no-cache")})
	if key.subaccount != "" {
		call.subaccount = &key.subaccount
	}
	call.apply(h.opts)
	policy := *call.policy
	policy.MaxAttempts, policy.AttemptTimeout = 1, min(policy.AttemptTimeout, eventTimeout)
	call.policy, call.response = &policy, nil
	call.build(api.NewGetOrderByIDRequest(relative, key.id, nil))
	order := new(api.Order)
	r, err := call.run(&opGetOrderByID.endpoint, order)
	if err != nil {
		return nil, err
	}
	if order.ID != key.id {
		return nil, fmt.Errorf("the answer is about another order: its id is %q", quote(order.ID))
	}
	return r.readable, nil
}
