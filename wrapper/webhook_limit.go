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
	maxFetchBurst    = 20 // a larger one can exhaust the API's limit at once
	fetchesPerMinute = 20 * 60
)

var errTooManyEvents = errors.New("there are more events than the handler's limits allow")

type eventLimits struct {
	requests chan struct{} // has an element for each request that is being handled
	fetches  *bucket       // has a token for each fetch that may begin
	refusals *bucket       // has a token if a refusal may be logged

	mu       sync.Mutex
	underway map[orderKey]*orderFetch
}

// orderFetch is one call to the API, shared by the events that wait for it. The
// wait is for a channel and not for a sync.Once, so that testing/synctest knows
// it.
type orderFetch struct {
	done chan struct{} // is closed when the members below are set
	body []byte
	err  error
}

func newEventLimits() eventLimits {
	return eventLimits{
		requests: make(chan struct{}, maxEventRequests),
		fetches:  newBucket(RetryBudget{Capacity: maxFetchBurst, PerMinute: fetchesPerMinute}),
		refusals: newBucket(RetryBudget{Capacity: 1, PerMinute: 1}),
		underway: map[orderKey]*orderFetch{},
	}
}

// fetch returns the order of an event. It takes the answer of a fetch that was
// under way already only if that shows the event's state: it may have been read
// before the state changed.
func (h *eventHandler) fetch(ctx context.Context, event orderEvent) (*api.Order, error) {
	for ctx.Err() == nil {
		fetch, shared := h.join(event.orderKey)
		if !shared {
			h.run(ctx, event.orderKey, fetch)
		}
		select {
		case <-fetch.done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		if fetch.err != nil {
			return nil, fetch.err
		}
		order := new(api.Order) // of its own for each event, since its callback may change it
		if err := json.Unmarshal(fetch.body, order); err != nil {
			return nil, err
		}
		if !shared || event.state == "" || event.state == order.State {
			return order, nil
		}
	}
	return nil, contextError(ctx)
}

// join returns the fetch of an order that is under way, or a new one that the
// caller has to run.
func (h *eventHandler) join(key orderKey) (fetch *orderFetch, shared bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if fetch := h.underway[key]; fetch != nil {
		return fetch, true
	}
	fetch = &orderFetch{done: make(chan struct{}), err: errors.New("the fetch of the order panicked")}
	h.underway[key] = fetch
	return fetch, false
}

// run goes on when the sender of its event has gone, since others may wait for
// it.
func (h *eventHandler) run(ctx context.Context, key orderKey, fetch *orderFetch) {
	defer func() {
		h.mu.Lock()
		delete(h.underway, key)
		h.mu.Unlock()
		close(fetch.done)
	}()
	fetch.body, fetch.err = h.get(context.WithoutCancel(ctx), key)
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
