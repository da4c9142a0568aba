// Package events receives order webhooks, which anybody can post.
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

// The calls to the API that posts cause share the API's rate limit with the
// account's purchases. So a handler has limits.
const (
	MaxRequests      = 64 // at once
	MaxFetches       = 20 // in a burst; more can exhaust the API's limit at once
	FetchesPerMinute = 20 * 60
)

// Handler answers webhooks. It takes no more than the order's id, state and
// subaccount from one, fetches the order, and hands over what the API says.
type Handler struct {
	// Fetch returns the JSON of an order as the API gives it now, and nil if the API
	// does not know the order.
	Fetch func(context.Context, Order) ([]byte, error)
	// Take gets an order of its own for each event.
	Take func(context.Context, *api.Order) error
	// Log is told what is never said to whoever posted an event.
	Log func(ctx context.Context, id string, err error)

	requests chan struct{} // has an element for each request that is being handled
	fetches  *limit.Bucket // has a token for each fetch that may begin
	refusals *limit.Bucket // has a token if a refusal may be logged
	underway *limit.Shared[Order, []byte]
}

// New returns a handler with fresh limits.
func New(h Handler) *Handler {
	h.requests = make(chan struct{}, MaxRequests)
	h.fetches = limit.NewBucket(MaxFetches, FetchesPerMinute)
	h.refusals = limit.NewBucket(1, 1)
	h.underway = new(limit.Shared[Order, []byte])
	return &h
}

var errTooMany = errors.New("there are more events than the handler's limits allow")

// Panic is a panic of Take, or of a transport.
type Panic struct {
	Value any
	Stack []byte
}

func (e *Panic) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// ServeHTTP answers one webhook.
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

// handle returns the status that answers an event, and what is to be logged.
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

// fetch returns the order of an event. It takes the answer of a fetch that was
// under way already only if that shows the event's state: it may have been read
// before the state changed.
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

// isEarlier reports whether one state comes before another in the life of an
// order.
func isEarlier(state, than api.OrderState) bool {
	life := []api.OrderState{api.OrderStatePlaced, api.OrderStateFulfilled, api.OrderStateCancelled}
	i := slices.Index(life, state)
	return i >= 0 && i < slices.Index(life, than)
}
