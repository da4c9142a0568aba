package sandbox

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// reply is an answer of the sandbox as an HTTP client receives it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// object returns the body as a JSON object. Its numbers are float64.
func (r reply) object(t testing.TB) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal(r.body, &o), "%s", r.body)
	return o
}

func (r reply) id(t testing.TB) string {
	t.Helper()
	id, _ := r.object(t)["id"].(string)
	require.NotEmpty(t, id, "%s", r.body)
	return id
}

// data returns the ids of the items of a list.
func (r reply) data(t testing.TB) []string {
	t.Helper()
	require.Equal(t, 200, r.status, "%s", r.body)
	var page struct{ Data []struct{ ID string } }
	require.NoError(t, json.Unmarshal(r.body, &page))
	ids := make([]string, len(page.Data))
	for i, item := range page.Data {
		ids[i] = item.ID
	}
	return ids
}

// assertProblem checks the status, type and title of a problem document. An empty
// kind stands for a problem without a type.
func (r reply) assertProblem(t testing.TB, status int, kind, title string) map[string]any {
	t.Helper()
	assert.Equal(t, status, r.status, "%s", r.body)
	assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
	o := r.object(t)
	assert.EqualValues(t, status, o["status"])
	assert.Equal(t, title, o["title"])
	if kind == "" {
		assert.NotContains(t, o, "type")
	} else {
		assert.Equal(t, "https://api.cnaught.com/v1/errors/"+kind, o["type"])
	}
	return o
}

const invalidTitle = "Your request parameters didn't validate"

// assertRefused checks that the answer is a 400 with errors in exactly these members.
func (r reply) assertRefused(t testing.TB, members ...string) {
	t.Helper()
	o := r.assertProblem(t, 400, "invalid-parameters", invalidTitle)
	complaints, _ := o["errors"].(map[string]any)
	var got []string
	for name, texts := range complaints {
		got = append(got, name)
		assert.NotEmpty(t, texts)
	}
	assert.ElementsMatch(t, members, got, "%s", r.body)
}

// try sends one request. The headers are pairs of a name and a value. By default, the
// request has the API key and, if it has a body, the Content-Type of JSON.
func try(s *Server, method, path, body string, headers ...string) (reply, error) {
	req, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+s.APIKey())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{
		Transport:     http.DefaultTransport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if s.http == nil {
		client.Transport = s.Transport()
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, content}, err
}

func call(t testing.TB, s *Server, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := try(s, method, path, body, headers...)
	require.NoError(t, err)
	return r
}

func get(t testing.TB, s *Server, path string, headers ...string) reply {
	t.Helper()
	return call(t, s, "GET", path, "", headers...)
}

func post(t testing.TB, s *Server, path, body string, headers ...string) reply {
	t.Helper()
	return call(t, s, "POST", path, body, headers...)
}

// place places an order and returns its id.
func place(t testing.TB, s *Server, body string, headers ...string) string {
	t.Helper()
	r := post(t, s, "/orders", body, headers...)
	require.Equal(t, 201, r.status, "%s", r.body)
	return r.id(t)
}

func newSubaccount(t testing.TB, s *Server, body string) string {
	t.Helper()
	r := post(t, s, "/subaccounts", body)
	require.Equal(t, 201, r.status, "%s", r.body)
	return r.id(t)
}

const sessionBody = `{"amount_kg":100,"success_url":"https://www.example.com/ok?session_id={CHECKOUT_SESSION_ID}",` +
	`"cancel_url":"https://www.example.com/back"}`

// logos returns all logos that the sandbox has stored.
func logos(s *Server) (all []*books.Logo) {
	s.books.Look(func(tx *books.Tx) { all = slices.Collect(maps.Values(tx.Logos())) })
	return all
}

// longAgo returns a fixed time, for tests that compare times.
func longAgo() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC) }
