package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
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
	tokens   *limit.Bucket // has one for each fetch that may begin
	refusals *limit.Bucket // has a token if a refusal may be logged
	fetches  limit.Shared[orderKey, []byte]
}

func newEventLimits() *eventLimits {
	return &eventLimits{
		requests: make(chan struct{}, maxEventRequests),
		tokens:   limit.NewBucket(maxFetchBurst, fetchesPerMinute),
		refusals: limit.NewBucket(1, 1),
	}
}

// fetch returns the order of an event. It takes the answer of a fetch that was
// under way already only if that shows the event's state: it may have been read
// before the state changed.
func (h *eventHandler) fetch(ctx context.Context, event orderEvent) (*api.Order, error) {
	for {
		body, shared, err := h.fetches.Get(ctx, event.orderKey, func(ctx context.Context) ([]byte, error) {
			return h.get(ctx, event.orderKey)
		})
		if err != nil {
			return nil, err
		}
		order := new(api.Order) // of its own for each event, since its callback may change it
		if err := json.Unmarshal(body, order); err != nil {
			return nil, err
		}
		if !shared || event.state == "" || event.state == order.State {
			return order, nil
		}
	}
}

// get fetches an order once, past caches that would give what was true before
// the event.
func (h *eventHandler) get(ctx context.Context, key orderKey) ([]byte, error) {
	if !h.tokens.Withdraw() {
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
	call.build(api.NewGetOrderByIDRequest(h.client.server, key.id, nil))
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
