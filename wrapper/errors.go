package cnaught

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/problem"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// Sentinels for errors.Is. Those of the first group match an [*Error] by the URI
// of its problem type or, where that is missing or unknown, by its status. The
// types are those of the vendor's Node SDK.
var (
	// ErrUnauthorized says that the API key was not accepted (401), be it by a gateway.
	// A purchase may have gone through before: test for ErrOutcomeUnknown first.
	ErrUnauthorized = errors.New("cnaught: unauthorized")
	// ErrForbidden says that the account may not do this (403): subaccounts are not
	// enabled, or the order is cancelled already.
	ErrForbidden = errors.New("cnaught: forbidden")
	// ErrNotFound says that the API does not know the id (404).
	ErrNotFound = errors.New("cnaught: not found")
	// ErrInvalidParameters says that the API refused members of the request; see
	// [Error.Errors].
	ErrInvalidParameters = errors.New("cnaught: invalid parameters")
	// ErrInvalidPagination says that the API refused a cursor or a limit.
	ErrInvalidPagination = errors.New("cnaught: invalid pagination")
	// ErrInvalidSubaccount says that the API does not know the subaccount in
	// X-Subaccount-Id.
	ErrInvalidSubaccount = errors.New("cnaught: invalid subaccount")
	// ErrIdempotencyKeyTooLong says that the key has more than 512 characters. The
	// client refuses such keys before sending, with an error that matches
	// ErrInvalidRequest too.
	ErrIdempotencyKeyTooLong = errors.New("cnaught: idempotency key too long")
	// ErrIdempotencyConcurrent says that a request with this key is still being
	// processed (409).
	ErrIdempotencyConcurrent = errors.New("cnaught: concurrent requests with one idempotency key")
	// ErrIdempotencyMismatch says that the key was used before with another payload,
	// and that the API processed that call (422). With a key of the caller's it
	// matches ErrOutcomeUnknown too, since what that call did is not known here.
	ErrIdempotencyMismatch = errors.New("cnaught: idempotency key used with another payload")
	// ErrRateLimited says that the API asks to slow down (429).
	ErrRateLimited = errors.New("cnaught: rate limited")
	// ErrServer says that the API or a gateway failed (any 5xx).
	ErrServer = errors.New("cnaught: server error")

	// ErrOutcomeUnknown says that the call failed, yet the server may have acted on
	// it. Only operations that could act twice report it. If [IdempotencyKeyFrom]
	// gives a key, call again with it to settle the outcome. A checkout session has
	// no key; call again.
	ErrOutcomeUnknown = errors.New("cnaught: outcome unknown")
	// ErrInvalidRequest says that the input was refused before a byte was sent.
	ErrInvalidRequest = errors.New("cnaught: invalid request")
	// ErrCursorIgnored says that a list answered with a page that it had given
	// before.
	ErrCursorIgnored = errors.New("cnaught: the server ignored the cursor")
)

// CallInfo says which call failed, and what is known about its outcome. It is
// part of [*Error], [*TransportError], [*DecodeError] and [*PriceLimitError].
type CallInfo struct {
	Call      string // the method that was called, such as PlaceOrder
	Operation string // operationId, such as SubmitOrder
	Attempts  int    // requests begun for this call
	// IdempotencyKey is the key that every attempt carried; empty for operations
	// without.
	IdempotencyKey string
	// OutcomeUnknown says that the server may have acted, and that repeating the
	// call without its key may act again. errors.Is(err, ErrOutcomeUnknown) says
	// the same.
	OutcomeUnknown bool
	// EarlierCall says that this call did nothing: what is unknown is the outcome
	// of an earlier call with the caller's own key.
	EarlierCall bool

	stopped error // what ended the retries early: the context's error or an exhausted budget
}

func (i *CallInfo) callInfo() *CallInfo { return i }

// Is matches ErrOutcomeUnknown.
func (i *CallInfo) Is(target error) bool { return target == ErrOutcomeUnknown && i.OutcomeUnknown }

// begin starts a message with the names of the call.
func (i *CallInfo) begin(b *strings.Builder) {
	b.WriteString("cnaught: " + cmp.Or(i.Call, i.Operation))
	if i.Operation != "" && i.Call != "" && i.Operation != i.Call {
		b.WriteString(" (" + i.Operation + ")")
	}
	b.WriteString(": ")
}

