package cnaught

import (
	"bufio"
	"context"
	"crypto/tls"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

// Each test of this file fails on one mistake that well-known clients make.

func TestMistake01ConnectionPerRetry(t *testing.T) {
	for name, size := range map[string]int{"empty": 0, "small": 100, "64 KiB": 64 << 10, "1 MiB": 1 << 20, "a little over 1 MiB": 1<<20 + 60<<10} {
		for _, chunked := range []bool{false, true} {
			var opened, requests atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				status := 500
				if requests.Add(1) == 4 {
					status = 404
				}
				w.WriteHeader(status)
				if chunked {
					w.(http.Flusher).Flush()
				}
				io.Copy(w, endless(int64(size), ' '))
			}))
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					opened.Add(1)
				}
			}
			server.Start()
			reused := 0
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
				if info.Reused {
					reused++
				}
			}})
			_, err := newTestClient(t, server.URL+"/v1", quick(4)).GetOrder(ctx, "x")
			assert.ErrorIs(t, err, ErrNotFound)
			assert.Equal(t, int32(4), requests.Load())
			assert.Equal(t, int32(1), opened.Load(), "%s, chunked: %t", name, chunked)
			assert.Equal(t, 3, reused, "%s, chunked: %t", name, chunked)
			server.Close()
		}
	}
}

func TestMistake02AttemptTimeoutEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		rt := play(hang, hang, reply(200, orderJSON))
		start := time.Now()
		order, err := newClient(t, rt).GetOrder(ctx, "x")
		require.NoError(t, err)
		assert.Equal(t, "Gre28Fc35bt3", order.ID)
		assert.Equal(t, time.Minute+750*time.Millisecond, time.Since(start))
	})
}

func TestMistake03SleepPastTheDeadlineHidesTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, play(reply(429, `{"title":"Quota used up"}`))).GetOrder(ctx, "x")
		assert.Zero(t, time.Since(start))
		assert.ErrorIs(t, err, ErrRateLimited)
		assert.ErrorContains(t, err, "Quota used up")
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestMistake04RetryAfterTakenAtItsWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(time.Hour)
		for name, tt := range map[string]struct {
			headers []string
			pause   time.Duration // before the second request; 0 for none made
		}{
			"55 years":     {[]string{"Retry-After", "1735689600"}, 0},
			"overflow":     {[]string{"Retry-After", "99999999999999999999"}, 0},
			"negative":     {[]string{"Retry-After", "-100"}, 250 * time.Millisecond},
			"other clocks": {[]string{"Date", ahead.Format(http.TimeFormat), "Retry-After", ahead.Add(3 * time.Second).Format(http.TimeFormat)}, 3250 * time.Millisecond},
		} {
			rt := play(reply(503, ``, tt.headers...), reply(200, orderJSON))
			_, err := newClient(t, rt).GetOrder(t.Context(), "x")
			if tt.pause == 0 {
				assert.ErrorIs(t, err, ErrServer, name)
				assert.Equal(t, 1, rt.count(), name)
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, []time.Duration{tt.pause}, rt.pauses(), name)
		}
	})
}

func TestMistake05HopelessRetries(t *testing.T) {
	server := quietTLSServer(t, http.NotFoundHandler())
	dials := 0
	tr := transport.New()
	tr.Proxy = nil
	dialer := new(net.Dialer)
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return dialer.DialContext(ctx, network, addr)
	}
	_, err := newTestClient(t, server.URL+"/v1", WithHTTPClient(&http.Client{Transport: tr}), quick(4)).GetOrder(t.Context(), "x")
	as[*tls.CertificateVerificationError](t, err)
	assert.Equal(t, 1, dials, "an untrusted certificate stays one")

	dials = 0
	tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
		dials++
		return nil, dialError(&net.DNSError{Err: "no such host", Name: "unknown.invalid", IsNotFound: true})
	}
	_, err = newTestClient(t, "https://unknown.invalid/v1", WithHTTPClient(&http.Client{Transport: tr}), quick(4)).GetOrder(t.Context(), "x")
	as[*net.DNSError](t, err)
	assert.Equal(t, 1, dials, "an unknown host stays one")
}

func TestMistake06PostRepeatedWithoutAKey(t *testing.T) {
	for _, m := range methods {
		if m.verb != http.MethodPost {
			continue
		}
		rt := play(breakWith(errReset))
		_, err := m.call(t.Context(), newClient(t, rt, quick(3)))
		require.Error(t, err)
		op := operationOf(t, m.operation)
		switch {
		case op.class() == retryUnsafe:
			assert.Equal(t, 1, rt.count(), m.operation)
		case op.class() == retryKeyed:
			assert.Equal(t, 3, rt.count(), m.operation)
			assert.NotEmpty(t, keysOf(rt)[2], m.operation)
		default:
			assert.True(t, strings.HasPrefix(op.Path, "/quotes") || strings.HasSuffix(op.Path, "/logo"), "%s: why is it safe?", m.operation)
		}
	}
}

