package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

var sentinels = map[string]error{
	"ErrUnauthorized": ErrUnauthorized, "ErrForbidden": ErrForbidden, "ErrNotFound": ErrNotFound,
	"ErrInvalidParameters": ErrInvalidParameters, "ErrInvalidPagination": ErrInvalidPagination,
	"ErrInvalidSubaccount": ErrInvalidSubaccount, "ErrIdempotencyKeyTooLong": ErrIdempotencyKeyTooLong,
	"ErrIdempotencyConcurrent": ErrIdempotencyConcurrent, "ErrIdempotencyMismatch": ErrIdempotencyMismatch,
	"ErrRateLimited": ErrRateLimited, "ErrServer": ErrServer, "ErrOutcomeUnknown": ErrOutcomeUnknown,
	"ErrInvalidRequest": ErrInvalidRequest, "ErrCursorIgnored": ErrCursorIgnored,
}

// matching returns the names of the sentinels that errors.Is finds in err.
func matching(err error) []string {
	names := []string{}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			names = append(names, name)
		}
	}
	return names
}

func TestSentinels(t *testing.T) {
	const prefix = "https://api.cnaught.com/v1/errors/"
	_, refusedKey := newClient(t, play()).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey(strings.Repeat("k", 512+1)))
	for _, tt := range []struct {
		name string
		err  error
		want []string
	}{
		{"400 invalid-parameters", &Error{StatusCode: 400, Type: prefix + "invalid-parameters"}, []string{"ErrInvalidParameters"}},
		{"400 invalid-pagination", &Error{StatusCode: 400, Type: prefix + "invalid-pagination"}, []string{"ErrInvalidPagination"}},
		{"400 invalid-subaccount", &Error{StatusCode: 400, Type: prefix + "invalid-subaccount"}, []string{"ErrInvalidSubaccount"}},
		{"400 idempotency-key-too-long", &Error{StatusCode: 400, Type: prefix + "idempotency-key-too-long"}, []string{"ErrIdempotencyKeyTooLong"}},
		{"400 with complaints", &Error{StatusCode: 400, Errors: map[string][]string{"a": {"b"}}}, []string{"ErrInvalidParameters"}},
		{"400 alone", &Error{StatusCode: 400}, nil},
		{"400 of a type unheard of", &Error{StatusCode: 400, Type: prefix + "brand-new"}, nil},
		{"401", &Error{StatusCode: 401}, []string{"ErrUnauthorized"}},
		{"403", &Error{StatusCode: 403}, []string{"ErrForbidden"}},
		{"403 forbidden", &Error{StatusCode: 403, Type: prefix + "forbidden"}, []string{"ErrForbidden"}},
		{"404", &Error{StatusCode: 404}, []string{"ErrNotFound"}},
		{"404 not-found", &Error{StatusCode: 404, Type: prefix + "not-found"}, []string{"ErrNotFound"}},
		{"404 from another host's type", &Error{StatusCode: 404, Type: "http://localhost/v1/errors/not-found"}, []string{"ErrNotFound"}},
		{"409 concurrent", &Error{StatusCode: 409, Type: prefix + "idempotency-concurrent-requests"}, []string{"ErrIdempotencyConcurrent"}},
		{"409 to a keyed request", &Error{StatusCode: 409, CallInfo: CallInfo{IdempotencyKey: "k"}}, []string{"ErrIdempotencyConcurrent"}},
		{"409 about:blank to a keyed request", &Error{StatusCode: 409, Type: "about:blank", CallInfo: CallInfo{IdempotencyKey: "k"}}, []string{"ErrIdempotencyConcurrent"}},
		{"422 about:blank to a keyed request", &Error{StatusCode: 422, Type: "about:blank", CallInfo: CallInfo{IdempotencyKey: "k"}}, []string{"ErrIdempotencyMismatch"}},
		{"409 alone", &Error{StatusCode: 409}, nil},
		{"422 mismatch", &Error{StatusCode: 422, Type: prefix + "idempotency-changed-payload"}, []string{"ErrIdempotencyMismatch"}},
		{"422 to a keyed request", &Error{StatusCode: 422, CallInfo: CallInfo{IdempotencyKey: "k"}}, []string{"ErrIdempotencyMismatch"}},
		{"422 alone", &Error{StatusCode: 422}, nil},
		{"429", &Error{StatusCode: 429}, []string{"ErrRateLimited"}},
		{"500", &Error{StatusCode: 500}, []string{"ErrServer"}},
		{"599", &Error{StatusCode: 599}, []string{"ErrServer"}},
		{"the type wins over the status", &Error{StatusCode: 400, Type: prefix + "not-found"}, []string{"ErrNotFound"}},
		{"302", &Error{StatusCode: 302}, nil},
		{"418", &Error{StatusCode: 418}, nil},
		{"ambiguous 500", &Error{StatusCode: 500, CallInfo: CallInfo{OutcomeUnknown: true}}, []string{"ErrServer", "ErrOutcomeUnknown"}},
		{"transport", &TransportError{Err: errReset}, nil},
		{"ambiguous transport", &TransportError{Err: errReset, CallInfo: CallInfo{OutcomeUnknown: true}}, []string{"ErrOutcomeUnknown"}},
		{"unreadable", &DecodeError{StatusCode: 201, Err: errReset}, nil},
		{"refused", &InvalidRequestError{}, []string{"ErrInvalidRequest"}},
		{"refused key", refusedKey, []string{"ErrInvalidRequest", "ErrIdempotencyKeyTooLong"}},
	} {
		assert.ElementsMatch(t, tt.want, matching(tt.err), tt.name)
		assert.ElementsMatch(t, tt.want, matching(fmt.Errorf("shop: %w", tt.err)), "%s, wrapped", tt.name)
		assert.ElementsMatch(t, tt.want, matching(errors.Join(errors.New("x"), tt.err)), "%s, joined", tt.name)
	}
	assert.False(t, new(Error).Is(nil))
	for name, sentinel := range sentinels {
		assert.True(t, strings.HasPrefix(sentinel.Error(), "cnaught: "), name)
	}
}

