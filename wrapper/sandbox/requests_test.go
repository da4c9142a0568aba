package sandbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequestsReturnsReceivedRequests(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	post(t, s, "/orders?x=1", `{"amount_kg":1}`, "Idempotency-Key", "k", "X-Subaccount-Id", "nope")
	place(t, s, `{"amount_kg":1}`, "Idempotency-Key", "k")
	place(t, s, `{"amount_kg":1}`, "Idempotency-Key", "k")
	get(t, s, "/nope", "Authorization", "secret")

	requests := s.Requests()
	require.Len(t, requests, 4)
	first := requests[0]
	assert.Equal(t, "POST", first.Method)
	assert.Equal(t, "/v1/orders", first.Path)
	assert.Equal(t, "1", first.Query.Get("x"))
	assert.Equal(t, "SubmitOrder", first.Operation)
	assert.Equal(t, longAgo(), first.Time)
	assert.Equal(t, "k", first.Header.Get("Idempotency-Key"))
	assert.Equal(t, `{"amount_kg":1}`, string(first.Body))
	assert.Equal(t, 400, first.Status)
	assert.Equal(t, "Bearer [masked]", first.Header.Get("Authorization"))
	assert.False(t, requests[1].Replayed)
	assert.True(t, requests[2].Replayed)
	assert.Equal(t, "[masked]", requests[3].Header.Get("Authorization"))
	assert.Empty(t, requests[3].Operation)

	first.Header.Set("Idempotency-Key", "changed")
	first.Body[0] = 'x'
	assert.Equal(t, "k", s.Requests()[0].Header.Get("Idempotency-Key"), "Requests must return copies")
	assert.Equal(t, `{"amount_kg":1}`, string(s.Requests()[0].Body))
}

func TestRequestLogIsBounded(t *testing.T) {
	s := Run(t, WithRequestLog(3))
	for i := range 7 {
		get(t, s, fmt.Sprintf("/orders/%d", i))
	}
	var paths []string
	for _, r := range s.Requests() {
		paths = append(paths, r.Path)
	}
	assert.Equal(t, []string{"/v1/orders/4", "/v1/orders/5", "/v1/orders/6"}, paths)
	assert.Equal(t, 7, s.RequestCount())

	post(t, s, "/orders", `{"amount_kg":1}`+strings.Repeat(" ", maxLoggedBody))
	assert.Len(t, s.Requests()[2].Body, maxLoggedBody)

	none := Run(t, WithRequestLog(0))
	get(t, none, "/orders")
	assert.Empty(t, none.Requests())
	assert.Equal(t, 1, none.RequestCount())
}

func TestLogHasTheReasonOfARefusal(t *testing.T) {
	var log bytes.Buffer
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithEmptyBooks())
	post(t, s, "/orders", `{"amount_kg":-1,"metadata":7}`)
	get(t, s, "/orders?starting_after=nope")
	get(t, s, "/orders", "Authorization", "")
	s.Inject(Fault{Status: 503, Body: []byte("<h1>no</h1>")})
	get(t, s, "/orders")
	get(t, s, "/orders")
	reasons := []string{
		"Your request parameters didn't validate: amount_kg must be greater than 0; metadata must be a string",
		"Invalid pagination: starting_after is not the id of an item of this list", "Unauthorized", "", "",
	}
	for i, r := range s.Requests() {
		assert.Equal(t, reasons[i], r.Reason)
	}
	require.NoError(t, s.Close())
	for _, reason := range reasons[:3] {
		assert.Contains(t, log.String(), reason)
	}
	assert.Equal(t, 3, strings.Count(log.String(), "reason="))
}

