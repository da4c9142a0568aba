package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
)

// checkMessage checks that a message is as TestMessagesAreBounded demands.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	switch message := err.Error(); {
	case len(message) > 5000:
		t.Errorf("the message has %d bytes", len(message))
	case !utf8.ValidString(message), strings.ContainsFunc(message, unicode.IsControl):
		t.Errorf("the message cannot be printed: %q", message)
	case !strings.HasPrefix(message, "cnaught: "):
		t.Errorf("the message has no prefix: %q", message)
	case strings.Contains(message, testKey):
		t.Errorf("the message holds the API key: %q", message)
	}
}

// FuzzProblem checks that an error keeps its status, whatever its body is, and that
// it can be printed and matched.
func FuzzProblem(f *testing.F) {
	for _, seed := range []string{
		notFoundJSON, concurrentJSON, mismatchJSON, `{}`, `null`, `[]`, `"x"`, ``, `<html>`, `{"title":"T`,
		`{"title":"Authorization has been denied for this request","status":401}`,
		`{"title":"T","status":"422","errors":{"a":["b"],"c":"d"},"details":"D"}`, `{"errors":["a",1,null,{}]}`, `{"errors":{"":null}}`,
		`{"title":1,"type":[],"detail":{},"instance":false,"status":1e999}`, `{"type":"https://api.cnaught.com/v1/errors/not-found/"}`,
		`{"title":"` + testKey + `","` + testKey + `":["` + testKey + `"]}`, "{\"title\":\"\x1b[2J\\u0000\\u2028\"}", `{"title":"\ud800"}`,
		strings.ReplaceAll(testKey, "d", "\xffd"), // masking must not be undone
		strings.Repeat("[", 11000), `{"a":` + strings.Repeat(`{"a":`, 9998) + `1` + strings.Repeat(`}`, 9999),
	} {
		f.Add(seed, 400, "application/problem+json")
		f.Add(seed, 503, "text/html")
	}
	f.Fuzz(func(t *testing.T, body string, status int, contentType string) {
		if status/100 == 2 {
			status = 422
		}
		rt := play(reply(status, body, "Content-Type", contentType))
		_, err := newClient(t, rt, WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey("k"))
		var answer *Error
		if !errors.As(err, &answer) {
			t.Fatalf("the error is a %T", err)
		}
		if answer.StatusCode != status || answer.IdempotencyKey != "k" || answer.Attempts != 1 {
			t.Errorf("%+v", *answer)
		}
		if want := strings.ReplaceAll(body, testKey, "[masked]"); len(body) <= maxErrorBytes && string(answer.Body) != want {
			t.Errorf("body %q, want %q", answer.Body, want)
		}
		if (answer.Status != 0) && (answer.Status < 100 || answer.Status > 999) {
			t.Errorf("status %d", answer.Status)
		}
		if errors.Is(err, ErrServer) != (status >= 500) {
			t.Errorf("ErrServer must match if and only if the status is 500 or more, not %d", status)
		}
		checkMessage(t, err)
	})
}

// FuzzRetryAfter checks that a pause is never negative, is exact for plain seconds,
// and is zero for a value that RFC 9110 does not allow.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	date := now.Add(time.Minute).Format(http.TimeFormat)
	number := regexp.MustCompile(`^([0-9]+\.?[0-9]*|\.[0-9]+)$`)
	for _, seed := range []string{
		"", "0", "1", "1.5", "120", "-1", "+1", "1e9", "0x10", "NaN", "Inf", "9223372037", strings.Repeat("9", 400), ".", "..", "1.", ".5", " 5 ",
		"5, 10", "soon", date, now.Format(time.RFC850), now.Format(time.ANSIC), "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "١",
	} {
		f.Add(seed, "", "")
		f.Add("", seed, "")
		f.Add(seed, seed, seed)
		f.Add(date, "", seed)
	}
	f.Fuzz(func(t *testing.T, after, milliseconds, date string) {
		h := http.Header{"Retry-After": {after}, "Retry-After-Ms": {milliseconds}, "Date": {date}}
		got := delay.RetryAfter(h, now)
		if got < 0 {
			t.Fatalf("the pause %v is negative", got)
		}
		if n, err := strconv.ParseUint(after, 10, 32); err == nil && milliseconds == "" && got != time.Duration(n)*time.Second {
			t.Errorf("%d s read as %v", n, got)
		}
		_, notADate := http.ParseTime(strings.TrimSpace(after))
		if got != 0 && notADate != nil && !number.MatchString(strings.TrimSpace(after)) && !number.MatchString(strings.TrimSpace(milliseconds)) {
			t.Errorf("%q and %q read as %v", after, milliseconds, got)
		}
		pause, again, err := anyCall(t, newClient(t, play())).pause(&result{retryAfter: got}, outcome{repeatable: true})
		switch {
		case again != (err == nil):
			t.Errorf("another attempt follows: %t, yet the error is %v", again, err)
		case again && (pause < got || pause > got+250*time.Millisecond):
			t.Errorf("the pause is %v, and the server asked for %v", pause, got)
		case (err != nil) != (got > time.Minute):
			t.Errorf("the error is %v, and the server asked for %v", err, got)
		}
	})
}

