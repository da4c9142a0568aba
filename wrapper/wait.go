package cnaught

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = 30 * time.Second
)

// WaitForOrder polls until the order is fulfilled or cancelled, with pauses
// that grow from half a second to half a minute. It survives transient failures
// of a poll (no answer, 408, 425, 429, 5xx, an answer that can't be read) and ends
// with any other error, or with the context: then it returns the order as it was
// last seen, if it was, beside an error that wraps the context's. It has no limit
// of its own, so give ctx a deadline.
//
// By the published description, a placed order becomes fulfilled when it is matched
// to available credits, and then names the projects that they come from. How long
// that takes is not documented, nor whether it can fail, so it is no wait for a
// customer's page: thank the customer for an order that is placed. An order in the
// sandbox stays placed until something fulfills it.
func (c *Client) WaitForOrder(ctx context.Context, id string, opts ...CallOption) (*api.Order, error) {
	return wait(ctx, c, "WaitForOrder", id,
		func() (*api.Order, error) { return c.GetOrder(ctx, id, opts...) },
		func(o *api.Order) (string, bool) {
			return string(o.State), o.State == api.OrderStateFulfilled || o.State == api.OrderStateCancelled
		})
}

// WaitForCheckoutSession polls until the session is no longer open, that is
// complete or expired. It waits and fails as [Client.WaitForOrder] does.
func (c *Client) WaitForCheckoutSession(ctx context.Context, id string, opts ...CallOption) (*api.CheckoutSession, error) {
	return wait(ctx, c, "WaitForCheckoutSession", id,
		func() (*api.CheckoutSession, error) { return c.GetCheckoutSession(ctx, id, opts...) },
		func(s *api.CheckoutSession) (string, bool) {
			return string(s.State), s.State != api.CheckoutSessionStateOpen && s.State != ""
		})
}

func wait[T any](ctx context.Context, c *Client, name, id string, poll func() (*T, error), done func(*T) (state string, ok bool)) (*T, error) {
	var (
		last  *T
		state = "was never seen"
	)
	for pause := firstPoll; ; pause = min(lastPoll, pause*3/2) {
		value, err := poll()
		if err == nil {
			last = value
			var ok bool
			if state, ok = done(value); ok {
				return value, nil
			}
			state = "is " + sanitize.Text(c.secret.Mask(state))
		} else if !isTransient(err) && ctx.Err() == nil {
			return last, err
		}
		// Half of the pause is random, so that waiters do not march in step.
		if ended := sleep(ctx, pause/2+rand.N(pause/2)); ended != nil {
			id := sanitize.Text(c.secret.Mask(id))
			if err != nil && !errors.Is(err, ctx.Err()) {
				return last, fmt.Errorf("cnaught: %s: %q %s: %w; last poll: %w", name, id, state, ended, err)
			}
			return last, fmt.Errorf("cnaught: %s: %q %s: %w", name, id, state, ended)
		}
	}
}

// isTransient reports whether the next poll may well work.
func isTransient(err error) bool {
	var (
		answer    *Error
		transport *TransportError
		decode    *DecodeError
	)
	switch {
	case errors.As(err, &answer):
		return answer.StatusCode >= 500 || isTransientStatus(answer.StatusCode)
	case errors.As(err, &transport):
		return !failure.IsPermanent(err)
	}
	return errors.As(err, &decode)
}
