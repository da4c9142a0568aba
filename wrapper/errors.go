package cnaught

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sentinels for errors.Is. The first group matches an [*Error] by the problem
// type's URI or, where that is missing or unknown, by its status. The types are
// those of the vendor's Node SDK.
var (
	// ErrUnauthorized: 401, the API key was not accepted.
	ErrUnauthorized = errors.New("cnaught: unauthorized")
	// ErrForbidden: 403, such as subaccounts not enabled, or an order that is cancelled already.
	ErrForbidden = errors.New("cnaught: forbidden")
	// ErrNotFound: 404.
	ErrNotFound = errors.New("cnaught: not found")
	// ErrInvalidParameters: the API refused members of the request; see [Error.Errors].
	ErrInvalidParameters = errors.New("cnaught: invalid parameters")
	// ErrInvalidPagination: the API refused a cursor or limit.
	ErrInvalidPagination = errors.New("cnaught: invalid pagination")
	// ErrInvalidSubaccount: the API does not know the subaccount of X-Subaccount-Id.
	ErrInvalidSubaccount = errors.New("cnaught: invalid subaccount")
	// ErrIdempotencyKeyTooLong: the key has more than 512 characters. The client
	// refuses such keys before sending, with an error that matches
	// ErrInvalidRequest too.
	ErrIdempotencyKeyTooLong = errors.New("cnaught: idempotency key too long")
	// ErrIdempotencyConcurrent: 409, a request with this key is still being processed.
	ErrIdempotencyConcurrent = errors.New("cnaught: concurrent requests with one idempotency key")
	// ErrIdempotencyMismatch: 422, the key was used before with another payload,
	// and that call was processed. With a key of the caller's it matches
	// ErrOutcomeUnknown too: what that call did is not known here.
	ErrIdempotencyMismatch = errors.New("cnaught: idempotency key used with another payload")
	// ErrRateLimited: 429.
	ErrRateLimited = errors.New("cnaught: rate limited")
	// ErrServer: any 5xx.
	ErrServer = errors.New("cnaught: server error")

	// ErrOutcomeUnknown: the call failed, yet the server may have acted on it.
	// Only operations that could act twice report it. If [IdempotencyKeyFrom]
	// gives a key, call again with it to settle it. A checkout session has none:
	// call again.
	ErrOutcomeUnknown = errors.New("cnaught: outcome unknown")
	// ErrInvalidRequest: the input was refused before a byte was sent.
	ErrInvalidRequest = errors.New("cnaught: invalid request")
	// ErrCursorIgnored: a list answered with a page that it had given before.
	ErrCursorIgnored = errors.New("cnaught: the server ignored the cursor")
)

// maxQuoted bounds what a message quotes of a server's answer, in bytes.
const maxQuoted = 500

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

	StatusCode int           // of the answer
	Operation  string        // operationId, such as SubmitOrder
	Method     string        // of the request
	URL        string        // of the request
	Header     http.Header   // of the answer, such as its request id
	Body       []byte        // at most 1 MiB
	Attempts   int           // requests sent for this call
	RetryAfter time.Duration // what the server asked for; 0 if nothing usable
	// IdempotencyKey is the key that every attempt carried; empty for operations without.
	IdempotencyKey string
	// Ambiguous: some attempt may have acted, and repeating the call without
	// its key may act again. errors.Is(err, ErrOutcomeUnknown) says the same.
	Ambiguous bool

	stopped error // what ended the retries early: the context's error or an exhausted budget
	earlier bool  // what is ambiguous is an earlier call with the caller's own key
}

// Error names the operation, status, title, detail, each member's complaint,
// the attempts, and what to do about an unknown outcome.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cnaught: %s: %d", e.Operation, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	switch {
	case e.Title != "" && !strings.EqualFold(e.Title, http.StatusText(e.StatusCode)):
		b.WriteString(": " + quote(e.Title))
	case e.Title == "" && len(e.Body) > 0:
		b.WriteString(": " + quote(e.Body))
	}
	if e.StatusCode/100 == 3 {
		b.WriteString(": redirects are not followed")
	}
	if e.Detail != "" && e.Detail != e.Title {
		b.WriteString(": " + quote(e.Detail))
	}
	if len(e.Errors) > 0 {
		b.WriteString(": " + quote(joinComplaints(e.Errors)))
	}
	if e.earlier && e.kind() == ErrIdempotencyMismatch {
		fmt.Fprintf(&b, "; an earlier call with idempotency key %q was processed: call again with its input to have its answer", e.IdempotencyKey)
		return b.String()
	}
	writeEnding(&b, e.Attempts, e.stopped, e.Ambiguous, e.earlier, e.IdempotencyKey)
	return b.String()
}