// FuzzParseOrderEvent checks that there is either an event or an error, and that
// the handler takes nothing but the id from an event.
func FuzzParseOrderEvent(f *testing.F) {
	for _, seed := range []string{
		eventJSON, `{"order":` + orderJSON + `}`, `{}`, `null`, `[]`, ``, `{"order":null}`, `{"order":{"id":""}}`, `{"order":{"id":".."}}`, `{"order":{"id":"a/b?c#d"}}`,
		`{"order":{"id":7}}`, `{"order":{"ID":"x"}}`, `{"order":{"id":"x"},"order":{"id":"y"}}`, `{"order":{"id":"x","created_on":"never"}}`, `{"order":{"id":"\u0000"}}`,
		`{"order":{"id":"\ud800"}}`, `{"order":{"id":"x"}} `, `{"order":{"id":"x"}}x`, strings.Repeat("[", 11000), "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := ParseOrderEvent(bytes.NewReader(body))
		switch {
		case (event == nil) == (err == nil):
			t.Fatalf("event %v and error %v", event, err)
		case err != nil:
			checkMessage(t, err)
		case event.Order.ID == "":
			t.Error("the event has no id")
		}

		rt := play(orderIn("cancelled"))
		var got []*api.Order
		w := deliver(t, newClient(t, rt), httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)), func(_ context.Context, o *api.Order) error {
			got = append(got, o)
			return nil
		})
		switch w.Code {
		case 200:
			if len(got) != 1 || got[0].State != "cancelled" || got[0].AmountKg != 10 || rt.count() != 1 {
				t.Errorf("%d callbacks and %d requests, orders %+v", len(got), rt.count(), got)
			}
			if event != nil {
				checkPath(t, rt.requests()[0], "GetOrderById", event.Order.ID)
			}
		case 400, 413:
			if len(got) != 0 || rt.count() != 0 {
				t.Errorf("%d callbacks and %d requests for a body that is no event", len(got), rt.count())
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// checkPath checks that a request is for this operation and this id.
func checkPath(t *testing.T, r sent, operation, id string) {
	t.Helper()
	u, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), "/v1")
	known := findOperation(r.method, path)
	if !ok || known == nil {
		t.Fatalf("%q became %s %s", id, r.method, r.url)
	}
	op := known.describe()
	if op.ID != operation || u.Host != "api.test" || u.RawQuery != "" || u.Fragment != "" {
		t.Fatalf("%q became %s %s", id, r.method, r.url)
	}
	at := strings.Index(op.Path, "{id}")
	segment, _, _ := strings.Cut(path[at:], "/")
	if got, err := url.PathUnescape(segment); err != nil || got != id {
		t.Errorf("%q arrived as %q (%v)", id, got, err)
	}
}

// FuzzID checks that an id is refused, or reaches its own operation unchanged.
func FuzzID(f *testing.F) {
	for _, seed := range []string{
		"Gre28Fc35bt3", "", ".", "..", "...", "a/b", "/", "../x", "%2e%2e", "%2E", "%", "%zz", "a?b", "a#b", "a;b", "a:b", "a@b", "é", "🌱", " ", "\x00", "\n", "\x7f", "\xff",
		"\ufffd", "logo", "cancel", "ride", "\\", "..\\", "\u2028", "//evil.test/", "http://evil.test", strings.Repeat("x", 3000), "\\" + strings.Repeat("\xfb", 3000),
	} {
		f.Add(seed)
	}
	calls := map[string]func(ctx context.Context, c *Client, id string) error{
		"GetOrderById":         byIDs["GetOrder"],
		"CancelOrder":          byIDs["CancelOrder"],
		"DeleteSubaccount":     byIDs["DeleteSubaccount"],
		"RemoveSubaccountLogo": byIDs["RemoveSubaccountLogo"],
		"UpdateSubaccount":     byIDs["ReplaceSubaccount"],
		"GetPortfolioById":     byIDs["GetPortfolio"],
	}
	f.Fuzz(func(t *testing.T, id string) {
		for _, table := range []map[string]func(context.Context, *Client, string) error{calls, rawByIDs} {
			for operation, call := range table {
				if operation == "CancelOrder" && !utf8.ValidString(id) {
					continue // its answer must hold the id, and JSON cannot hold this one
				}
				quoted, _ := json.Marshal(id)
				rt := play(reply(200, `{"id":`+string(quoted)+`}`))
				err := call(t.Context(), newClient(t, rt), id)
				switch {
				case err == nil && rt.count() == 1:
					checkPath(t, rt.requests()[0], operation, id)
				case errors.Is(err, ErrInvalidRequest) && rt.count() == 0:
					checkMessage(t, err)
				default:
					t.Errorf("%s of %q: %d requests, %v", operation, id, rt.count(), err)
				}
			}
		}
	})
}
