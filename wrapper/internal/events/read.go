package events

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/lenient"
)

const (
	// MaxBytes is the largest size of the body of a webhook.
	MaxBytes = 1 << 20
	// Timeout is the time limit for reading a webhook, and for fetching its order.
	Timeout = 10 * time.Second

	maxID = 128 // characters
)

// Order identifies the order to fetch. Subaccount is empty for an order of the account.
type Order struct{ ID, Subaccount string }

// event is the part of a webhook that the handler uses.
type event struct {
	Order
	state api.OrderState
}

// read returns the event in a request, or the status of the answer if the request is
// not an event. Only the id is required, so that an event is not lost if its other
// members change their types.
func read(w http.ResponseWriter, r *http.Request) (event, int) {
	if r.Body == nil { // a test may have made the request with http.NewRequest
		return event{}, http.StatusBadRequest
	}
	deadline := http.NewResponseController(w)
	deadline.SetReadDeadline(time.Now().Add(Timeout)) // fails if it is not supported
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return event{}, http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return event{}, http.StatusRequestTimeout
	case err != nil:
		return event{}, http.StatusBadRequest
	}
	deadline.SetReadDeadline(time.Time{}) // otherwise it could end the context while the order is fetched
	var body struct {
		Order struct {
			ID           string `json:"id"`
			State        any    `json:"state"`
			SubaccountID any    `json:"subaccount_id"`
		} `json:"order"`
	}
	if _, err := lenient.Unmarshal(data, &body); err != nil || !isID(body.Order.ID) {
		return event{}, http.StatusBadRequest
	}
	state, _ := body.Order.State.(string)
	subaccount, _ := body.Order.SubaccountID.(string)
	if !isID(subaccount) || check.HeaderValue(subaccount) != "" {
		subaccount = ""
	}
	return event{Order{body.Order.ID, subaccount}, api.OrderState(state)}, http.StatusOK
}

func isID(id string) bool { return check.ID(id) == "" && utf8.RuneCountInString(id) <= maxID }
