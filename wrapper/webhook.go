package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/events"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// ParseOrderEvent reads a webhook's body, of at most 1 MiB. What it says is not
// to be trusted: nothing published speaks of a signature. Anything but an event
// with an order that has an id gives a [*DecodeError].
func ParseOrderEvent(r io.Reader) (*api.OrderEvent, error) {
	body, err := limit.Read(r, 0, events.MaxBytes)
	if errors.Is(err, limit.ErrTooLarge) {
		err = fmt.Errorf("the body is %w of %d bytes", err, events.MaxBytes)
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
//   - 503 if the order could not be fetched, if the API gave another one, or one
//     older than the event (which says fulfilled, and it is still placed), or if a
//     limit below is reached. An unknown state is never taken for older.
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
//   - 20 orders are fetched per second, and 20 in a burst. A fetch takes at most 10
//     seconds and is sent once whatever the client's policy, off its retry budgets.
//   - Deliveries for one order at the same time share one fetch, unless it shows
//     another state than the event. fn runs once for each of them, with an order of
//     its own.
//
// The options apply to the fetches; [WithResponse] has no effect. A fetch acts for
// the subaccount of an option ([ForSubaccount], to serve that one alone), or else
// for that of the event, or else for the client's ([WithSubaccount]).
//
// Webhooks: https://docs.cnaught.com/api-reference/introduction
func (c *Client) OrderEventHandler(fn func(context.Context, *api.Order) error, opts ...CallOption) http.Handler {
	if fn == nil {
		fn = func(context.Context, *api.Order) error { return errors.New("the handler has no function") }
	}
	return events.New(events.Handler{
		Fetch: func(ctx context.Context, of events.Order) ([]byte, error) { return c.orderOfEvent(ctx, of, opts) },
		Take:  fn,
		Log:   c.logEvent,
	})
}

// orderOfEvent fetches an order once, past caches that would give what was true
// before the event.
func (c *Client) orderOfEvent(ctx context.Context, of events.Order, opts []CallOption) ([]byte, error) {
	call := c.newCall(ctx, "OrderEventHandler", []CallOption{WithHeader("Cache-Control", "no-cache")})
	if of.Subaccount != "" {
		call.subaccount = &of.Subaccount
	}
	call.apply(opts)
	policy := *call.policy
	policy.MaxAttempts, policy.AttemptTimeout = 1, min(policy.AttemptTimeout, events.Timeout)
	call.policy, call.response = &policy, nil
	call.build(api.NewGetOrderByIDRequest(c.server, of.ID, nil))
	order := new(api.Order)
	r, err := call.run(&opGetOrderByID.endpoint, order)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case order.ID != of.ID:
		return nil, fmt.Errorf("the answer is about another order: its id is %q", sanitize.Text(order.ID))
	}
	return r.readable, nil
}

func (c *Client) logEvent(ctx context.Context, id string, err error) {
	logger, mask := c.logger, c.secret.Mask
	attrs := []slog.Attr{slog.String("order", mask(id)), slog.String("error", mask(err.Error()))}
	if p, ok := err.(*events.Panic); ok {
		attrs = append(attrs, slog.String("stack", mask(string(p.Stack))))
		if logger == nil { // net/http would have printed it, too
			logger = slog.Default()
		}
	}
	if logger != nil {
		logger.LogAttrs(ctx, slog.LevelError, "cnaught: webhook", attrs...)
	}
}