func TestMessages(t *testing.T) {
	problem := func(status int, body string) []step { return []step{reply(status, body)} }
	for _, tt := range []struct {
		name  string
		steps []step
		want  string // cart-17 stands for the random key
	}{
		{"title", problem(404, notFoundJSON), `cnaught: PlaceOrder (SubmitOrder): 404 Not Found: Could not find order`},
		{"title that only repeats the status", problem(401, `{"title":"Unauthorized","status":401}`), `cnaught: PlaceOrder (SubmitOrder): 401 Unauthorized`},
		{"detail", problem(400, `{"title":"Bad page","detail":"limit is 500"}`), `cnaught: PlaceOrder (SubmitOrder): 400 Bad Request: Bad page: limit is 500`},
		{"complaints", problem(400, `{"title":"Your request parameters didn't validate","errors":{"b":["too long","not text"],"a":["missing"]}}`),
			`cnaught: PlaceOrder (SubmitOrder): 400 Bad Request: Your request parameters didn't validate: a: missing; b: too long, not text`},
		{"complaints about no member", problem(400, `{"title":"Bad","errors":["amount is missing","so is the rest"]}`),
			`cnaught: PlaceOrder (SubmitOrder): 400 Bad Request: Bad: amount is missing, so is the rest`},
		{"HTML", problem(403, "<html>\n  <h1>Denied</h1>\n</html>"), `cnaught: PlaceOrder (SubmitOrder): 403 Forbidden: <html> <h1>Denied</h1> </html>; outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"redirect", problem(301, ``), `cnaught: PlaceOrder (SubmitOrder): 301 Moved Permanently: redirects are not followed; outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"empty", problem(403, ``), `cnaught: PlaceOrder (SubmitOrder): 403 Forbidden; outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"a status without a name", problem(499, ``), `cnaught: PlaceOrder (SubmitOrder): 499; outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"attempts and outcome", []step{reply(500, `{"title":"Oops"}`)},
			`cnaught: PlaceOrder (SubmitOrder): 500 Internal Server Error: Oops (4 attempts); outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"no whole answer", []step{breakWith(errReset)},
			`cnaught: PlaceOrder (SubmitOrder): read tcp: connection reset by peer (4 attempts); outcome unknown: call again with idempotency key "cart-17" to settle it`},
		{"never sent", []step{breakWith(errRefused)}, `cnaught: PlaceOrder (SubmitOrder): dial tcp: connection refused (4 attempts)`},
		{"asked to wait", []step{reply(429, ``, "Retry-After", "120")},
			`cnaught: PlaceOrder (SubmitOrder): 429 Too Many Requests; not tried again: the server asks to wait 2m0s`},
		{"unreadable", []step{reply(201, "<html>\nhello</html>", "Content-Type", "text/html")},
			`cnaught: PlaceOrder (SubmitOrder): answer 201 "text/html" cannot be used: the body is not JSON: invalid character '<' looking for beginning of value; body "<html> hello</html>"; outcome unknown: call again with idempotency key "cart-17" to settle it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := play(tt.steps...)
				_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
				key := rt.requests()[0].header.Get("Idempotency-Key")
				assert.EqualError(t, err, strings.ReplaceAll(tt.want, "cart-17", key))
			})
		})
	}
}

