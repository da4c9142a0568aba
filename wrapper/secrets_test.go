package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// assertSecret asserts that v does not print the API key, however fmt, slog and
// encoding/json print it.
func assertSecret(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T", "%p", "%t", "%e", "%U"} {
		assert.NotContains(t, fmt.Sprintf(verb, v), testKey, "%s as %s", name, verb)
	}
	assert.NotContains(t, fmt.Sprintf("%x", v), fmt.Sprintf("%x", testKey), name)
	text, err := json.Marshal(v)
	if err == nil {
		assert.NotContains(t, string(text), testKey, "%s as JSON", name)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	assert.NotContains(t, out.String(), testKey, "%s in a log", name)
}

// assertErrorSecret asserts the same of an error and of everything that it wraps.
func assertErrorSecret(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	assert.NotContains(t, err.Error(), testKey, name)
	assertSecret(t, fmt.Sprintf("%s (%T)", name, err), err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		assertErrorSecret(t, name, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			assertErrorSecret(t, name, inner)
		}
	}
	switch e := err.(type) {
	case *Error:
		assert.NotContains(t, string(e.Body), testKey, name)
		assertSecret(t, name, *e)
	case *DecodeError:
		assert.NotContains(t, string(e.Body), testKey, name)
		assertSecret(t, name, *e)
	case *TransportError:
		assertSecret(t, name, *e)
	}
}

func TestClientDoesNotPrintItsKey(t *testing.T) {
	c := newClient(t, play())
	assertSecret(t, "*Client", c)
	assertSecret(t, "Client", *c)
	assertSecret(t, "in a struct", struct{ C *Client }{c})
	assertSecret(t, "value in a struct", struct{ C Client }{*c})
	assertSecret(t, "in a slice", []any{c, *c})
	assertSecret(t, "in a map", map[string]*Client{"c": c})
	assertSecret(t, "Raw", c.Raw())
	assertSecret(t, "*Raw", *c.Raw())
	assertSecret(t, "generated client", c.Raw().ClientInterface)
	assertSecret(t, "generated client's value", *c.Raw().ClientInterface.(*api.Client))
	assertSecret(t, "secret", c.secret)
	assert.Equal(t, "cnaught.Client(https://api.test/v1)", fmt.Sprint(c))
	assert.Equal(t, "cnaught.Client(https://api.test/v1)", fmt.Sprintf("%#v", c))
}

func TestConstructorDoesNotPrintTheKey(t *testing.T) {
	for _, opts := range [][]Option{
		{WithBaseURL("https://" + testKey + ":" + testKey + "@api.test/v1")},
		{WithBaseURL("https://api.test/v1?key=" + testKey)},
		{WithBaseURL("https://api.test/" + testKey + "/%zz")},
		{WithBaseURL("ftp://" + testKey)},
		{WithSubaccount(testKey + "\n")},
		{WithUserAgent(testKey + "\n")},
	} {
		_, err := New(testKey, opts...)
		require.Error(t, err)
		assertErrorSecret(t, "New", err)
	}
	_, err := New(testKey + "\n")
	require.Error(t, err)
	assertErrorSecret(t, "New", err)
}

// echoes returns answers with the API key in every place where a server could put it.
func echoes() map[string]step {
	const k = testKey
	return map[string]step{
		"title":            reply(401, `{"title":"Key `+k+` is wrong"}`),
		"detail":           reply(401, `{"title":"T","detail":"Key `+k+`"}`),
		"details":          reply(401, `{"title":"T","details":"Key `+k+`"}`),
		"type":             reply(401, `{"type":"https://x/errors/`+k+`"}`),
		"instance":         reply(401, `{"title":"T","instance":"/`+k+`"}`),
		"errors":           reply(400, `{"title":"T","errors":{"authorization":["`+k+`"]}}`),
		"errors' members":  reply(400, `{"title":"T","errors":{"`+k+`":["bad"]}}`),
		"errors as a list": reply(400, `{"title":"T","errors":[{"got":"`+k+`"}]}`),
		"extension":        reply(400, `{"title":"T","got":{"deep":["`+k+`"]}}`),
		"extension's name": reply(400, `{"title":"T","`+k+`":{"`+k+`":1}}`),
		"escaped":          reply(400, `{"title":"`+strings.ReplaceAll(k, "-", `\u002d`)+`","got":"`+strings.ReplaceAll(k, "C", `\u0043`)+`"}`),
		"HTML":             reply(502, `<h1>Authorization: Bearer `+k+`</h1>`, "Content-Type", "text/html"),
		"text":             reply(400, strings.Repeat(k+" ", 100), "Content-Type", "text/plain"),
		"header":           reply(400, `{}`, "X-Debug", "Bearer "+k, "Www-Authenticate", `Bearer realm="`+k+`"`),
		"Location":         reply(302, ``, "Location", "https://elsewhere.test/?key="+k),
		"good HTML":        reply(200, `<p>`+k+`</p>`, "Content-Type", "text/html"),
		"good header":      reply(200, `[]`, "X-Debug", k),
		"media type":       reply(200, `x`, "Content-Type", "text/"+k),
		"bad member":       reply(200, `{"id":"x","created_on":"`+k+`"}`),
		"bad number":       reply(200, `{"id":"x","amount_kg":"`+k+`"}`),
		"good JSON":        reply(200, `{"`+k+`":"`+k+`"}`),
		"no whole body":    replyBody(200, io.MultiReader(strings.NewReader(`{"id":"`+k), iotest.ErrReader(errReset))),
		"transport":        breakWith(errors.New("proxy refused Bearer " + k)),
		"transport's URL":  breakWith(&url.Error{Op: "Post", URL: "https://x/?" + k, Err: errors.New("x")}),
	}
}