// end finishes a message with the attempts and what to do about an unknown
// outcome.
func (i *CallInfo) end(b *strings.Builder) {
	if i.Attempts > 1 {
		fmt.Fprintf(b, " (%d attempts)", i.Attempts)
	}
	if i.stopped != nil {
		fmt.Fprintf(b, "; not tried again: %v", i.stopped)
	}
	switch {
	case i.OutcomeUnknown && i.EarlierCall:
		fmt.Fprintf(b, "; if an earlier call used idempotency key %q, it may have acted: call again with it to settle that", i.IdempotencyKey)
	case i.OutcomeUnknown && i.IdempotencyKey != "":
		fmt.Fprintf(b, "; outcome unknown: call again with idempotency key %q to settle it", i.IdempotencyKey)
	case i.OutcomeUnknown:
		b.WriteString("; outcome unknown: the server may have acted")
	}
}

// Error is every answer outside 2xx. Its first members are those of problem
// details (RFC 9457); answers that are no problem document leave them empty,
// and what came stands in Body.
type Error struct {
	// Type is the URI that identifies the problem, such as
	// https://api.cnaught.com/v1/errors/not-found.
	Type string
	// Title is a short summary for people.
	Title string
	// Status is what the document states; StatusCode is the real one.
	Status int
	// Detail is the longer text: "detail", or the vendor's "details".
	Detail string
	// Instance is the URI of this occurrence.
	Instance string
	// Errors holds the complaints of invalid-parameters, by request member.
	Errors map[string][]string
	// Extensions holds the document's other members.
	Extensions map[string]any

	CallInfo
	StatusCode int           // of the answer
	Method     string        // of the request
	URL        string        // of the request
	Header     http.Header   // of the answer, such as its request id
	Body       []byte        // at most 1 MiB
	RetryAfter time.Duration // what the server asked for; 0 if nothing usable
}

// Error names the call, the operation, status, title, detail, each member's complaint,
// the attempts, and what to do about an unknown outcome.
func (e *Error) Error() string {
	var b strings.Builder
	e.begin(&b)
	fmt.Fprintf(&b, "%d", e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	switch {
	case e.Title != "" && !strings.EqualFold(e.Title, http.StatusText(e.StatusCode)):
		b.WriteString(": " + sanitize.Text(e.Title))
	case e.Title == "" && len(e.Body) > 0:
		b.WriteString(": " + sanitize.Text(e.Body))
	}
	if e.StatusCode/100 == 3 {
		b.WriteString(": redirects are not followed")
	}
	if e.Detail != "" && e.Detail != e.Title {
		b.WriteString(": " + sanitize.Text(e.Detail))
	}
	if len(e.Errors) > 0 {
		b.WriteString(": " + sanitize.Text(problem.Join(e.Errors)))
	}
	if e.EarlierCall && e.kind() == ErrIdempotencyMismatch {
		fmt.Fprintf(&b, "; an earlier call with idempotency key %q was processed: call again with its input to have its answer", e.IdempotencyKey)
		return b.String()
	}
	e.end(&b)
	return b.String()
}

// Unwrap returns what ended the retries early, such as the error of a context that
// has ended; nil if nothing did. A call that stops because the next attempt would miss
// the deadline returns early, so its error does not match context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.stopped }

// Is matches the sentinels above.
func (e *Error) Is(target error) bool {
	return e.CallInfo.Is(target) || target == ErrServer && e.StatusCode >= 500 || target != nil && e.kind() == target
}

// kind returns the one sentinel that says what the answer means. The problem
// type wins over the status, since three of the 400s differ only there.
func (e *Error) kind() error {
	if kind := e.typed(); kind != nil {
		return kind
	}
	switch e.StatusCode {
	case http.StatusBadRequest:
		if len(e.Errors) > 0 {
			return ErrInvalidParameters
		}
	case http.StatusConflict, http.StatusUnprocessableEntity:
		// The documentation of these two knows no other meaning, and only keyed
		// requests get them.
		if e.IdempotencyKey == "" || e.Type != "" && e.Type != "about:blank" { // RFC 9457, section 4.2.1
			return nil
		}
	}
	return statuses[e.StatusCode]
}

// statuses say what an answer means whose problem type does not.
var statuses = map[int]error{
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusConflict:            ErrIdempotencyConcurrent,
	http.StatusUnprocessableEntity: ErrIdempotencyMismatch,
	http.StatusTooManyRequests:     ErrRateLimited,
}

// typed returns the sentinel of the problem type, if it is one of the API's own.
func (e *Error) typed() error {
	i := strings.LastIndex(e.Type, "/errors/")
	if i < 0 {
		return nil
	}
	return problemTypes[e.Type[i+len("/errors/"):]]
}

// problemTypes are the ends of the API's own type URIs.
var problemTypes = map[string]error{
	"invalid-parameters":              ErrInvalidParameters,
	"invalid-pagination":              ErrInvalidPagination,
	"invalid-subaccount":              ErrInvalidSubaccount,
	"idempotency-key-too-long":        ErrIdempotencyKeyTooLong,
	"idempotency-concurrent-requests": ErrIdempotencyConcurrent,
	"idempotency-changed-payload":     ErrIdempotencyMismatch,
	"forbidden":                       ErrForbidden,
	"not-found":                       ErrNotFound,
}

// isProblemDocument reports whether the body was a problem document (RFC 9457),
// whatever its media type: only an API writes one about its own decision.
func (e *Error) isProblemDocument() bool { return e.Type != "" || e.Title != "" || e.Status != 0 }

// TransportError is a call for which no whole answer came.
type TransportError struct {
	CallInfo
	// Err is the last attempt's error. If the context ended during that attempt, it is
	// the context's.
	Err error
}

// Error names the call, the operation, the cause, the attempts, and what to do
// about an unknown outcome.
func (e *TransportError) Error() string {
	var b strings.Builder
	e.begin(&b)
	b.WriteString(sanitize.Text(fmt.Sprint(e.Err)))
	e.end(&b)
	return b.String()
}

// Unwrap returns Err and what ended the retries early, if anything did.
func (e *TransportError) Unwrap() []error {
	if e.stopped == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.stopped}
}

