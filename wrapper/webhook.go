package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
)

// maxEventBytes bounds a webhook's body.
const maxEventBytes = 1 << 20

// ParseOrderEvent reads a webhook's body, of at most 1 MiB. What it says is
// not to be trusted: nothing published speaks of a signature. Anything but an event with
// an order that has an id gives a [*DecodeError].
func ParseOrderEvent(r io.Reader) (*api.OrderEvent, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxEventBytes+1))
	if err == nil && len(body) > maxEventBytes {
		body, err = body[:maxEventBytes], fmt.Errorf("the body is %w of %d bytes", errTooLarge, maxEventBytes)
	}
	event := new(api.OrderEvent)
	if err == nil {
		err = json.Unmarshal(body, event)
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
// notification_config.url when its state changes. Since nothing proves who
// sent one, it takes only the order's id from it, fetches that order, and
// calls fn with what the API says; without fn every event fails. Events may come
// twice, late and in any order.
//
// It answers 200, which ends the vendor's 24 hours of redelivery, only if fn
// returned nil; 400, 405 or 413 for what is no webhook; 404 for an order that
// the API does not know; 500 if fn failed, and 503 if the order could not be
// fetched. Errors are logged to [WithLogger], never sent. Every request costs
// one call to the API, so mount it under a path that can't be guessed. A client
// with [WithSubaccount] finds the orders of that subaccount alone.
//
// Webhooks: https://docs.cnaught.com/api-reference/introduction
func (c *Client) OrderEventHandler(fn func(context.Context, *api.Order) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			httpError(w, http.StatusMethodNotAllowed)
			return
		}
		id, status := eventID(http.MaxBytesReader(w, r.Body, maxEventBytes))
		if status != 0 {
			httpError(w, status)
			return
		}
		order, err := c.GetOrder(r.Context(), id)
		switch {
		case errors.Is(err, ErrNotFound):
			httpError(w, http.StatusNotFound)
			return
		case err != nil:
			c.logEvent(r.Context(), id, err)
			httpError(w, http.StatusServiceUnavailable)
			return
		}
		if fn == nil {
			err = errors.New("the handler has no function")
		} else {
			err = fn(r.Context(), order)
		}
		if err != nil {
			c.logEvent(r.Context(), id, err)
			httpError(w, http.StatusInternalServerError)
		}
	})
}

// eventID takes the id alone, so that an event whose other members change
// shape is not lost.
func eventID(body io.Reader) (id string, status int) {
	data, err := io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return "", http.StatusRequestEntityTooLarge
	}
	var event struct {
		Order struct {
			ID string `json:"id"`
		} `json:"order"`
	}
	if err != nil || json.Unmarshal(bytes.TrimSpace(data), &event) != nil ||
		checkID(event.Order.ID) != "" {
		return "", http.StatusBadRequest
	}
	return event.Order.ID, 0
}

func httpError(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

func (c *Client) logEvent(ctx context.Context, id string, err error) {
	if c.logger != nil {
		c.logger.ErrorContext(ctx, "cnaught: webhook", "order", c.secret.mask(id), "error", c.secret.mask(err.Error()))
	}
}