func TestMessagesOfOtherCalls(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	place := func(s step) error {
		return errorOf(newClient(t, play(s), WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey("cart-17")))
	}
	checkout := func(s step) error {
		return errorOf(newClient(t, play(s)).CreateCheckoutSession(t.Context(), anySession))
	}
	const earlier = `; if an earlier call used idempotency key "cart-17", it may have acted: call again with it to settle that`
	for want, err := range map[string]error{
		"cnaught: CreateCheckoutSession: read tcp: connection reset by peer; outcome unknown: the server may have acted":                                          checkout(breakWith(errReset)),
		`cnaught: CreateCheckoutSession: answer 201 "application/json" cannot be used: the body has no id; body "{}"; outcome unknown: the server may have acted`: checkout(reply(201, `{}`)),
		`cnaught: PlaceOrder (SubmitOrder): 401 Unauthorized` + earlier:                                                                                           place(reply(401, `{"title":"Unauthorized"}`)),
		`cnaught: PlaceOrder (SubmitOrder): dial tcp: connection refused` + earlier:                                                                               place(breakWith(errRefused)),
		`cnaught: PlaceOrder (SubmitOrder): read tcp: connection reset by peer; outcome unknown: call again with idempotency key "cart-17" to settle it`:          place(breakWith(errReset)),
		"cnaught: PlaceOrder: amount_kg is -3, not a positive number":                                                                                             errorOf(newClient(t, play()).PlaceOrder(t.Context(), api.OrderCreate{AmountKg: -3})),
		"cnaught: GetOrder (GetOrderById): context canceled":                                                                                                      errorOf(newClient(t, play()).GetOrder(ended, "x")),
		`cnaught: ParseOrderEvent: the event has no order with an id; body "{}"`:                                                                                  errorOf(ParseOrderEvent(strings.NewReader(`{}`))),
	} {
		assert.EqualError(t, err, want)
	}
}

// No message is long, and none has characters that break a line or confuse a
// terminal.
func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	hostile := "\x1b[2J\x00\x07\r\n\u2028\u0085\xff" + strings.Repeat("\xff\x1b", 400)
	for _, text := range []string{long, hostile, strings.Repeat("é", 600)} {
		escaped, err := json.Marshal(text)
		require.NoError(t, err)
		body := fmt.Sprintf(`{"title":%[1]s,"detail":%[1]s,"errors":{%[1]s:[%[1]s]},"other":%[1]s}`, escaped)
		for name, err := range map[string]error{
			"problem":     answerOf(t, reply(400, body)),
			"text":        answerOf(t, reply(400, text, "Content-Type", "text/plain")),
			"unreadable":  answerOf(t, reply(201, text, "Content-Type", text[:20])),
			"not decoded": answerOf(t, reply(201, `{"id":"x","amount_kg":`+string(escaped)+`}`)),
			"transport":   answerOf(t, breakWith(errors.New(text))),
			"bad input":   errorOf(newClient(t, play()).SetSubaccountLogoFromURL(t.Context(), "x", text)),
			"bad type":    errorOf(newClient(t, play()).UploadSubaccountLogo(t.Context(), "x", text, strings.NewReader("x"))),
			"bad header":  errorOf(newClient(t, play()).GetOrder(t.Context(), "x", WithHeader(text+" ", "x"))),
			"bad value":   errorOf(newClient(t, play()).GetOrder(t.Context(), "x", WithHeader(strings.Repeat("x", 1<<20), text+"\x00"))),
			"cursor":      cursorError(newClient(t, play()), text),
		} {
			message := err.Error()
			assert.Less(t, len(message), 5000, "%s", name)
			assert.True(t, utf8.ValidString(message), name)
			assert.False(t, strings.ContainsFunc(message, unicode.IsControl), "%s: %.200q", name, message)
			assert.True(t, strings.HasPrefix(message, "cnaught: "), "%s: %.50q", name, message)
		}
	}
}

