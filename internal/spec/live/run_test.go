package live

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func TestSandboxAnswersAsDescribed(t *testing.T) {
	for name, cn := range map[string]*sandbox.Server{
		"filled":              filled(t),
		"new":                 sandbox.Run(t, sandbox.WithAPIKey(testKey)),
		"empty":               sandbox.Run(t, sandbox.WithAPIKey(testKey), sandbox.WithEmptyBooks()),
		"without subaccounts": sandbox.Run(t, sandbox.WithAPIKey(testKey), sandbox.WithoutSubaccounts()),
	} {
		t.Run(name, func(t *testing.T) {
			report := runAt(t, cn.URL())
			assert.Empty(t, report.Differences)
			assert.Empty(t, report.Stopped)
			assert.Zero(t, report.Unanswered())
			assert.Equal(t, ExitAsDescribed, report.ExitCode())
			assert.Contains(t, report.Markdown(), "**As described**: no difference in ")
			assert.Less(t, len(report.Asked), 65)
		})
	}
}

// Which reads are sent depends on the orders and subaccounts that the run finds.
func TestEveryReadIsSent(t *testing.T) {
	asked := make(map[string]int)
	for _, a := range runAt(t, filled(t).URL()).Asked {
		if a.Status == http.StatusOK {
			asked[a.Operation]++
		}
	}
	assert.Equal(t, map[string]int{
		"POST /quotes": 4, "POST /quotes/air-freight": 1, "POST /quotes/flight": 1, "POST /quotes/ground-freight": 1,
		"POST /quotes/ground-transport": 1, "POST /quotes/office-space": 1, "POST /quotes/train": 1, "POST /quotes/ride": 1,
		"GET /orders": 6, "GET /orders/{id}": 3, "GET /checkout/sessions/{id}": 1,
		"GET /subaccounts": 2, "GET /subaccounts/{id}": 2, "GET /portfolios": 1, "GET /portfolios/{id}": 2,
		"GET /project-categories/{id}": 2, "GET /projects/{id}": 2,
		"GET /impact/data": 3, "GET /impact/hosted-page-config": 1,
	}, asked)
}

func TestValidRequestsAreAsDescribed(t *testing.T) {
	v, err := description()
	require.NoError(t, err)
	var wrong []string
	transport := v.Transport(http.DefaultTransport, func(err error) {
		if strings.Contains(err.Error(), ": 200: request: ") {
			wrong = append(wrong, err.Error())
		}
	})
	_, err = Run(t.Context(), Options{Key: testKey, BaseURL: filled(t).URL(), Transport: transport})
	require.NoError(t, err)
	assert.Empty(t, wrong)
	assert.Contains(t, v.Seen("GetOrderById"), 200, "the validator was used")
}

func TestUndescribedHeadersAreReported(t *testing.T) {
	base := between(t, filled(t), nil, func(resp *http.Response, body string) string {
		if resp.Request.Method == http.MethodPost {
			resp.Header.Set("X-RateLimit-Limit", "100;w=60")
			resp.Header.Set("X-Request-Id", "4f9a7c21")
		}
		resp.Header.Set("Server", "nginx")
		return body
	})
	report := runAt(t, base)
	assert.Equal(t, ExitAsDescribed, report.ExitCode(), "an additional header is not a difference")
	assert.Equal(t, []Header{
		{Name: "Www-Authenticate", Answers: 2},
		{Name: "X-Ratelimit-Limit", Value: "100;w=60", Answers: 21},
		{Name: "X-Request-Id", Answers: 21},
	}, report.Headers)
	assert.Contains(t, report.Markdown(), "| `X-Ratelimit-Limit` | 21 | `100;w=60` |\n")
}

func TestUnreachableAPIEndsTheRun(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	report := runAt(t, server.URL+"/v1")
	assert.Equal(t, ExitUnchecked, report.ExitCode())
	assert.Len(t, report.Asked, 1)
	assert.Contains(t, report.Stopped, "connection refused")
	assert.Contains(t, report.Markdown(), "**Could not be checked**: 1 request got no answer; no difference in 0 answers")
}

func TestRefusedKeyEndsTheRun(t *testing.T) {
	report := runAt(t, sandbox.Run(t).URL())
	assert.Equal(t, ExitUnchecked, report.ExitCode())
	assert.Len(t, report.Asked, 1)
	assert.Contains(t, report.Markdown(), "The run ended early: the API refused the key.")
}

func TestGatewayErrorIsNotADifference(t *testing.T) {
	cn := filled(t)
	report := runAt(t, between(t, cn, nil, answer(`GET /v1/impact/hosted-page-config`, 200, 503, "text/html", "<p>")))
	assert.Equal(t, ExitUnchecked, report.ExitCode())
	assert.Empty(t, report.Stopped, "the run continues")
	assert.Contains(t, report.Markdown(), "| `GET /impact/hosted-page-config` | the page | none: 503 Service Unavailable |")

	report = runAt(t, between(t, cn, nil, answer(`POST /v1/quotes.*`, 200, 502, "text/html", "<p>")))
	assert.Equal(t, ExitUnchecked, report.ExitCode())
	assert.Len(t, report.Asked, 1+maxFailures, "the run ends after three failures")
	assert.Equal(t, "502 Bad Gateway", report.Stopped)
}

func TestEndedContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cn := filled(t)
	base := between(t, cn, func(r *http.Request) {
		if r.Method == http.MethodPost {
			cancel()
		}
	}, nil)
	report, err := Run(ctx, Options{Key: testKey, BaseURL: base})
	require.NoError(t, err)
	assert.Equal(t, ExitUnchecked, report.ExitCode())
	assert.Len(t, report.Asked, 2)
	assert.Contains(t, report.Stopped, "context canceled")
}

