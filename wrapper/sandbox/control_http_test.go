package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// control sends a control request to the sandbox, without a key.
func control(t *testing.T, s *Server, method, path, body string, change ...func(*http.Request)) reply {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8765/_sandbox"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

func TestControlFaults(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	r := control(t, s, "POST", "/faults", `{"operation":"SubmitOrder","status":403,"after_acting":true,"body":"<h1>Forbidden</h1>","skip":1,"count":2}`)
	require.Equal(t, 201, r.status, "%s", r.body)
	id := r.id(t)
	control(t, s, "POST", "/faults", `{"status":503,"header":{"Retry-After":"7"},"operation":"GetListOfOrder"}`)

	place(t, s, oneKg)
	r = post(t, s, "/orders", oneKg)
	assert.Equal(t, 403, r.status)
	assert.Equal(t, "<h1>Forbidden</h1>", string(r.body))
	assert.Equal(t, 2, s.OrderCount())
	assert.JSONEq(t, `{"data":[
		{"id":"1","operation":"SubmitOrder","status":403,"after_acting":true,"body":"<h1>Forbidden</h1>","count":1,"fired":1},
		{"id":"2","operation":"GetListOfOrder","status":503,"header":{"Retry-After":"7"},"count":1,"fired":0}]}`,
		string(control(t, s, "GET", "/faults", "").body))
	assert.Equal(t, "7", get(t, s, "/orders").header.Get("Retry-After"))

	assert.Equal(t, 204, control(t, s, "DELETE", "/faults/"+id, "").status)
	assert.Equal(t, 201, post(t, s, "/orders", oneKg).status)
	control(t, s, "DELETE", "/faults/"+id, "").assertProblem(t, 404, "not-found", "Could not find fault")

	control(t, s, "POST", "/faults", `{"delay":"1ns","reset_before":true,"count":-1}`)
	control(t, s, "POST", "/faults", `{"cut_body":true,"reset_after":true}`)
	assert.JSONEq(t, `{"data":[{"id":"3","delay":"1ns","reset_before":true,"count":-1,"fired":0},
		{"id":"4","cut_body":true,"reset_after":true,"count":1,"fired":0}]}`, string(control(t, s, "GET", "/faults", "").body))
	_, err := try(s, "GET", "/orders", "")
	require.Error(t, err)
	assert.Equal(t, 204, control(t, s, "DELETE", "/faults", "").status)
	assert.JSONEq(t, `{"data":[]}`, string(control(t, s, "GET", "/faults", "").body))
	assert.Equal(t, 200, get(t, s, "/orders").status)

	for body, member := range map[string]string{
		`{}`: "body", `{"operation":"PlaceOrder","status":500}`: "body", `{"status":"500"}`: "status", `{"header":{"Retry-After":7}}`: "header", `{"stauts":500}`: "body",
		`{"delay":"soon"}`: "delay", ``: "body", `[]`: "body", `{"status":500}{"status":503}`: "body", `{"status":500}.`: "body",
		`{"body":"x"}`: "body", `{"delay":"-1s"}`: "body", `{"header":{"Retry After":"7"}}`: "body", `{"header":{"Retry-After":"7\n"}}`: "body",
	} {
		r := control(t, s, "POST", "/faults", body)
		r.assertRefused(t, member)
		for _, internal := range []string{"Go ", "json:", "faultJSON", "Status", "Delay"} {
			assert.NotContains(t, string(r.body), internal, "tests in other languages need no names of Go")
		}
	}
}

func TestControlClock(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithEmptyBooks(), WithFulfillAfter(time.Hour))
	id := place(t, s, oneKg)
	assert.JSONEq(t, `{"now":"2026-02-03T04:05:06.789012Z"}`, string(control(t, s, "GET", "/clock", "").body))
	assert.JSONEq(t, `{"now":"2026-02-04T04:05:06.789012Z"}`, string(control(t, s, "POST", "/clock", `{"advance":"24h"}`).body))
	assert.Equal(t, "fulfilled", get(t, s, "/orders/"+id).object(t)["state"])
	assert.JSONEq(t, `{"now":"2030-01-01T00:00:00.000000Z"}`, string(control(t, s, "POST", "/clock", `{"set":"2030-01-01T01:00:00+01:00"}`).body))
	for body, member := range map[string]string{
		`{}`: "body", `{"advance":"1h","set":"2030-01-01T00:00:00Z"}`: "body", `{"advance":"1 day"}`: "advance", `{"set":"tomorrow"}`: "body",
		`{"set":"9999-12-31T23:59:59Z"}`: "body", `{"set":"0001-01-01T00:00:00Z"}`: "body", `{"advance":"2562047h"}`: "body",
	} {
		control(t, s, "POST", "/clock", body).assertRefused(t, member)
	}
	assert.Equal(t, 2030, s.Now().Year())
}