// Unwrap returns what ended the retries early, such as the error of a context that
// has ended; nil if nothing did. A call that gives up since the next attempt would
// come after the deadline returns before it, so that is no DeadlineExceeded.
func (e *Error) Unwrap() error { return e.stopped }

// Is matches the sentinels above.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrServer:
		return e.StatusCode >= 500
	case ErrOutcomeUnknown:
		return e.Ambiguous
	case nil:
		return false
	default:
		return e.kind() == target
	}
}

// kind gives the one sentinel that says what the answer means. The problem
// type wins over the status, since three of the 400s differ only there.
func (e *Error) kind() error {
	if kind := e.typed(); kind != nil {
		return kind
	}
	untyped := e.Type == "" || e.Type == "about:blank" // RFC 9457, section 4.2.1
	switch e.StatusCode {
	case http.StatusBadRequest:
		if len(e.Errors) > 0 {
			return ErrInvalidParameters
		}
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusTooManyRequests:
		return ErrRateLimited
	// The documentation of these two statuses knows no other meaning, and only
	// keyed requests get them.
	case http.StatusConflict:
		if e.IdempotencyKey != "" && untyped {
			return ErrIdempotencyConcurrent
		}
	case http.StatusUnprocessableEntity:
		if e.IdempotencyKey != "" && untyped {
			return ErrIdempotencyMismatch
		}
	}
	return nil
}

// typed is what the problem type says, if it is one of the API's own.
func (e *Error) typed() error {
	i := strings.LastIndex(e.Type, "/errors/")
	if i < 0 {
		return nil
	}
	switch e.Type[i+len("/errors/"):] {
	case "invalid-parameters":
		return ErrInvalidParameters
	case "invalid-pagination":
		return ErrInvalidPagination
	case "invalid-subaccount":
		return ErrInvalidSubaccount
	case "idempotency-key-too-long":
		return ErrIdempotencyKeyTooLong
	case "idempotency-concurrent-requests":
		return ErrIdempotencyConcurrent
	case "idempotency-changed-payload":
		return ErrIdempotencyMismatch
	case "forbidden":
		return ErrForbidden
	case "not-found":
		return ErrNotFound
	}
	return nil
}

// TransportError is a call for which no whole answer came.
type TransportError struct {
	Operation string
	Attempts  int // requests begun for this call
	// IdempotencyKey is the key that every attempt carried; empty for operations without.
	IdempotencyKey string
	// Ambiguous: some attempt may have acted, and repeating the call without
	// its key may act again. errors.Is(err, ErrOutcomeUnknown) says the same.
	Ambiguous bool
	// Err is the last attempt's error, or the context's if that ended the call.
	Err error

	stopped error
	earlier bool
}

// Error names the operation, the cause, the attempts, and what to do about an
// unknown outcome.
func (e *TransportError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cnaught: %s: %s", e.Operation, quote(fmt.Sprint(e.Err)))
	writeEnding(&b, e.Attempts, e.stopped, e.Ambiguous, e.earlier, e.IdempotencyKey)
	return b.String()
}

// Unwrap returns Err and what ended the retries early, if anything did.
func (e *TransportError) Unwrap() []error {
	if e.stopped == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.stopped}
}

// Is matches ErrOutcomeUnknown.
func (e *TransportError) Is(target error) bool {
	return target == ErrOutcomeUnknown && e.Ambiguous
}

