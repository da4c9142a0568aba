package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/check"
)

const (
	// maxEventBytes bounds a webhook's body.
	maxEventBytes = 1 << 20
	// maxEventID bounds the ids in a webhook, in characters.
	maxEventID = 128
	// eventTimeout bounds the reading of a webhook and the fetch of its order.
	eventTimeout = 10 * time.Second
)

// ParseOrderEvent reads a webhook's body, of at most 1 MiB. What it says is not
// to be trusted: nothing published speaks of a signature. Anything but an event
// with an order that has an id gives a [*DecodeError].
func ParseOrderEvent(r io.Reader) (*api.OrderEvent, error) {
	body, err := readUpTo(r, 0, maxEventBytes)
	if errors.Is(err, errTooLarge) {
		err = fmt.Errorf("the body is %w of %d bytes", err, maxEventBytes)
	}
	event := new(api.OrderEvent)
	if err == nil {
		_, err = fit(body, event)
	}
	if err == nil && event.Order.ID == "" {
		err = errors.New("the event has no order with an id")
	}
	if err != nil {
		return nil, &DecodeError{CallInfo: CallInfo{Call: "ParseOrderEvent"}, Body: body, Err: err}
	}
	return event, nil
}

// OrderEventHandler receives webhooks: the vendor POSTs to an order's
// notification_config.url when its state changes. Nothing proves who sent one,
// so the handler takes only the order's id, state and subaccount from it, fetches
// the order, and calls fn with what the API says. Events may come twice, late and
// in any order, so fn has to expect an order that it has seen before.
//
// The vendor delivers an event again, for 24 hours, unless the answer is 200. The
// handler answers
//
//   - 200 if fn returned nil,
//   - 400, 405, 408 or 413 for a request that is no webhook,
//   - 404 if the API does not know the order,
//   - 500 if fn returned an error, panicked or is nil,
//   - 503 if the order could not be fetched, if the API gave another order, if
//     what it gave is older than the event (the event says fulfilled and the order
//     is still placed), or if one of the limits below is reached. States that this
//     version does not know are never taken for older.
//
// Errors are never sent to whoever posted the event. They go to [WithLogger],
// those of the limits once a minute at most. A panic is logged with its stack, to
// slog.Default if the client has no logger; http.ErrAbortHandler panics on.
//
// Strangers can post, too, so each handler has limits. Make one and keep it:
//
//   - A body has at most 1 MiB and arrives within 10 seconds, where the server
//     supports read deadlines; an id has at most 128 characters.
//   - 64 requests are handled at once, which includes the time that fn takes.
//   - 20 orders are fetched per second, and 20 in a burst. A fetch takes at most
//     10 seconds and is sent once, whatever the policy of the client, so it takes
//     no token from the client's retry budgets and needs none.
//   - Deliveries for one order at the same time share one fetch, unless it shows
//     another state than the event. fn runs once for each of them, with an order of
//     its own.
//
// The options apply to the fetches; [WithResponse] has no effect. A fetch acts for
// the subaccount that an option names, or else for that of the event, or else for
// the client's ([WithSubaccount]). To serve one subaccount alone, give
// [ForSubaccount].
//
// Webhooks: https://docs.cnaught.com/api-reference/introduction
func (c *Client) OrderEventHandler(fn func(context.Context, *api.Order) error, opts ...CallOption) http.Handler {
	if fn == nil {
		fn = func(context.Context, *api.Order) error { return errors.New("the handler has no function") }
	}
	return &eventHandler{client: c, fn: fn, eventLimits: newEventLimits(), opts: opts}
}

type eventHandler struct {
	*eventLimits
	client *Client
	fn     func(context.Context, *api.Order) error
	opts   []CallOption
}