func TestErrorsDoNotHoldTheKey(t *testing.T) {
	for name, s := range echoes() {
		for _, m := range methods {
			if !slices.Contains([]string{"SubmitOrder", "GetListOfOrder", "DeleteSubaccount", "UpdateSubaccountLogoFromUpload"}, m.operation) {
				continue // all methods share one loop, and printing takes long
			}
			var r Response
			_, err := m.call(t.Context(), newClient(t, play(s), WithRetryPolicy(NoRetry())), WithResponse(&r))
			if err == nil { // some methods accept any object
				continue
			}
			assertErrorSecret(t, m.operation+", "+name, err)
			assertSecret(t, m.operation+", "+name+", Response", r)
			assertSecret(t, m.operation+", "+name+", *Response", &r)
		}
		for _, call := range []func(c *Client) error{
			func(c *Client) error {
				return errorOf(c.Raw().GetOrderByIDWithResponse(t.Context(), "x", nil))
			},
			func(c *Client) error { return c.DeleteSubaccount(t.Context(), "x") },
			func(c *Client) error {
				for _, err := range c.Orders(t.Context(), ListOptions{}) {
					return err
				}
				return nil
			},
		} {
			assertErrorSecret(t, name, call(newClient(t, play(s), WithRetryPolicy(NoRetry()))))
		}
	}
}

func TestHeaderOfAGoodAnswerIsMasked(t *testing.T) {
	var r Response
	_, err := newClient(t, play(reply(200, orderJSON, "X-Debug", testKey))).GetOrder(t.Context(), "x", WithResponse(&r))
	require.NoError(t, err)
	assert.Equal(t, "[masked]", r.Header.Get("X-Debug"))
	assertSecret(t, "Response", r)
}

func TestMaskedErrorsStillMatch(t *testing.T) {
	err := errorOf(newClient(t, play(breakWith(fmt.Errorf("%s: %w", testKey, io.ErrUnexpectedEOF))), WithRetryPolicy(NoRetry())).GetOrder(t.Context(), "x"))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Contains(t, err.Error(), "[masked]")
	assertErrorSecret(t, "masked", err)
}

func TestWaitersDoNotPrintTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, body := range []string{`{"id":"x","state":"` + testKey + `"}`, `{"id":"x","state":"` + strings.Repeat("s", 5000) + `"}`} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, err := newClient(t, play(reply(200, body))).WaitForOrder(ctx, testKey)
			cancel()
			assertErrorSecret(t, "WaitForOrder", err)
			assert.Less(t, len(err.Error()), 1000)
		}
		page := `{"data":[{"id":"` + testKey + `"}]}`
		for _, err := range newClient(t, play(reply(200, page))).Orders(t.Context(), ListOptions{Limit: 1}) {
			assertErrorSecret(t, "Orders", err)
		}
	})
}

func TestLogLinesDoNotHoldTheKey(t *testing.T) {
	var out lockedBuffer
	for name, s := range echoes() {
		c := newClient(t, play(s, s, s, orderIn("placed")), logTo(&out, slog.LevelDebug), quick(2))
		c.GetOrder(t.Context(), "x")
		c.GetOrder(t.Context(), testKey) // as if the arguments of New and GetOrder were mixed up
		handler := c.OrderEventHandler(func(context.Context, *api.Order) error { return errors.New("got " + testKey) })
		for _, id := range []string{"x", "x", testKey} {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(`{"order":{"id":"`+id+`"}}`)))
		}
		assert.NotContains(t, out.String(), testKey, name)
	}
	for _, line := range []string{"cnaught: call", "cnaught: retrying", "cnaught: webhook", "got [masked]", "[masked]"} {
		assert.Contains(t, out.String(), line, "the test must produce every kind of line")
	}
}