// Requests that do not reach an operation are refused in other places, each of which
// has to log the reason.
func TestLogHasTheReasonOfEveryRefusal(t *testing.T) {
	var log lockedBuffer
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithEmptyBooks())
	control(t, s, "POST", "/faults", `{"stauts":500}`)
	control(t, s, "POST", "/clock", `{"advance":"soon"}`)
	control(t, s, "GET", "/faults", "", func(r *http.Request) { r.Host = "evil.example" })
	control(t, s, "GET", "/faults", "", func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" })
	visit(t, s, "POST", "/clock", "by=1y")
	visit(t, s, "GET", "/certificates/nope/pdf", "")
	visit(t, s, "GET", "/nope", "", func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	visit(t, s, "GET", "/logos/a/b/logo", "")
	sendRaw(t, s, "CONNECT api.cnaught.com:443 HTTP/1.1\r\nHost: api.cnaught.com:443\r\n\r\n")
	sendRaw(t, s, "GET /v1/orders HTTP/1.1\r\n\r\n")
	require.NoError(t, s.Close())
	for _, want := range []string{
		`msg=control method=POST path=/_sandbox/faults status=400 reason="Your request parameters didn't validate: body must be`,
		`msg=control method=POST path=/_sandbox/clock status=400 reason="Your request parameters didn't validate: advance time:`,
		`msg=control method=GET path=/_sandbox/faults status=421 reason="This is not the sandbox's host name: `,
		`msg=control method=GET path=/_sandbox/faults status=403 reason="This request came from another machine: `,
		`msg=page method=POST path=/clock status=400 took=\S+ reason="The clock did not move: `,
		`msg=page method=GET path=/certificates/nope/pdf status=404 took=\S+ reason="Could not find resource"`,
		`msg=page method=GET path=/nope status=404 took=\S+ reason="Could not find resource"`,
		`msg=logo method=GET path=/logos/a/b/logo status=404 reason="Could not find logo"`,
		`msg=request method=CONNECT path="" operation="" status=404`,
		`msg="invalid request" status=400 reason="Bad Request: missing required Host header"`,
	} {
		assert.Len(t, regexp.MustCompile(want).FindAllString(log.String(), -1), 1, "%s\n%s", want, log.String())
	}
	assert.Equal(t, 10, strings.Count(log.String(), "\n"), log.String())
}

// Closed books refuse each change, like books whose state file can't be written.
func TestFailuresOfTheSandboxAreLoggedAsErrors(t *testing.T) {
	var log lockedBuffer
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))))
	post(t, s, "/orders", `{"amount_kg":-1}`)
	s.Inject(Fault{Status: 500})
	get(t, s, "/orders")
	assert.Empty(t, log.String())
	require.NoError(t, s.books.Close())
	assert.Equal(t, 500, post(t, s, "/orders", oneKg).status)
	assert.Equal(t, 500, control(t, s, "POST", "/clock", `{"advance":"1h"}`).status)
	resp, _ := visit(t, s, "POST", "/orders/2FhU3B0F36_sandbox/cancel", "")
	assert.Equal(t, 500, resp.StatusCode)
	for _, want := range []string{"msg=request method=POST", "msg=control method=POST", "msg=page method=POST"} {
		assert.Equal(t, 1, strings.Count(log.String(), "level=ERROR "+want), log.String())
	}
}

func TestLogHasALineForEachWebhookAttempt(t *testing.T) {
	var log lockedBuffer
	hook := newReceiver(t)
	hook.answer(500)
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithEmptyBooks(), WithClock(longAgo))
	id := place(t, s, hook.order())
	require.NoError(t, s.FulfillOrder(id))
	settle(t, s)
	down := place(t, s, `{"amount_kg":1,"notification_config":{"url":"http://127.0.0.1:1/hook"}}`)
	require.NoError(t, s.FulfillOrder(down))
	settle(t, s)
	require.NoError(t, s.FulfillOrder(place(t, s, `{"amount_kg":1,"notification_config":{"url":"https://www.example.com/callback"}}`)))
	hook.answer(200)
	s.Advance(24 * time.Hour)
	settle(t, s)
	require.NoError(t, s.Close())
	for _, want := range []string{
		`msg="webhook failed" order=` + id + ` state=fulfilled url=` + hook.URL + `/hook status=500 next=2026-02-03T04:05:07.789Z`,
		`msg="webhook failed" order=` + down + ` state=fulfilled url=http://127.0.0.1:1/hook error=`,
		`msg="webhook delivered" order=` + id + ` state=fulfilled url=` + hook.URL + `/hook status=200`,
		`msg="webhook abandoned" order=` + down,
		`msg="webhook refused" order=`,
	} {
		assert.Equal(t, 1, strings.Count(log.String(), want), "%s\n%s", want, log.String())
	}
}

// lockedBuffer is a buffer that is safe for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestLogHasOneLineForEachRequestAndNoKey(t *testing.T) {
	var log bytes.Buffer
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithAPIKey("very-secret"))
	s.Inject(Fault{Operation: "SubmitOrder", ResetAfter: true})
	_, _ = try(s, "POST", "/orders", `{"amount_kg":1}`) // The connection is reset.
	get(t, s, "/orders")
	require.NoError(t, s.Close())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2, log.String())
	assert.Contains(t, lines[0], `method=POST path=/v1/orders operation=SubmitOrder status=0`)
	assert.Contains(t, lines[0], `fault="reset after acting"`)
	assert.Contains(t, lines[1], "operation=GetListOfOrder status=200")
	assert.NotContains(t, log.String(), "very-secret")
}