func (h *eventHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		httpError(w, http.StatusMethodNotAllowed)
		return
	}
	select {
	case h.requests <- struct{}{}:
		defer func() { <-h.requests }()
	default:
		h.log(r.Context(), "", errTooManyEvents)
		httpError(w, http.StatusServiceUnavailable)
		return
	}
	event, status := readEvent(w, r)
	if status == http.StatusOK {
		var err error
		if status, err = h.handle(r.Context(), event); err != nil {
			h.log(r.Context(), event.id, err)
		}
	}
	if status != http.StatusOK {
		httpError(w, status)
	}
}

// handle returns the status that answers an event, and what is to be logged.
func (h *eventHandler) handle(ctx context.Context, event orderEvent) (status int, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			status, err = http.StatusInternalServerError, &panicError{p, debug.Stack()}
		}
	}()
	order, err := h.fetch(ctx, event)
	switch {
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound, nil
	case err != nil:
		return http.StatusServiceUnavailable, err
	case isEarlier(order.State, event.state):
		return http.StatusServiceUnavailable, fmt.Errorf("the event says %s, but the order is still %s", event.state, order.State)
	}
	if err := h.fn(ctx, order); err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusOK, nil
}

// orderEvent is what the handler takes from an event.
type orderEvent struct {
	orderKey
	state api.OrderState
}

// orderKey says which order is to be fetched, and for whom.
type orderKey struct{ id, subaccount string }

// readEvent returns the status that answers what is no event. Of the members it
// needs the id alone, so that an event whose other members change shape is not
// lost.
func readEvent(w http.ResponseWriter, r *http.Request) (orderEvent, int) {
	if r.Body == nil { // of a request that a test made with http.NewRequest
		return orderEvent{}, http.StatusBadRequest
	}
	deadline := http.NewResponseController(w)
	deadline.SetReadDeadline(time.Now().Add(eventTimeout)) // fails where it is not supported
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return orderEvent{}, http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return orderEvent{}, http.StatusRequestTimeout
	case err != nil:
		return orderEvent{}, http.StatusBadRequest
	}
	deadline.SetReadDeadline(time.Time{}) // or it would end the context while the order is fetched
	var body struct {
		Order struct {
			ID           string `json:"id"`
			State        any    `json:"state"`
			SubaccountID any    `json:"subaccount_id"`
		} `json:"order"`
	}
	if _, err := fit(data, &body); err != nil || !isEventID(body.Order.ID) {
		return orderEvent{}, http.StatusBadRequest
	}
	state, _ := body.Order.State.(string)
	subaccount, _ := body.Order.SubaccountID.(string)
	if !isEventID(subaccount) || check.HeaderValue(subaccount) != "" {
		subaccount = ""
	}
	return orderEvent{orderKey{body.Order.ID, subaccount}, api.OrderState(state)}, http.StatusOK
}

func isEventID(id string) bool { return check.ID(id) == "" && utf8.RuneCountInString(id) <= maxEventID }

// isEarlier reports whether one state comes before another in the life of an
// order.
func isEarlier(state, than api.OrderState) bool {
	life := []api.OrderState{api.OrderStatePlaced, api.OrderStateFulfilled, api.OrderStateCancelled}
	i := slices.Index(life, state)
	return i >= 0 && i < slices.Index(life, than)
}

func httpError(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// panicError is a panic of the function that gets the order, or of a transport.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (h *eventHandler) log(ctx context.Context, id string, err error) {
	logger, mask := h.client.logger, h.client.secret.Mask
	attrs := []slog.Attr{slog.String("order", mask(id)), slog.String("error", mask(err.Error()))}
	if p, ok := err.(*panicError); ok {
		attrs = append(attrs, slog.String("stack", mask(string(p.stack))))
		if logger == nil { // net/http would have printed it, too
			logger = slog.Default()
		}
	}
	if logger == nil || err == errTooManyEvents && !h.refusals.Withdraw() {
		return
	}
	logger.LogAttrs(ctx, slog.LevelError, "cnaught: webhook", attrs...)
}