func TestMistake07ErrorBodyReadWhole(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(500)
		io.WriteString(w, `{"title":"`)
		io.Copy(w, endless(64<<20, 'x'))
	}))
	defer server.Close()
	c := newTestClient(t, server.URL+"/v1", WithRetryPolicy(NoRetry()))
	err, total := allocated(func() error { return errorOf(c.GetOrder(t.Context(), "x")) })
	answer := as[*Error](t, err)
	assert.Equal(t, 500, answer.StatusCode)
	assert.Len(t, answer.Body, 1<<20)
	assert.Less(t, len(err.Error()), 1000)
	assert.Less(t, total, uint64(10*mib))
}

func TestMistake08OddErrorBodyHidesTheStatus(t *testing.T) {
	for _, body := range []string{`{"status":"422","errors":["a"]}`, `{"status":[],"title":{},"detail":1}`, `<html>`, ``, `[]`, `null`, `{"title":`} {
		_, err := newClient(t, play(reply(422, body))).GetOrder(t.Context(), "x")
		assert.Equal(t, 422, as[*Error](t, err).StatusCode, body)
		assert.ErrorContains(t, err, "422 Unprocessable Entity", body)
	}
}

func TestMistake09GoodStatusTakenForAGoodAnswer(t *testing.T) {
	for _, s := range []step{
		reply(200, `<html>Login</html>`, "Content-Type", "text/html"), reply(200, `null`), reply(204, ``),
		reply(202, `{"title":"Accepted, but not an order","status":202}`, "Content-Type", "application/problem+json"),
	} {
		order, err := newClient(t, play(s)).PlaceOrder(t.Context(), tenKg)
		assert.Nil(t, order)
		as[*DecodeError](t, err)
		_, isAnswer := errorAs[*Error](err)
		assert.False(t, isAnswer, "no problem: a 2xx")
	}
}

func TestMistake10HeadersKeptOnARedirectToAnotherHost(t *testing.T) {
	var reached atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer thief.Close()
	server := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	for _, hc := range []*http.Client{nil, {}, {Timeout: time.Minute}} {
		_, err := newTestClient(t, server.URL+"/v1", WithHTTPClient(hc)).PlaceOrder(t.Context(), tenKg, WithHeader("X-Api-Key", testKey))
		assert.Equal(t, 307, as[*Error](t, err).StatusCode)
	}
	assert.Zero(t, reached.Load())
}

func TestMistake11IDsThatReachAnotherEndpoint(t *testing.T) {
	for name, call := range byIDs {
		for _, id := range []string{"", ".", ".."} {
			refused(t, name+" "+id, func(c *Client) error { return call(t.Context(), c, id) })
		}
	}
}

func TestMistake12PagesWithoutEnd(t *testing.T) {
	s := stack(100)
	s.spoil = func(url.Values, []string) []string { return s.ids }
	ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{}), 100_000)
	assert.ErrorIs(t, err, ErrCursorIgnored)
	assert.Len(t, ids, 100)
	assert.Len(t, s.queries, 2)
}

func TestMistake13DependenciesThatUsersInherit(t *testing.T) {
	file, err := os.Open("../go.mod")
	require.NoError(t, err)
	defer file.Close()
	direct := map[string]bool{"github.com/oapi-codegen/runtime": true, "github.com/stretchr/testify": true}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, comment, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "), "//")
		switch words := strings.Fields(line); {
		case len(words) == 0:
		case words[0] == "go":
			assert.Regexp(t, `^1\.25(\.0)?$`, words[1], "the older of the two supported releases")
		case words[0] == "toolchain", words[0] == "tool", words[0] == "replace", words[0] == "exclude":
			t.Errorf("%q is imposed on, or of no use to, those who import the module", line)
		case strings.Contains(words[0], ".") && words[0] != "module" && !strings.Contains(comment, "indirect"):
			assert.True(t, direct[words[0]], line)
		}
	}
}

func TestMistake14EnumConstantsWithoutTheirType(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../api/api.gen.go", nil, 0)
	require.NoError(t, err)
	checked := 0
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			kind, ok := constant.Type.(*ast.Ident)
			if !ok {
				continue
			}
			for _, name := range constant.Names {
				assert.True(t, strings.HasPrefix(name.Name, kind.Name), "%s of type %s", name.Name, kind.Name)
				checked++
			}
		}
	}
	assert.GreaterOrEqual(t, checked, 12)
}
