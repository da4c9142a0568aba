// Package events receives order webhooks, which can be sent by anybody.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// A handler has limits, because webhooks cause calls of the API that count against the
// same rate limit as the purchases of the account.
const (
	MaxRequests      = 64 // at the same time
	MaxFetches       = 20 // in a burst; more could exhaust the rate limit immediately
	FetchesPerMinute = 20 * 60
)

// Handler handles webhooks. It reads only the id, the state and the subaccount of the
// order from a webhook, fetches the order from the API, and passes that on.
type Handler struct {
	// Fetch returns the current JSON of an order, or nil if the API does not know the
	// order.
	Fetch func(context.Context, Order) ([]byte, error)
	// Take is called with a new copy of the order for each event.
	Take func(context.Context, *api.Order) error
	// Log is called with errors, which the answer to the sender does not contain.
	Log func(ctx context.Context, id string, err error)

	requests chan struct{} // contains an element for each request that is being handled
	fetches  *limit.Bucket // has a token for each fetch that may begin
	refusals *limit.Bucket // has a token if a refusal may be logged
	underway *limit.Shared[Order, []byte]
}

// New returns a copy of h with its own limits.
func New(h Handler) *Handler {
	h.requests = make(chan struct{}, MaxRequests)
	h.fetches = limit.NewBucket(MaxFetches, FetchesPerMinute)
	h.refusals = limit.NewBucket(1, 1)
	h.underway = new(limit.Shared[Order, []byte])
	return &h
}

var errTooMany = errors.New("there are more events than the handler's limits allow")

// Panic is the error for a panic of Take or of a transport.
type Panic struct {
	Value any
	Stack []byte
}

func (e *Panic) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// ServeHTTP handles one webhook.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed)
		return
	}
	select {
	case h.requests <- struct{}{}:
		defer func() { <-h.requests }()
	default:
		h.log(r.Context(), "", errTooMany)
		answer(w, http.StatusServiceUnavailable)
		return
	}
	e, status := read(w, r)
	if status == http.StatusOK {
		var err error
		if status, err = h.handle(r.Context(), e); err != nil {
			h.log(r.Context(), e.ID, err)
		}
	}
	answer(w, status)
}

func answer(w http.ResponseWriter, status int) {
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
	}
}

func (h *Handler) log(ctx context.Context, id string, err error) {
	if err != errTooMany || h.refusals.Withdraw() {
		h.Log(ctx, id, err)
	}
}

// handle returns the status of the answer to an event, and the error to log.
func (h *Handler) handle(ctx context.Context, e event) (status int, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			status, err = http.StatusInternalServerError, &Panic{p, debug.Stack()}
		}
	}()
	order, err := h.fetch(ctx, e)
	switch {
	case err != nil:
		return http.StatusServiceUnavailable, err
	case order == nil:
		return http.StatusNotFound, nil
	case isEarlier(order.State, e.state):
		return http.StatusServiceUnavailable, fmt.Errorf("the event says %s, but the order is still %s", e.state, order.State)
	}
	if err := h.Take(ctx, order); err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusOK, nil
}

// fetch returns the order of an event. It uses the result of a fetch that was already
// running only if the order has the state of the event, because the order may have
// been read before its state changed.
func (h *Handler) fetch(ctx context.Context, e event) (*api.Order, error) {
	for {
		body, shared, err := h.underway.Get(ctx, e.Order, func(ctx context.Context) ([]byte, error) {
			if !h.fetches.Withdraw() {
				return nil, errTooMany
			}
			return h.Fetch(ctx, e.Order)
		})
		if err != nil || body == nil {
			return nil, err
		}
		order := new(api.Order)
		if err := json.Unmarshal(body, order); err != nil {
			return nil, err
		}
		if !shared || e.state == "" || e.state == order.State {
			return order, nil
		}
	}
}

// isEarlier reports whether an order is in one state before it is in another.
func isEarlier(state, than api.OrderState) bool {
	life := []api.OrderState{api.OrderStatePlaced, api.OrderStateFulfilled, api.OrderStateCancelled}
	i := slices.Index(life, state)
	return i >= 0 && i < slices.Index(life, than)
}