// DecodeError is a 2xx answer that is not the declared value, or is about
// something else than what was asked for. If it came from the API, the API did
// what was asked, and this is all it said about it: an order may stand in Body.
// If it came from something in between, nothing is known. Never drop this error.
type DecodeError struct {
	CallInfo
	StatusCode int
	Header     http.Header
	Body       []byte // as far as it was read
	Err        error
}

// Error names the call, the operation, status, media type and cause, and quotes
// the start of the body.
func (e *DecodeError) Error() string {
	var b strings.Builder
	e.begin(&b)
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "answer %d %q cannot be used: ", e.StatusCode, sanitize.Text(e.Header.Get("Content-Type")))
	}
	fmt.Fprintf(&b, "%s; body %q", sanitize.Text(fmt.Sprint(e.Err)), sanitize.Text(e.Body))
	e.end(&b)
	return b.String()
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// InvalidRequestError is input that was refused before a byte was sent.
type InvalidRequestError struct {
	Call   string // the method or function that was called, such as PlaceOrder
	Field  string // what is wrong, as the API or the option spells it
	Reason string
}

// Error names the call, the field and what is wrong with it.
func (e *InvalidRequestError) Error() string {
	return fmt.Sprintf("cnaught: %s: %s %s", e.Call, e.Field, e.Reason)
}

// Is matches ErrInvalidRequest, and ErrIdempotencyKeyTooLong for such a key.
func (e *InvalidRequestError) Is(target error) bool {
	return target == ErrInvalidRequest ||
		target == ErrIdempotencyKeyTooLong && e.Field == headerIdempotencyKey && e.Reason == check.KeyTooLong
}

// IdempotencyKeyFrom returns the key that the failed call carried, wherever the
// call's error stands in the tree of err. Calling again with it
// ([WithIdempotencyKey]) and the same input, in this process or after a restart,
// settles an unknown outcome: the API answers with what it did then, or does it
// now. An order that was cancelled in the meantime comes back as it was placed;
// [Client.GetOrder] tells.
func IdempotencyKeyFrom(err error) (string, bool) {
	if failed, ok := err.(interface{ callInfo() *CallInfo }); ok && failed.callInfo().IdempotencyKey != "" {
		return failed.callInfo().IdempotencyKey, true
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return IdempotencyKeyFrom(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, wrapped := range err.Unwrap() {
			if key, ok := IdempotencyKeyFrom(wrapped); ok {
				return key, true
			}
		}
	}
	return "", false
}

// kindError has a text of its own, and matches a sentinel. It says "cnaught:" once,
// where wrapping the sentinel would say it twice.
type kindError struct {
	text string
	kind error
}

func (e *kindError) Error() string        { return e.text }
func (e *kindError) Is(target error) bool { return target == e.kind }
