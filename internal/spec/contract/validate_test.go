package contract

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
	good        = `{"amount_kg":10,"price_usd_cents":20}`
	quote       = `{"amount_kg":10}`
)

func TestValidator(t *testing.T) {
	v, err := Load()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		mediaType, answer  string
		complaint          string // empty if nothing is reported
	}{
		"good":                      {"POST", "/quotes", quote, 200, typeJSON, good, ""},
		"with a charset":            {"POST", "/quotes", quote, 200, typeJSON + "; charset=utf-8", good, ""},
		"good problem":              {"POST", "/quotes", quote, 401, typeProblem, `{"title":"Unauthorized","status":401}`, ""},
		"server failure":            {"POST", "/quotes", quote, 503, typeProblem, `{"title":"x","status":503}`, ""},
		"request of a wrong type":   {"POST", "/quotes", `{"amount_kg":"10"}`, 200, typeJSON, good, "request: "},
		"request without a member":  {"POST", "/quotes", `{}`, 200, typeJSON, good, "request: "},
		"request below the minimum": {"POST", "/quotes", `{"amount_kg":-1}`, 200, typeJSON, good, "request: "},
		"limit out of range":        {"GET", "/orders?limit=101", "", 200, typeJSON, `{"data":[]}`, "request: "},
		"answer of a wrong type":    {"POST", "/quotes", quote, 200, typeJSON, `{"amount_kg":"10","price_usd_cents":20}`, "answer: "},
		"answer without a member":   {"POST", "/quotes", quote, 200, typeJSON, `{"amount_kg":10}`, "answer: "},
		"answer that is not JSON":   {"POST", "/quotes", quote, 200, typeJSON, `{`, "answer: "},
		"answer of another type":    {"POST", "/quotes", quote, 200, "text/html", `<p>`, "answer: "},
		"status not declared":       {"POST", "/quotes", quote, 201, typeJSON, good, "answer: "},
		"error not declared":        {"POST", "/quotes", quote, 409, typeProblem, `{"title":"x","status":409}`, "answer: "},
		"problem as JSON":           {"POST", "/quotes", quote, 401, typeJSON, `{"title":"x","status":401}`, "answer: "},
		"failure in HTML":           {"POST", "/quotes", quote, 502, "text/html", `<p>`, "answer: "},
		"problem of a wrong type":   {"POST", "/quotes", quote, 500, typeProblem, `{"status":"500"}`, "answer: "},
		"unknown path":              {"GET", "/nothing", "", 404, typeProblem, `{"title":"x","status":404}`, ""},
		"unknown path that answers": {"GET", "/nothing", "", 200, typeProblem, `{}`, "no such operation"},
		"null where allowed":        {"GET", "/subaccounts/x", "", 200, typeJSON, `{"id":"x","name":"n","created_on":"2023-08-01T18:00:00.000000Z","email":null,"default_portfolio_id":null,"logo_url":null}`, ""},
		"null where not allowed":    {"GET", "/subaccounts/x", "", 200, typeJSON, `{"id":"x","name":null,"created_on":"2023-08-01T18:00:00.000000Z"}`, "answer: "},
		"invalid timestamp":         {"GET", "/subaccounts/x", "", 200, typeJSON, `{"id":"x","name":"n","created_on":"yesterday"}`, "answer: "},
		"204 with a body":           {"DELETE", "/subaccounts/x", "", 204, typeJSON, `{}`, "204 with a body"},
		"204":                       {"DELETE", "/subaccounts/x", "", 204, "", ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []string
			rt := v.Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
				sent, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.Equal(t, c.body, string(sent), "the request is forwarded unchanged")
				return &http.Response{
					StatusCode: c.status, Header: http.Header{"Content-Type": {c.mediaType}},
					Body: io.NopCloser(strings.NewReader(c.answer)),
				}, nil
			}), func(err error) { reported = append(reported, err.Error()) })

			resp, err := rt.RoundTrip(request(t, context.Background(), c.method, c.path, c.body))
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, c.answer, string(got), "the answer is forwarded unchanged")
			if c.complaint == "" {
				assert.Empty(t, reported)
				return
			}
			require.Len(t, reported, 1)
			assert.Contains(t, reported[0], c.complaint)
		})
	}
	assert.Equal(t, []int{200, 201, 401, 409, 500, 502, 503}, v.Seen("RequestQuote"))
	assert.Len(t, v.Operations(), len(v.plain.doc.Paths.Map())+operationsBeyondOneAPath(v))
}

// operationsBeyondOneAPath returns by how much the number of operations exceeds that
// of the paths, so that the test notices if Operations misses one.
func operationsBeyondOneAPath(v *Validator) (n int) {
	for _, item := range v.plain.doc.Paths.Map() {
		n += len(item.Operations()) - 1
	}
	return n
}

func request(t *testing.T, ctx context.Context, method, path, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, "https://api.example.com/v1"+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", typeJSON)
	}
	return r
}

func TestWrongOnPurpose(t *testing.T) {
	v, err := Load()
	require.NoError(t, err)
	rt := v.Transport(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 400, Header: http.Header{"Content-Type": {typeProblem}},
			Body: io.NopCloser(strings.NewReader(`{"title":"x","status":400}`)),
		}, nil
	}), func(err error) { t.Error(err) })
	resp, err := rt.RoundTrip(request(t, WrongOnPurpose(context.Background()), "POST", "/quotes", `{}`))
	require.NoError(t, err)
	assert.Equal(t, 400, resp.StatusCode)
}

func TestTransportErrorsAreForwarded(t *testing.T) {
	v, err := Load()
	require.NoError(t, err)
	report := func(err error) { t.Error(err) }
	_, err = v.Transport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe }), report).
		RoundTrip(request(t, context.Background(), "GET", "/orders", ""))
	assert.ErrorIs(t, err, io.ErrClosedPipe)

	resp, err := v.Transport(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{io.ErrUnexpectedEOF}))}, nil
	}), report).RoundTrip(request(t, context.Background(), "GET", "/orders", ""))
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "a body that was cut off remains so")
	assert.Equal(t, "{", string(got))
}

func TestCheckSchema(t *testing.T) {
	v, err := Load()
	require.NoError(t, err)
	assert.NoError(t, v.CheckSchema("Quote", map[string]any{"amount_kg": 1.0, "price_usd_cents": 2.0}))
	assert.Error(t, v.CheckSchema("Quote", map[string]any{"amount_kg": 1.0}), "the overlay makes a member required")
	assert.Error(t, v.CheckSchema("Nothing", nil))
}