func answerOf(t *testing.T, s step) error {
	return errorOf(newClient(t, play(s), WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg))
}

// cursorError returns the error of an iterator whose server ignores the cursor.
func cursorError(c *Client, id string) error {
	page := make([]api.Order, 1)
	page[0].ID = id
	for _, err := range walk(c, "GetListOfOrder", ListOptions{Limit: 1}, func(ListOptions) ([]api.Order, error) { return page, nil },
		func(o *api.Order) (string, time.Time) { return o.ID, o.CreatedOn }) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestErrorChains(t *testing.T) {
	err := fmt.Errorf("shop: %w", answerOf(t, breakWith(errReset)))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	assert.Same(t, errReset, as[*net.OpError](t, err))
	assert.Same(t, errReset, as[*TransportError](t, err).Err)

	err = answerOf(t, reply(201, `{"id":7}`))
	assert.Equal(t, "id", as[*json.UnmarshalTypeError](t, err).Field)

	var answer *Error
	assert.False(t, errors.As(err, &answer), "a DecodeError is no *Error, since the status was good")
	assert.NoError(t, errors.Unwrap(answerOf(t, reply(500, ``))))
}

func TestIdempotencyKeyFrom(t *testing.T) {
	const key = "cart-17"
	for name, err := range map[string]error{
		"*Error":          &Error{StatusCode: 500, CallInfo: CallInfo{IdempotencyKey: key}},
		"*TransportError": &TransportError{CallInfo: CallInfo{IdempotencyKey: key}, Err: errReset},
		"*DecodeError":    &DecodeError{CallInfo: CallInfo{IdempotencyKey: key}, Err: errReset},
	} {
		for wrap, err := range map[string]error{"bare": err, "wrapped": fmt.Errorf("x: %w", err), "twice": fmt.Errorf("y: %w", fmt.Errorf("x: %w", err)), "joined": errors.Join(errors.New("z"), err), "behind another": errors.Join(&Error{StatusCode: 404}, err), "before another": errors.Join(err, &Error{StatusCode: 404})} {
			got, ok := IdempotencyKeyFrom(err)
			assert.True(t, ok, "%s, %s", name, wrap)
			assert.Equal(t, key, got, "%s, %s", name, wrap)
		}
	}
	for name, err := range map[string]error{
		"nil": nil, "foreign": errors.New("x"), "without a key": &Error{StatusCode: 500}, "refused input": &InvalidRequestError{},
		"transport without a key": &TransportError{Err: errReset},
	} {
		got, ok := IdempotencyKeyFrom(err)
		assert.False(t, ok, name)
		assert.Empty(t, got, name)
	}
}

// Programs make errors by hand in their own tests, with few of the fields set.
func TestZeroErrorsCanBePrinted(t *testing.T) {
	for _, err := range []error{new(Error), new(TransportError), new(DecodeError), new(InvalidRequestError)} {
		assert.NotPanics(t, func() { assert.NotEmpty(t, err.Error()) }, "%T", err)
		assert.NotPanics(t, func() { matching(err) }, "%T", err)
	}
	assert.NotPanics(t, func() { _ = (&Error{StatusCode: http.StatusTeapot, Errors: map[string][]string{"": nil}}).Error() })
}

func TestLogLinesAreBounded(t *testing.T) {
	var log strings.Builder
	_, err := newClient(t, play(breakWith(errors.New(strings.Repeat("x", 1<<20)))), logTo(&log, slog.LevelDebug), quick(3)).GetOrder(t.Context(), "x")
	require.Error(t, err)
	assert.NotEmpty(t, log.String())
	assert.Less(t, log.Len(), 10_000)
}