// A redirect is an answer. Whatever http.Client the caller brings, the redirect is
// not followed and the API key reaches no other host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached int
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer elsewhere.Close()
	var hits int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		status := map[string]int{"GET": 302, "POST": 307, "DELETE": 308}[r.Method]
		target := elsewhere.URL + "/stolen"
		if r.URL.Query().Has("limit") { // on the same host too
			target = "/v1/orders/other"
		}
		http.Redirect(w, r, target, status)
	}))
	defer server.Close()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for name, hc := range map[string]*http.Client{
		"our own":                      nil,
		"CheckRedirect nil":            {},
		"CheckRedirect nil, with Jar":  {Jar: jar},
		"with Timeout":                 {Timeout: time.Minute},
		"CheckRedirect that follows":   {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
		"CheckRedirect and Jar":        {Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
		"with a transport and Timeout": {Transport: transport.New(), Timeout: time.Minute},
	} {
		hits = 0
		c := newTestClient(t, server.URL+"/v1", WithHTTPClient(hc))
		_, err := c.GetOrder(t.Context(), "x")
		answer := as[*Error](t, err)
		assert.Equal(t, 302, answer.StatusCode, name)
		assert.Equal(t, elsewhere.URL+"/stolen", answer.Header.Get("Location"), name)
		_, err = c.PlaceOrder(t.Context(), tenKg, WithHeader("X-Api-Key", testKey))
		assert.Equal(t, 307, as[*Error](t, err).StatusCode, name)
		assert.Equal(t, 308, as[*Error](t, c.DeleteSubaccount(t.Context(), "x")).StatusCode, name)
		_, err = c.ListOrders(t.Context(), ListOptions{Limit: 1})
		assert.Equal(t, 302, as[*Error](t, err).StatusCode, name)
		assert.Equal(t, 4, hits, name)
	}
	assert.Zero(t, reached)
}

func TestKeyStaysOnItsOrigin(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"another host":         func(r *http.Request) { r.URL.Host = "evil.test" },
		"another port":         func(r *http.Request) { r.URL.Host = "api.test:8443" },
		"another scheme":       func(r *http.Request) { r.URL.Scheme = "http" },
		"userinfo":             func(r *http.Request) { r.URL.User = url.UserPassword("a", "b") },
		"another Host header":  func(r *http.Request) { r.Host = "evil.test" },
		"opaque":               func(r *http.Request) { r.URL.Opaque = "//evil.test/v1/orders/x" },
		"above the base path":  func(r *http.Request) { r.URL.Path = "/v2/orders/x" },
		"beside the base path": func(r *http.Request) { r.URL.Path = "/v1orders/x" },
	} {
		rt := play(reply(200, orderJSON))
		_, err := newClient(t, rt).Raw().GetOrderByIDWithResponse(t.Context(), "x", nil, func(_ context.Context, r *http.Request) error {
			change(r)
			return nil
		})
		assert.ErrorIs(t, err, ErrInvalidRequest, name)
		assert.Zero(t, rt.count(), name)
	}
}

func TestKeyIsInNoURL(t *testing.T) {
	for _, m := range methods {
		rt := play(reply(m.status, m.answer))
		_, err := m.call(t.Context(), newClient(t, rt))
		require.NoError(t, err)
		req := rt.requests()[0]
		assert.NotContains(t, req.url, testKey)
		assert.NotContains(t, string(req.body), testKey)
		for name, values := range req.header {
			if name != "Authorization" {
				assert.NotContains(t, strings.Join(values, ","), testKey, name)
			}
		}
	}
}

func TestShortKeysAreNotMasked(t *testing.T) {
	c, err := New("e", WithHTTPClient(&http.Client{Transport: play(reply(404, notFoundJSON))}))
	require.NoError(t, err)
	_, err = c.GetOrder(t.Context(), "x")
	assert.EqualError(t, err, "cnaught: GetOrder (GetOrderById): 404 Not Found: Could not find order")
}

func TestDoDoesNotPrintTheKeyOfAPath(t *testing.T) {
	c := newClient(t, play(breakWith(errReset)), WithRetryPolicy(NoRetry()))
	assertErrorSecret(t, "Do", c.Do(t.Context(), "POST", "/keys/"+testKey, nil, nil))
}
