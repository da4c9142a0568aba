package cnaught

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
	"github.com/cnaught-go/cnaught/wrapper/internal/lenient"
)

// outcomes are named after what they mean for the caller. "unknown" means that
// there is no retry and that the server may have acted.
var outcomes = map[string]outcome{
	"ok":               {succeeded: true, mayHaveActed: true, healthy: true},
	"no":               {healthy: true},
	"not sent":         {},
	"again":            {repeatable: true},
	"again, may act":   {repeatable: true, mayHaveActed: true},
	"unknown":          {mayHaveActed: true},
	"ask again":        {repeatable: true, mayHaveActed: true, healthy: true},
	"unknown, healthy": {mayHaveActed: true, healthy: true},
}

var classes = []struct {
	name  string
	class retryClass
}{{"safe", retrySafe}, {"keyed", retryKeyed}, {"unsafe", retryUnsafe}}

// The API itself says no with a 4xx that is a problem document, and with a 429.
// After every other answer outside 2xx the server may have acted.
func TestOutcomeOfEveryStatus(t *testing.T) {
	all := func(name string) [3]string { return [3]string{name, name, name} }
	transient := [3]string{"again, may act", "again, may act", "unknown"}
	special := map[int][3]string{ // safe, keyed, unsafe
		408: transient, 425: transient, 500: transient, 502: transient, 504: transient,
		520: transient, 521: transient, 522: transient, 523: transient, 524: transient,
		525: transient, 526: transient, 527: transient, 529: transient, 530: transient,
		429: all("again"),
		503: all("again, may act"),
	}
	for status := 100; status < 1000; status++ {
		for _, document := range []bool{false, true} {
			want, ok := special[status]
			switch {
			case status == 425 && document:
				want = [3]string{"again", "again", "not sent"}
			case ok:
			case status/100 == 2:
				want = all("ok")
			case status >= 500:
				want = all("unknown")
			case status/100 == 4 && document:
				want = all("no")
			default:
				want = all("unknown, healthy")
			}
			for i, c := range classes {
				r := &result{status: status, sent: sentOnce}
				if status/100 != 2 {
					r.problem = &Error{StatusCode: status}
				}
				if document && r.problem != nil {
					r.problem.Title = "T"
				}
				assert.Equal(t, outcomes[want[i]], outcomeOf(c.class, r), "%d %s, problem document: %v", status, c.name, document)
			}
		}
	}
}

// The API answers 429 before it looks at the key. If nobody saw how often the
// request was sent, an earlier sending may have acted.
func TestOutcomeOf429AfterAnUnseenSending(t *testing.T) {
	for _, c := range classes {
		for _, sent := range []sendState{sentPerhaps, sentAgain} {
			r := &result{status: 429, sent: sent, problem: &Error{StatusCode: 429}}
			want := outcomes["again, may act"]
			if c.class == retryUnsafe {
				want = outcomes["unknown"]
			}
			assert.Equal(t, want, outcomeOf(c.class, r), c.name)
		}
	}
}

// Varnish answers 503 with Retry-After for a server that it lost in the middle of a
// request.
func TestOutcomeOf503WithRetryAfter(t *testing.T) {
	for _, c := range classes {
		r := &result{status: 503, problem: &Error{StatusCode: 503, Header: http.Header{"Retry-After": {"5"}}}}
		assert.Equal(t, outcomes["again, may act"], outcomeOf(c.class, r), c.name)
	}
}

func TestOutcomeOfAConflict(t *testing.T) {
	const prefix = "https://api.cnaught.com/v1/errors/"
	key := CallInfo{IdempotencyKey: "k"}
	for _, tt := range []struct {
		name    string
		problem Error
		want    [3]string
	}{
		{"concurrent", Error{Type: prefix + "idempotency-concurrent-requests"}, [3]string{"unknown, healthy", "ask again", "unknown, healthy"}},
		{"bare 409 to a keyed request", Error{CallInfo: key}, [3]string{"unknown, healthy", "ask again", "unknown, healthy"}},
		{"bare 409 without a key", Error{}, [3]string{"unknown, healthy", "unknown, healthy", "unknown, healthy"}},
		{"409 of another kind", Error{Type: prefix + "something-else", CallInfo: key}, [3]string{"no", "no", "no"}},
	} {
		for i, c := range classes {
			problem := tt.problem
			problem.StatusCode = http.StatusConflict
			assert.Equal(t, outcomes[tt.want[i]], outcomeOf(c.class, &result{status: 409, problem: &problem}), "%s, %s", tt.name, c.name)
		}
	}
}

func TestOutcomeOfAnUnusableAnswer(t *testing.T) {
	for _, c := range classes {
		assert.Equal(t, outcomes["unknown, healthy"], outcomeOf(c.class, &result{status: 200, unfit: lenient.ErrNull}), c.name)
	}
}

type netTimeout struct{ text string }

func (e netTimeout) Error() string   { return e.text }
func (e netTimeout) Timeout() bool   { return true }
func (e netTimeout) Temporary() bool { return true }