// An operation may be removed from the description.
func TestUndescribedOperationIsNotRequested(t *testing.T) {
	v, err := description()
	require.NoError(t, err)
	r := &run{validator: v, caller: callerThrough(t, refuseAll{t})}
	x, err := r.ask(t.Context(), get("anything", "/nothing/here", ok))
	require.NoError(t, err)
	assert.Nil(t, x)
	assert.Empty(t, r.log)
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"no key":          {BaseURL: "https://api.cnaught.com/v1"},
		"plain HTTP":      {Key: testKey, BaseURL: "http://api.cnaught.com/v1"},
		"not a URL":       {Key: testKey, BaseURL: "api.cnaught.com"},
		"password in URL": {Key: testKey, BaseURL: "https://user:pass@api.cnaught.com/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Transport = refuseAll{t}
			_, err := Run(t.Context(), o)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), testKey)
		})
	}
}

type refuseAll struct{ t *testing.T }

func (r refuseAll) RoundTrip(*http.Request) (*http.Response, error) {
	r.t.Error("a request was sent")
	return nil, http.ErrServerClosed
}

// recorder records the requests that reach a sandbox.
type recorder struct {
	mu   sync.Mutex
	sent []string
}

func (r *recorder) add(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, req.Method+" "+req.URL.EscapedPath())
}

func TestOnlyReadsAndQuotesAreSent(t *testing.T) {
	cn := filled(t)
	before, subaccounts := cn.Orders(), runAt(t, cn.URL())
	for name, change := range map[string]tamper{
		"unchanged": nil,
		// These ids would lead to other operations if they were not escaped.
		"hostile ids": func(_ *http.Response, body string) string {
			return strings.NewReplacer(`"id":"`, `"id":"../orders/x/cancel?a=`, `"id": "`, `"id": "../../v1/orders/`).Replace(body)
		},
		"ids that are dots": replace(`GET .*`, `"id": ?"[^"]*"`, `"id":".."`),
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			runAt(t, between(t, cn, r.add, change))
			require.Greater(t, len(r.sent), 40)
			for _, sent := range r.sent {
				assert.Regexp(t, `^(GET /v1/|POST /v1/quotes(/[a-z-]+)?$)`, sent)
				assert.NotRegexp(t, `/\.\.?(/|$)`, sent, "no id leads out of its path")
			}
		})
	}
	assert.Equal(t, before, cn.Orders())
	assert.Equal(t, subaccounts.Asked, runAt(t, cn.URL()).Asked)
}

func TestGuard(t *testing.T) {
	sent := 0
	count := roundTrip(func(*http.Request) (*http.Response, error) {
		sent++
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	base, err := url.Parse("https://api.cnaught.com/v1")
	require.NoError(t, err)
	for _, c := range []struct {
		method, url string
		passes      bool
	}{
		{"GET", "https://api.cnaught.com/v1/orders?limit=1", true},
		{"POST", "https://api.cnaught.com/v1/quotes", true},
		{"POST", "https://api.cnaught.com/v1/quotes/air-freight", true},
		{"POST", "https://api.cnaught.com/v1/orders", false},
		{"POST", "https://api.cnaught.com/v1/orders/ride", false},
		{"POST", "https://api.cnaught.com/v1/orders/x/cancel", false},
		{"POST", "https://api.cnaught.com/v1/subaccounts", false},
		{"POST", "https://api.cnaught.com/v1/subaccounts/x/logo", false},
		{"POST", "https://api.cnaught.com/v1/checkout/sessions", false},
		{"POST", "https://api.cnaught.com/v1/quotesandorders", false},
		{"POST", "https://api.cnaught.com/v1/quotes/../orders", false},
		{"POST", "https://api.cnaught.com/v1/quotes/%2e%2e/orders", false},
		{"POST", "https://api.cnaught.com/v1/quotes%2f..%2forders", false},
		{"POST", "https://api.cnaught.com/quotes", false},
		{"PUT", "https://api.cnaught.com/v1/subaccounts/x", false},
		{"PUT", "https://api.cnaught.com/v1/quotes", false},
		{"DELETE", "https://api.cnaught.com/v1/subaccounts/x", false},
		{"PATCH", "https://api.cnaught.com/v1/quotes", false},
		{"get", "https://api.cnaught.com/v1/orders", false},
		{"GET", "https://example.com/v1/orders", false},
		{"GET", "http://api.cnaught.com/v1/orders", false},
		{"GET", "https://api.cnaught.com/v1", false},
		{"GET", "https://api.cnaught.com/v1x/orders", false},
		{"GET", "https://api.cnaught.com/v2/orders", false},
	} {
		g := &guard{next: count, base: base, left: 1}
		r, err := http.NewRequest(c.method, c.url, nil)
		require.NoError(t, err)
		sent = 0
		resp, err := g.RoundTrip(r)
		if c.passes {
			require.NoError(t, err, c)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, 1, sent, c)
			_, err = g.RoundTrip(r)
			require.ErrorIs(t, err, errBound)
		} else {
			require.ErrorIs(t, err, errRefused, c)
			assert.Zero(t, sent, c)
		}
	}
	withBody, err := http.NewRequest("GET", "https://api.cnaught.com/v1/orders", strings.NewReader("{}"))
	require.NoError(t, err)
	_, err = (&guard{next: count, base: base, left: 1}).RoundTrip(withBody)
	assert.ErrorIs(t, err, errRefused)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
