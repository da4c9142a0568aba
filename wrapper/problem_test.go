package cnaught

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parse returns the members of the problem document in a body.
func parse(t *testing.T, body string) Error {
	_, err := newClient(t, play(reply(404, body))).GetOrder(t.Context(), "x")
	e := as[*Error](t, err)
	return Error{Type: e.Type, Title: e.Title, Status: e.Status, Detail: e.Detail, Instance: e.Instance, Errors: e.Errors, Extensions: e.Extensions}
}

func TestParseProblem(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       Error
	}{
		{"whole", `{"type":"https://api.cnaught.com/v1/errors/not-found","title":"T","status":404,"detail":"D","instance":"/i"}`,
			Error{Type: "https://api.cnaught.com/v1/errors/not-found", Title: "T", Status: 404, Detail: "D", Instance: "/i"}},
		{"the vendor's details", `{"details":"D"}`, Error{Detail: "D"}},
		{"detail wins over details", `{"details":"vendor","detail":"RFC"}`, Error{Detail: "RFC"}},
		{"details win over an empty detail", `{"detail":"","details":"vendor"}`, Error{Detail: "vendor"}},
		{"status as a string", `{"status":"422"}`, Error{Status: 422}},
		{"status as a fraction", `{"status":422.0}`, Error{Status: 422}},
		{"status that is out of range", `{"status":7}`, Error{}},
		{"status too large", `{"status":1e300}`, Error{}},
		{"status NaN", `{"status":"NaN"}`, Error{}},
		{"status of a wrong type", `{"status":[422],"title":"T"}`, Error{Title: "T"}},
		{"wrong types throughout", `{"type":1,"title":["T"],"detail":{"a":1},"instance":false,"status":{},"errors":7}`, Error{}},
		{"nulls throughout", `{"type":null,"title":null,"detail":null,"details":null,"instance":null,"status":null,"errors":null}`, Error{}},
		{"errors as documented", `{"errors":{"amount_kg":["must be positive","must be whole"]}}`,
			Error{Errors: map[string][]string{"amount_kg": {"must be positive", "must be whole"}}}},
		{"errors with plain strings", `{"errors":{"amount_kg":"must be positive"}}`,
			Error{Errors: map[string][]string{"amount_kg": {"must be positive"}}}},
		{"errors as a list", `{"errors":["bad","worse"]}`, Error{Errors: map[string][]string{"": {"bad", "worse"}}}},
		{"errors as a list of objects", `{"errors":[{"field":"amount_kg","message":"bad"}]}`,
			Error{Errors: map[string][]string{"": {`{"field":"amount_kg","message":"bad"}`}}}},
		{"errors as a string", `{"errors":"bad"}`, Error{Errors: map[string][]string{"": {"bad"}}}},
		{"errors with numbers", `{"errors":{"a":[1,null,"x"],"b":2}}`,
			Error{Errors: map[string][]string{"a": {"1", "null", "x"}, "b": {"2"}}}},
		{"errors empty", `{"errors":{}}`, Error{}},
		{"errors empty list", `{"errors":[]}`, Error{}},
		{"extensions", `{"title":"T","trace":"abc","balance":30,"nested":{"a":[1]}}`,
			Error{Title: "T", Extensions: map[string]any{"trace": "abc", "balance": 30.0, "nested": map[string]any{"a": []any{1.0}}}}},
		{"case matters", `{"Title":"T"}`, Error{Extensions: map[string]any{"Title": "T"}}},
		{"member twice", `{"title":"a","title":"b"}`, Error{Title: "b"}},
		{"escapes", `{"title":"caf\u00e9 \ud83c\udf31"}`, Error{Title: "café 🌱"}},
		{"null", `null`, Error{}},
		{"array", `[{"title":"T"}]`, Error{}},
		{"string", `"Not Found"`, Error{}},
		{"number", `404`, Error{}},
		{"empty object", `{}`, Error{}},
		{"empty", ``, Error{}},
		{"white space", " \n", Error{}},
		{"HTML", `<html><title>502</title></html>`, Error{}},
		{"truncated", `{"title":"T","detail":"D`, Error{}},
		{"trailing garbage", `{"title":"T"} x`, Error{}},
		{"byte order mark", "\ufeff{\"title\":\"T\"}", Error{Title: "T"}},
		{"nested too deeply", strings.Repeat(`[`, 100_000), Error{}},
		{"invalid UTF-8", "{\"title\":\"a\xffb\"}", Error{Title: "a\ufffdb"}},
	} {
		assert.Equal(t, tt.want, parse(t, tt.body), tt.name)
	}
}