// An error says whether repeating can help, but not whether anything was sent.
func TestOutcomeOfNetworkErrors(t *testing.T) {
	mayAct := [3]string{"again, may act", "again, may act", "unknown"}
	again := [3]string{"again", "again", "again"}
	notSent := [3]string{"not sent", "not sent", "not sent"}
	unknown := [3]string{"unknown", "unknown", "unknown"}
	for _, tt := range []struct {
		name      string
		err       error
		permanent bool
	}{
		{"connection refused", errRefused, false},
		{"network unreachable", dialError(syscall.ENETUNREACH), false},
		{"dial timeout", dialError(netTimeout{"i/o timeout"}), false},
		{"proxy does not answer", &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}, false},
		{"DNS fails for now", dialError(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), false},
		{"DNS timeout", dialError(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), false},
		{"host unknown", dialError(&net.DNSError{Err: "no such host", IsNotFound: true}), true},
		{"TLS handshake timeout", netTimeout{"net/http: TLS handshake timeout"}, false},
		{"no TLS at the other end", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", Conn: new(net.TCPConn)}, false},
		{"TLS record broken on the way", tls.RecordHeaderError{Msg: "oversized record received with length 65535"}, false},
		{"untrusted certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, true},
		{"certificate of another host", &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: new(x509.Certificate), Host: "x"}}, true},
		{"authority unknown, from a transport of the caller's", x509.UnknownAuthorityError{}, true},
		{"certificate expired, from a transport of the caller's", x509.CertificateInvalidError{Reason: x509.Expired}, true},
		{"reset", errReset, false},
		{"broken pipe", &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, false},
		{"alert from the other end", &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, false},
		{"EOF", io.EOF, false},
		{"body cut off", io.ErrUnexpectedEOF, false},
		{"timeout", netTimeout{"net/http: timeout awaiting response headers"}, false},
		{"attempt timeout", failure.Timeout("", nil), false},
		{"unheard of", errors.New("http2: stream closed"), false},
		{"the caller's context", context.Canceled, false}, // the loop ends the call before it looks here
	} {
		for sent, want := range map[sendState][3]string{sentNever: again, sentOnce: mayAct, sentAgain: mayAct, sentPerhaps: mayAct} {
			if tt.permanent {
				want = unknown
				if sent == sentNever {
					want = notSent
				}
			}
			for i, c := range classes {
				wrapped := &url.Error{Op: "Post", URL: "https://api.test", Err: fmt.Errorf("wrapped: %w", tt.err)}
				for _, err := range []error{tt.err, wrapped} {
					assert.Equal(t, outcomes[want[i]], outcomeOf(c.class, &result{sent: sent, err: err}), "%s, %s, sent %d", tt.name, c.name, sent)
				}
			}
		}
	}
}

// Only a report to httptrace or an error marked with NotSent proves that a
// transport other than net/http's own sent nothing.
func TestProofsThatNothingWasSent(t *testing.T) {
	for _, tt := range []struct {
		name        string
		asked       bool
		connections int32
		foreign     bool
		err         error
		answered    bool
		callEnded   bool
		want        sendState
	}{
		{name: "net/http without a connection", asked: true, err: io.EOF, want: sentNever},
		{name: "net/http without a connection, and the call ended", asked: true, err: context.Canceled, callEnded: true, want: sentNever},
		{name: "net/http with a connection", asked: true, connections: 1, err: errRefused, want: sentOnce},
		{name: "net/http with two", asked: true, connections: 2, err: errRefused, want: sentAgain},
		{name: "net/http that was never reached", err: errRefused, want: sentPerhaps},
		{name: "a transport that reports, and was refused", asked: true, foreign: true, err: errRefused, want: sentNever},
		{name: "a transport that reports, and fails in another way", asked: true, foreign: true, err: io.EOF, want: sentPerhaps},
		{name: "a transport that reports nothing, and was refused", foreign: true, err: errRefused, want: sentPerhaps},
		{name: "a transport that says so", foreign: true, err: NotSent(io.EOF), want: sentNever},
		{name: "middleware that says so", err: fmt.Errorf("open: %w", NotSent(io.EOF)), want: sentNever},
		{name: "an error that comes from the cause of the context", foreign: true, err: NotSent(io.EOF), callEnded: true, want: sentPerhaps},
		{name: "a refused dial as the cause of the context", asked: true, foreign: true, err: errRefused, callEnded: true, want: sentPerhaps},
		{name: "an error after the answer", foreign: true, err: NotSent(io.EOF), answered: true, want: sentPerhaps},
		{name: "NotSent after a connection", connections: 1, err: NotSent(io.EOF), want: sentOnce},
	} {
		a := new(attemptContext)
		a.asked.Store(tt.asked)
		a.connections.Store(tt.connections)
		a.custom.Store(tt.foreign)
		if tt.answered {
			a.result.resp = new(http.Response)
		}
		assert.Equal(t, tt.want, a.sendState(tt.err, tt.callEnded), tt.name)
	}
}

