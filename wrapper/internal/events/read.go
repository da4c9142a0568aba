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
	// MaxBytes bounds a webhook's body.
	MaxBytes = 1 << 20
	// Timeout bounds the reading of a webhook and the fetch of its order.
	Timeout = 10 * time.Second

	maxID = 128 // characters
)

// Order says which order is to be fetched, and for which subaccount; an empty one
// stands for the account.
type Order struct{ ID, Subaccount string }

// event is what the handler takes from a webhook.
type event struct {
	Order
	state api.OrderState
}

// read returns the status that answers what is no event. Of the members it needs
// the id alone, so that an event whose other members change shape is not lost.
func read(w http.ResponseWriter, r *http.Request) (event, int) {
	if r.Body == nil { // of a request that a test made with http.NewRequest
		return event{}, http.StatusBadRequest
	}
	deadline := http.NewResponseController(w)
	deadline.SetReadDeadline(time.Now().Add(Timeout)) // fails where it is not supported
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
	deadline.SetReadDeadline(time.Time{}) // or it would end the context while the order is fetched
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