// An error keeps the status of the answer and its body, whatever the body is.
func TestStatusSurvivesEveryBody(t *testing.T) {
	bodies := map[string]string{
		"problem": `{"title":"T","status":400}`, "wrong types": `{"title":1,"status":"x","errors":[1]}`, "array": `[]`, "null": `null`,
		"string": `"oops"`, "HTML": `<html><h1>Bad Gateway</h1></html>`, "empty": ``, "truncated": `{"title":"T`, "binary": "\x00\xff\x1f\x8b",
		"another status": `{"status":200}`, "status as a string": `{"status":"422","errors":["a"]}`, "status as a list": `{"status":[],"title":{},"detail":1}`,
	}
	for _, contentType := range []string{"application/problem+json", "application/json", "text/html", "application/octet-stream", "", ";;;"} {
		for name, body := range bodies {
			for _, status := range []int{302, 400, 401, 404, 418, 422, 500, 503} {
				rt := play(reply(status, body, "Content-Type", contentType))
				_, err := newClient(t, rt, WithRetryPolicy(NoRetry())).GetOrder(t.Context(), "x")
				answer := as[*Error](t, err)
				msg := fmt.Sprintf("%s as %q, %d", name, contentType, status)
				assert.Equal(t, status, answer.StatusCode, msg)
				assert.Equal(t, body, string(answer.Body), msg)
				assert.Contains(t, err.Error(), fmt.Sprintf("%d %s", status, http.StatusText(status)), msg)
				assert.Equal(t, status >= 500, errors.Is(err, ErrServer), msg)
			}
		}
	}
}

func TestProblemOfAnyMediaTypeIsRead(t *testing.T) {
	for _, contentType := range []string{"application/problem+json", "application/json; charset=utf-8", "text/plain", ""} {
		rt := play(reply(400, `{"title":"Your request parameters didn't validate","errors":{"amount_kg":["bad"]}}`, "Content-Type", contentType))
		_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
		answer := as[*Error](t, err)
		assert.Equal(t, []string{"bad"}, answer.Errors["amount_kg"], contentType)
		assert.ErrorIs(t, err, ErrInvalidParameters)
	}
}

func TestErrorHasTheWholeAnswer(t *testing.T) {
	rt := play(reply(400, `{"title":"T","x":1}`, "X-Request-Id", "r-1", "Retry-After", "2"))
	_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg, WithIdempotencyKey("k"))
	answer := as[*Error](t, err)
	assert.Equal(t, Error{
		Title: "T", Extensions: map[string]any{"x": 1.0},
		CallInfo: CallInfo{
			Call: "PlaceOrder", Operation: "SubmitOrder", Attempts: 1, IdempotencyKey: "k",
			OutcomeUnknown: true, EarlierCall: true, // the caller chose the key, and this answer may be a gateway's
		},
		StatusCode: 400, Method: http.MethodPost, URL: testBase + "/orders",
		Header: http.Header{"Content-Type": {"application/problem+json"}, "X-Request-Id": {"r-1"}, "Retry-After": {"2"}},
		Body:   []byte(`{"title":"T","x":1}`), RetryAfter: 2e9,
	}, *answer)
}

func TestLargeErrorBodyIsCut(t *testing.T) {
	rt := play(replyBody(404, endless(64<<20, 'x'), "Content-Type", "text/plain"))
	_, err := newClient(t, rt).GetOrder(t.Context(), "x")
	answer := as[*Error](t, err)
	assert.Equal(t, 404, answer.StatusCode)
	assert.Len(t, answer.Body, 1<<20)
	assert.Less(t, len(err.Error()), 1000)
	assert.Contains(t, err.Error(), "(1048576 bytes)")
}

func TestErrorBodyOfExactlyTheLimitIsWhole(t *testing.T) {
	for _, n := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1} {
		padded, err := json.Marshal(map[string]string{"title": "T", "pad": ""})
		require.NoError(t, err)
		body := bytes.Replace(padded, []byte(`"pad":""`), []byte(`"pad":"`+strings.Repeat("x", n-len(padded))+`"`), 1)
		require.Len(t, body, n)
		for _, known := range []bool{true, false} {
			next := reply(404, string(body))
			if !known {
				next = replyBody(404, bytes.NewReader(body))
			}
			_, err := newClient(t, play(next)).GetOrder(t.Context(), "x")
			answer := as[*Error](t, err)
			assert.Len(t, answer.Body, min(n, 1<<20))
			assert.Equal(t, n <= 1<<20, answer.Title == "T", "%d bytes", n)
		}
	}
}
