package cnaught

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// net/http itself sends a request with an Idempotency-Key again when a
// reused connection breaks before the answer. If that second sending fails
// with "connection refused" (or 429/503), the attempt looks as if nothing was
// ever sent: the order is placed, and the caller is told that it surely is not.
func TestNoHiddenResend(t *testing.T) {
	var acted atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet { // warms the connection up
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"data":[]}`)
			return
		}
		acted.Add(1) // the order is placed
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}))
	defer server.Close()
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 { // the server is restarting
			addr = "127.0.0.1:1"
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	c, err := New("key", WithBaseURL(server.URL), WithHTTPClient(&http.Client{Transport: transport}), WithRetryPolicy(NoRetry()))
	require.NoError(t, err)
	_, err = c.ListOrders(t.Context(), ListOptions{})
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	require.Error(t, err)
	require.EqualValues(t, 1, acted.Load())
	assert.True(t, errors.Is(err, ErrOutcomeUnknown), "an order was placed, and the error says that it surely was not")
}

// Gateways answer 503 for a server that they lost after it had the request
// (Envoy: "upstream connect error or disconnect/reset before headers"; Heroku:
// H12, H13).
func TestBare503MayHaveActed(t *testing.T) {
	rt := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), ContentLength: 0}, nil
	})
	c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(NoRetry()))
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
}

// Settling by key, as the documentation says, with the loop that
// ErrOutcomeUnknown suggests: a settle call that is refused a connection says
// "nothing happened", though the key's first call placed the order.
func TestSettlingSaysNothingHappenedOnlyWhenItKnows(t *testing.T) {
	step := 0
	rt := roundTrip(func(*http.Request) (*http.Response, error) {
		step++
		if step == 1 {
			return nil, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")} // after acting
		}
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	})
	c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(NoRetry()))
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	key, _ := IdempotencyKeyFrom(err)
	_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10}, WithIdempotencyKey(key))
	assert.ErrorIs(t, err, ErrOutcomeUnknown, "the order of this key may stand all the same")
}

// What a call with the caller's own key says about calls before it: only the
// API itself knows, and it is known by its problem types.
func TestOwnKeyIsSettledByTheAPIAlone(t *testing.T) {
	for _, tt := range []struct {
		status  int
		problem string
		settled bool
	}{
		{400, "invalid-parameters", true}, {400, "invalid-subaccount", true}, {404, "not-found", true},
		{422, "idempotency-changed-payload", false},
		{404, "about:blank", false}, {404, "https://tools.ietf.org/html/rfc9110#section-15.5.5", false}, {422, "about:blank", false},
		{400, "", false}, {404, "", false}, {302, "", false}, {405, "", false}, {413, "", false},
		{401, "", false}, {403, "forbidden", false}, {429, "", false}, {503, "", false}, {500, "", false},
	} {
		body := "<html>a gateway's page</html>"
		switch {
		case strings.Contains(tt.problem, ":"): // what frameworks and gateways write
			body = `{"type":"` + tt.problem + `","errors":{"a":["b"]}}`
		case tt.problem != "":
			body = `{"type":"https://api.cnaught.com/v1/errors/` + tt.problem + `"}`
		}
		rt := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: tt.status, Header: http.Header{"Retry-After": {"1"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(NoRetry()))
		require.NoError(t, err)
		_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10}, WithIdempotencyKey("cart 4711"))
		assert.Equal(t, !tt.settled, errors.Is(err, ErrOutcomeUnknown), "%d %s: %v", tt.status, tt.problem, err)
	}
}

// A gateway's page is not the API saying that the subaccount is gone.
func TestDeletionIsNotSettledByAGateway(t *testing.T) {
	answers := []*http.Response{
		{StatusCode: 502, Body: http.NoBody},
		{StatusCode: 404, Body: io.NopCloser(strings.NewReader("<html>nginx</html>"))},
	}
	rt := roundTrip(func(*http.Request) (*http.Response, error) {
		answer := answers[0]
		answers = answers[1:]
		return answer, nil
	})
	c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(RetryPolicy{BaseDelay: 1}))
	require.NoError(t, err)
	require.ErrorIs(t, c.DeleteSubaccount(t.Context(), "x"), ErrNotFound)
}

// The request that hangs on an answer of Raw does not hold the key.
func TestRawAnswersHoldNoKey(t *testing.T) {
	rt := roundTrip(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, "Bearer secret-key", req.Header.Get("Authorization"))
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(`{"id":"a"}`)), Request: req}, nil
	})
	c, err := New("secret-key", WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	answer, err := c.Raw().GetOrderByIDWithResponse(t.Context(), "a", nil)
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v", answer.HTTPResponse.Request, answer.HTTPResponse.Request.Header), "secret-key")
}

// A RoundTripper that leaves ContentLength at 0, as hand-written fakes do.
func TestContentLengthNotSet(t *testing.T) {
	rt := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 201, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(`{"id":"a"}`))}, nil
	})
	c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	assert.NoError(t, err)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whoever takes a failure for "nothing happened" buys again. So that is said
// only where it is known.
func TestNothingHappenedIsSaidOnlyWhereItIsKnown(t *testing.T) {
	lost := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, dialError(syscall.ECONNREFUSED) }}
	for name, tt := range map[string]struct {
		send    roundTrip
		unknown bool
	}{
		"303, the answer stands elsewhere": {func(r *http.Request) (*http.Response, error) {
			return reply(303, ``, "Location", "/orders/x")(r)
		}, true},
		"302":                {func(r *http.Request) (*http.Response, error) { return reply(302, ``)(r) }, true},
		"308, send it there": {func(r *http.Request) (*http.Response, error) { return reply(308, ``)(r) }, true},
		"sent another way after the first one refused": {func(r *http.Request) (*http.Response, error) {
			if resp, err := lost.RoundTrip(r.Clone(r.Context())); err == nil {
				return resp, nil
			}
			return nil, io.EOF // a transport that the trace knows nothing of
		}, true},
		"refused by a wrapped transport": {func(r *http.Request) (*http.Response, error) { return lost.RoundTrip(r) }, false},
	} {
		c, err := New("key", WithHTTPClient(&http.Client{Transport: tt.send}), WithRetryPolicy(NoRetry()))
		require.NoError(t, err)
		_, err = c.PlaceOrder(t.Context(), tenKg)
		require.Error(t, err, name)
		assert.Equal(t, tt.unknown, errors.Is(err, ErrOutcomeUnknown), "%s: %v", name, err)
	}
}

// The bare connection behind a 101 knows no context.
func TestSwitchingProtocols(t *testing.T) {
	addr := listen(t, func(conn net.Conn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
		<-t.Context().Done()
	})
	c := newTestClient(t, "http://"+addr+"/v1", quick(2))
	_, err := c.PlaceOrder(t.Context(), tenKg)
	assert.Equal(t, 101, as[*Error](t, err).StatusCode)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
}

// The caller's deadline has not come, so nobody may take it for that.
func TestTimeOfATransportsOwn(t *testing.T) {
	rt := roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("a proxy's own time: %w", context.DeadlineExceeded)
	})
	c, err := New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(NoRetry()))
	require.NoError(t, err)
	_, err = c.GetOrder(t.Context(), "x")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "cnaught: GetOrder (GetOrderById): a proxy's own time: context deadline exceeded")

	// net's own "i/o timeout" says that it is one, too. A transport that dials by
	// itself may have done more than that.
	dialer := net.Dialer{Timeout: 1}
	rt = func(r *http.Request) (*http.Response, error) {
		_, err := dialer.DialContext(r.Context(), "tcp", "127.0.0.1:1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return nil, err
	}
	c, err = New("key", WithHTTPClient(&http.Client{Transport: rt}), WithRetryPolicy(NoRetry()))
	require.NoError(t, err)
	_, err = c.PlaceOrder(t.Context(), tenKg)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	var dial *net.OpError
	assert.ErrorAs(t, err, &dial)
}

// What an editor of Raw does to a request, it does to every attempt.
func TestRawEditors(t *testing.T) {
	rt := play(reply(500, ``), reply(201, orderJSON))
	c := newClient(t, rt, WithSubaccount("default"), quick(2))
	_, err := c.Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg, func(_ context.Context, r *http.Request) error {
		r.Header["idempotency-key"], r.Header["x-subaccount-id"], r.Header["authorization"] = []string{"mine"}, []string{"sub"}, []string{"Bearer other"}
		r.Body = io.NopCloser(strings.NewReader(`{"amount_kg":10,"new":true}`)) // and GetBody stays
		r.ContentLength = int64(len(`{"amount_kg":10,"new":true}`))
		return nil
	})
	require.NoError(t, err)
	sent := rt.requests()
	require.Len(t, sent, 2)
	for _, r := range sent {
		assert.Equal(t, `{"amount_kg":10,"new":true}`, string(r.body))
		for name, want := range map[string]string{headerIdempotencyKey: "mine", headerSubaccount: "sub", "Authorization": "Bearer " + testKey} {
			var all []string
			for other, values := range r.header {
				if strings.EqualFold(other, name) {
					all = append(all, values...)
				}
			}
			assert.Equal(t, []string{want}, all, name)
		}
	}
	_, err = c.Raw().GetProjectByIDWithResponse(t.Context(), "x", func(_ context.Context, r *http.Request) error {
		r.Header["idempotency-key"] = []string{"mine"}
		return nil
	})
	assert.ErrorIs(t, err, ErrInvalidRequest, "a key where none is taken, in any case")
}

func TestLogsAreBounded(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := newClient(t, play(breakWith(errors.New(strings.Repeat("x", 1<<20)))), WithLogger(logger), quick(3)).GetOrder(t.Context(), "x")
	require.Error(t, err)
	assert.Less(t, log.Len(), 10_000)
}