func TestControlOrdersAndSessions(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	id := place(t, s, oneKg)
	r := control(t, s, "POST", "/orders/"+id+"/fulfill", "")
	require.Equal(t, 200, r.status, "%s", r.body)
	assert.Equal(t, string(get(t, s, "/orders/"+id).body), string(r.body))
	control(t, s, "POST", "/orders/"+id+"/fulfill", "").assertProblem(t, 409, "", "Wrong state")
	control(t, s, "POST", "/orders/nope/fulfill", "").assertProblem(t, 404, "not-found", "Not found")

	paid, ended := post(t, s, "/checkout/sessions", sessionBody).id(t), post(t, s, "/checkout/sessions", sessionBody).id(t)
	assert.Equal(t, paid, control(t, s, "POST", "/checkout/sessions/"+paid+"/complete", "").object(t)["checkout_session_id"])
	assert.Equal(t, "expired", control(t, s, "POST", "/checkout/sessions/"+ended+"/expire", "").object(t)["state"])
	for _, path := range []string{paid + "/complete", paid + "/expire", ended + "/complete", ended + "/expire"} {
		control(t, s, "POST", "/checkout/sessions/"+path, "").assertProblem(t, 409, "", "Wrong state")
	}
	control(t, s, "GET", "/nothing", "").assertProblem(t, 404, "not-found", "Could not find resource")
	control(t, s, "GET", "/orders/"+id+"/fulfill", "").assertProblem(t, 404, "not-found", "Could not find resource")
}

func TestControlIsLimitedToProgramsOnThisMachine(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	for name, change := range map[string]func(*http.Request){
		"another machine":                      func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" },
		"an invalid address":                   func(r *http.Request) { r.RemoteAddr = "@" },
		"another site":                         func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":                         func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:9999") },
		"a name that resolves to this machine": func(r *http.Request) { r.Host = "evil.example:8765" },
	} {
		for path, body := range map[string]string{"/faults": `{"status":500}`, "/clock": `{"advance":"1h"}`} {
			r := control(t, s, "POST", path, body, change)
			assert.Contains(t, []int{403, 421}, r.status, name)
			assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"), name)
		}
	}
	assert.Empty(t, s.faults.active)
	for name, change := range map[string]func(*http.Request){
		"IPv6":       func(r *http.Request) { r.RemoteAddr = "[::1]:50000"; r.Host = "[::1]:8765" },
		"no network": func(r *http.Request) { r.RemoteAddr = "" },
	} {
		assert.Equal(t, 200, control(t, s, "GET", "/faults", "", change).status, name)
	}
	resp, err := http.Get(strings.TrimSuffix(s.URL(), "/v1") + "/_sandbox/faults")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
	assert.Zero(t, s.RequestCount(), "control requests must not count as API requests")
}

func TestRemoteControl(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithRemoteControl(), WithBaseURL("http://cnaught:8765"))
	remote := func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" }
	for _, host := range []string{"127.0.0.1:8765", "localhost:8765", "cnaught:8765"} {
		r := control(t, s, "POST", "/clock", `{"advance":"1h"}`, remote, func(r *http.Request) { r.Host = host })
		assert.Equal(t, 200, r.status, host)
	}
	for name, change := range map[string]func(*http.Request){
		"another site":                       func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a name that was made to point here": func(r *http.Request) { r.Host = "evil.example:8765" },
	} {
		r := control(t, s, "POST", "/clock", `{"advance":"1h"}`, remote, change)
		assert.Contains(t, []int{403, 421}, r.status, name)
	}
}