// Other tests cover operations that a newer description adds.
func TestClassOfOperations(t *testing.T) {
	keyed := []string{"SubmitOrder", "SubmitRideOrder", "CancelOrder", "CreateSubaccount"}
	known := []string{"RequestRideQuote", "SubmitRideOrder"} // without a method
	for _, m := range methods {
		known = append(known, m.operation)
	}
	for _, id := range known {
		op := operationOf(t, id)
		want := retrySafe
		switch {
		case op.ID == "CreateCheckoutSession":
			want = retryUnsafe
		case slices.Contains(keyed, op.ID):
			want = retryKeyed
		}
		assert.Equal(t, want, op.class(), op.ID)
		assert.Equal(t, want == retryKeyed, op.IdempotencyKey, "%s takes a key if and only if it is safe to repeat with one", op.ID)
	}
}

func TestClassOfAnOperationThatTheOverlayDoesNotKnow(t *testing.T) {
	for _, tt := range []struct {
		op   endpoint
		want retryClass
	}{
		{endpoint{Method: http.MethodGet}, retrySafe},
		{endpoint{Method: http.MethodPut}, retrySafe},
		{endpoint{Method: http.MethodDelete}, retrySafe},
		{endpoint{Method: http.MethodPost}, retryUnsafe},
		{endpoint{Method: http.MethodPatch}, retryUnsafe},
		{endpoint{Method: http.MethodPost, IdempotencyKey: true}, retryKeyed},
		{endpoint{Method: http.MethodGet, Retry: retryUnsafe}, retryUnsafe},
	} {
		assert.Equal(t, tt.want, tt.op.class(), "%+v", tt.op)
	}
}

func TestRemovesResource(t *testing.T) {
	for _, m := range methods {
		want := m.operation == "DeleteSubaccount" // the logo is not the resource that its path's id names
		assert.Equal(t, want, operationOf(t, m.operation).removesResource(), m.operation)
	}
}

// A page that is no problem document says nothing about what happened behind the
// gateway.
func TestPageOfAGatewayLeavesTheOutcomeUnknown(t *testing.T) {
	eachActingCall(t, func(t *testing.T, a actingCall) {
		for status := 400; status < 500; status++ {
			if status == http.StatusTooManyRequests {
				continue
			}
			for _, body := range []string{"<h1>Forbidden</h1>", ``, `{"message":"no"}`, `[]`, `null`} {
				err := a.call(t.Context(), newClient(t, play(reply(status, body)), WithRetryPolicy(NoRetry())))
				assert.ErrorIs(t, err, ErrOutcomeUnknown, "%d %s", status, body)
			}
		}
		for _, status := range []int{400, 401, 403, 404} {
			err := a.call(t.Context(), newClient(t, play(reply(status, fmt.Sprintf(`{"title":"No","status":%d}`, status))), WithRetryPolicy(NoRetry())))
			assert.Equal(t, status, as[*Error](t, err).StatusCode)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown, status)
		}
		err := a.call(t.Context(), newClient(t, play(reply(429, `<h1>Slow down</h1>`)), WithRetryPolicy(NoRetry())))
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	})
}

// Gateways have their own statuses for a server that they could not reach.
func TestStatusesOfGatewaysAreRepeated(t *testing.T) {
	for _, status := range []int{520, 521, 522, 523, 524, 525, 526, 527, 529, 530} {
		_, err := newClient(t, play(reply(status, `<html>`), reply(200, orderJSON)), quick(2)).GetOrder(t.Context(), "x")
		assert.NoError(t, err, status)
		eachActingCall(t, func(t *testing.T, a actingCall) {
			rt := play(reply(status, `<html>`), reply(201, a.answer))
			err := a.call(t.Context(), newClient(t, rt, quick(2)))
			if a.keyed {
				assert.NoError(t, err, status)
				return
			}
			assert.ErrorIs(t, err, ErrOutcomeUnknown, status)
			assert.Equal(t, 1, rt.count())
		})
	}
}

// A caller who takes a failure for "nothing happened" buys again.
func TestOutcomeOfRedirectsAndOwnTransports(t *testing.T) {
	refusing := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errRefused }}
	for name, tt := range map[string]struct {
		send    silent
		unknown bool
	}{
		"302":        {silent(reply(302, ``)), true},
		"303":        {silent(reply(303, ``, "Location", "/orders/x")), true},
		"308":        {silent(reply(308, ``)), true},
		"a bare 503": {silent(reply(503, ``)), true},
		"a transport that sends in another way after a refused connection": {func(r *http.Request) (*http.Response, error) {
			if resp, err := refusing.RoundTrip(r.Clone(r.Context())); err == nil {
				return resp, nil
			}
			return nil, io.EOF // httptrace does not see this second way
		}, true},
		"a transport around net/http's own, which is refused": {refusing.RoundTrip, false},
	} {
		_, err := newClient(t, tt.send, WithRetryPolicy(NoRetry())).PlaceOrder(t.Context(), tenKg)
		require.Error(t, err, name)
		assert.Equal(t, tt.unknown, errors.Is(err, ErrOutcomeUnknown), "%s: %v", name, err)
	}
}