// DecodeError is a 2xx answer that is not the declared value. If it came from
// the API, the API did what was asked, and this is all it said about it: an
// order may stand in Body. If it came from something in between, nothing is
// known. Never drop this error.
type DecodeError struct {
	Operation      string
	StatusCode     int
	Header         http.Header
	Body           []byte // as far as it was read
	Attempts       int
	IdempotencyKey string // empty for operations without
	// Ambiguous: repeating the call without its key may act again.
	// errors.Is(err, ErrOutcomeUnknown) says the same.
	Ambiguous bool
	Err       error
}

// Error names the operation, status, media type and cause, and quotes the
// start of the body.
func (e *DecodeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cnaught: %s: ", e.Operation)
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "answer %d %q can't be read: ", e.StatusCode, quote(e.Header.Get("Content-Type")))
	}
	fmt.Fprintf(&b, "%s; body %q", quote(fmt.Sprint(e.Err)), quote(e.Body))
	switch {
	case e.IdempotencyKey != "":
		fmt.Fprintf(&b, "; call again with idempotency key %q to have the API's answer again", e.IdempotencyKey)
	case e.Ambiguous:
		b.WriteString("; outcome unknown: the server may have acted")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// Is matches ErrOutcomeUnknown.
func (e *DecodeError) Is(target error) bool { return target == ErrOutcomeUnknown && e.Ambiguous }

// InvalidRequestError is input that was refused before a byte was sent.
type InvalidRequestError struct {
	Operation string // what was called: an operationId, or a function's name
	Field     string // what is wrong, as the API or the option spells it
	Reason    string
}

// Error names the operation, the field and what is wrong with it.
func (e *InvalidRequestError) Error() string {
	return fmt.Sprintf("cnaught: %s: %s %s", e.Operation, e.Field, e.Reason)
}

// Is matches ErrInvalidRequest, and ErrIdempotencyKeyTooLong for such a key.
func (e *InvalidRequestError) Is(target error) bool {
	return target == ErrInvalidRequest ||
		target == ErrIdempotencyKeyTooLong && e.Field == headerIdempotencyKey && e.Reason == reasonKeyTooLong
}

// IdempotencyKeyFrom returns the key that the failed call carried. Calling
// again with it ([WithIdempotencyKey]) and the same input, in this process or
// after a restart, settles an unknown outcome: the API answers with what it
// did then, or does it now.
func IdempotencyKeyFrom(err error) (string, bool) {
	var (
		key       string
		answer    *Error
		transport *TransportError
		decode    *DecodeError
	)
	switch {
	case errors.As(err, &answer):
		key = answer.IdempotencyKey
	case errors.As(err, &transport):
		key = transport.IdempotencyKey
	case errors.As(err, &decode):
		key = decode.IdempotencyKey
	}
	return key, key != ""
}

func writeEnding(b *strings.Builder, attempts int, stopped error, ambiguous, earlier bool, key string) {
	if attempts > 1 {
		fmt.Fprintf(b, " (%d attempts)", attempts)
	}
	if stopped != nil {
		fmt.Fprintf(b, "; not tried again: %v", stopped)
	}
	switch {
	case ambiguous && earlier:
		fmt.Fprintf(b, "; if an earlier call used idempotency key %q, it may have acted: call again with it to settle that", key)
	case ambiguous && key != "":
		fmt.Fprintf(b, "; outcome unknown: call again with idempotency key %q to settle it", key)
	case ambiguous:
		b.WriteString("; outcome unknown: the server may have acted")
	}
}

func joinComplaints(errs map[string][]string) string {
	fields := make([]string, 0, len(errs))
	for field := range errs {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for i, field := range fields {
		fields[i] = strings.Join(errs[field], ", ")
		if field != "" {
			fields[i] = field + ": " + fields[i]
		}
	}
	return strings.Join(fields, "; ")
}

// quote bounds a foreign text, puts it on one line, and leaves out what would
// control the terminal that shows it.
func quote[T string | []byte](s T) string {
	n := min(len(s), maxQuoted)
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	short := strings.ToValidUTF8(string(s[:n]), "\ufffd") // not "": that could join the halves of a masked key
	short = strings.Join(strings.FieldsFunc(short, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(s) > maxQuoted {
		return fmt.Sprintf("%s... (%d bytes)", short, len(s))
	}
	return short
}
