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
)

// The verdicts by name. "unknown" is the one that costs money when it is
// wrong: no retry, and the server may have acted.
var verdicts = map[string]verdict{
	"ok":               {ok: true, healthy: true},
	"final":            {healthy: true},
	"down":             {},
	"again":            {retry: true},
	"again, may act":   {retry: true, mayHaveActed: true},
	"unknown":          {mayHaveActed: true},
	"ask again":        {retry: true, mayHaveActed: true, healthy: true},
	"unknown, healthy": {mayHaveActed: true, healthy: true},
}

var classes = []struct {
	name  string
	class retryClass
}{{"safe", retrySafe}, {"keyed", retryKeyed}, {"unsafe", retryUnsafe}}

func TestClassifyStatus(t *testing.T) {
	special := map[int][3]string{ // safe, keyed, unsafe
		408: {"again, may act", "again, may act", "unknown"},
		425: {"again", "again", "down"},
		429: {"again", "again", "again"},
		500: {"again, may act", "again, may act", "unknown"},
		501: {"down", "down", "down"},
		502: {"again, may act", "again, may act", "unknown"},
		503: {"again, may act", "again, may act", "again, may act"},
		504: {"again, may act", "again, may act", "unknown"},
	}
	for status := 100; status < 1000; status++ {
		want, ok := special[status]
		switch {
		case ok:
		case status/100 == 2:
			want = [3]string{"ok", "ok", "ok"}
		case status >= 500:
			want = [3]string{"unknown", "unknown", "unknown"}
		case status == 301 || status == 307 || status == 308:
			want = [3]string{"final", "final", "final"}
		case status < 200 || status/100 == 3:
			want = [3]string{"unknown, healthy", "unknown, healthy", "unknown, healthy"}
		default:
			want = [3]string{"final", "final", "final"}
		}
		for i, c := range classes {
			r := &result{status: status}
			if status/100 != 2 {
				r.problem = &Error{StatusCode: status}
			}
			assert.Equal(t, verdicts[want[i]], classify(c.class, r), "%d %s", status, c.name)
		}
	}
}

// Varnish says so of a server that it lost in the middle.
func TestClassify503WithRetryAfter(t *testing.T) {
	for _, c := range classes {
		r := &result{status: 503, problem: &Error{StatusCode: 503, Header: http.Header{"Retry-After": {"5"}}}}
		assert.Equal(t, verdicts["again, may act"], classify(c.class, r), c.name)
	}
}

func TestClassifyConflict(t *testing.T) {
	const prefix = "https://api.cnaught.com/v1/errors/"
	for _, tt := range []struct {
		name    string
		problem Error
		want    [3]string
	}{
		{"concurrent", Error{Type: prefix + "idempotency-concurrent-requests"}, [3]string{"unknown, healthy", "ask again", "unknown, healthy"}},
		{"bare 409 to a keyed request", Error{IdempotencyKey: "k"}, [3]string{"unknown, healthy", "ask again", "unknown, healthy"}},
		{"bare 409 without a key", Error{}, [3]string{"final", "final", "final"}},
		{"409 of another kind", Error{Type: prefix + "something-else", IdempotencyKey: "k"}, [3]string{"final", "final", "final"}},
	} {
		for i, c := range classes {
			problem := tt.problem
			problem.StatusCode = http.StatusConflict
			assert.Equal(t, verdicts[tt.want[i]], classify(c.class, &result{status: 409, problem: &problem}), "%s, %s", tt.name, c.name)
		}
	}
}

func TestClassifyUnreadableAnswerIsFinal(t *testing.T) {
	// The server did what was asked: asking again can't make it readable.
	for _, c := range classes {
		assert.Equal(t, verdicts["final"], classify(c.class, &result{status: 200, unreadable: &DecodeError{}}), c.name)
	}
}

func dialError(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

type netTimeout struct{ text string }

func (e netTimeout) Error() string   { return e.text }
func (e netTimeout) Timeout() bool   { return true }
func (e netTimeout) Temporary() bool { return true }

func TestClassifyNetworkErrors(t *testing.T) {
	mayAct := [3]string{"again, may act", "again, may act", "unknown"}
	notSent := [3]string{"again", "again", "again"}
	permanent := [3]string{"down", "down", "down"}
	for _, tt := range []struct {
		name string
		err  error
		want [3]string
	}{
		{"connection refused", dialError(syscall.ECONNREFUSED), notSent},
		{"network unreachable", dialError(syscall.ENETUNREACH), notSent},
		{"dial timeout", dialError(netTimeout{"i/o timeout"}), notSent},
		{"proxy does not answer", &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("refused")}, notSent},
		{"DNS in passing", dialError(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), notSent},
		{"DNS timeout", dialError(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), notSent},
		{"host unknown", dialError(&net.DNSError{Err: "no such host", IsNotFound: true}), permanent},
		{"TLS handshake timeout", netTimeout{"net/http: TLS handshake timeout"}, notSent},
		{"TLS handshake timeout in an http.Client", &url.Error{Op: "Get", URL: "https://x", Err: netTimeout{"net/http: TLS handshake timeout"}}, notSent},
		{"no TLS at the other end", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", Conn: new(net.TCPConn)}, notSent},
		{"TLS record spoiled on the way", tls.RecordHeaderError{Msg: "oversized record received with length 65535"}, mayAct},
		{"untrusted certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, permanent},
		{"certificate of another host", &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: new(x509.Certificate), Host: "x"}}, permanent},
		{"authority unknown, from a transport of one's own", x509.UnknownAuthorityError{}, permanent},
		{"certificate expired, from a transport of one's own", x509.CertificateInvalidError{Reason: x509.Expired}, permanent},
		{"reset", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, mayAct},
		{"broken pipe", &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, mayAct},
		{"alert from the other end", &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, mayAct},
		{"EOF", io.EOF, mayAct},
		{"body cut off", io.ErrUnexpectedEOF, mayAct},
		{"timeout", netTimeout{"net/http: timeout awaiting response headers"}, mayAct},
		{"attempt timeout", &attemptTimeoutError{}, mayAct},
		{"unheard of", errors.New("http2: stream closed"), mayAct},
		{"the caller's context", context.Canceled, mayAct}, // the loop ends the call before it looks here
		{"the caller's body", &bodyError{errors.New("disk error")}, permanent},
	} {
		for i, c := range classes {
			assert.Equal(t, verdicts[tt.want[i]], classify(c.class, &result{err: tt.err}), "%s, %s", tt.name, c.name)
			wrapped := &url.Error{Op: "Post", URL: "https://api.test", Err: fmt.Errorf("wrapped: %w", tt.err)}
			assert.Equal(t, verdicts[tt.want[i]], classify(c.class, &result{err: wrapped}), "%s, %s, wrapped", tt.name, c.name)
		}
	}
}

// Of operations that a newer description adds, other tests speak.
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
		assert.Equal(t, want == retryKeyed, op.IdempotencyKey, "%s takes a key if and only if it is repeated by one", op.ID)
	}
}

func TestClassOfAnOperationThatTheOverlayDoesNotKnow(t *testing.T) {
	for _, tt := range []struct {
		op   operation
		want retryClass
	}{
		{operation{Method: http.MethodGet}, retrySafe},
		{operation{Method: http.MethodPut}, retrySafe},
		{operation{Method: http.MethodDelete}, retrySafe},
		{operation{Method: http.MethodPost}, retryUnsafe},
		{operation{Method: http.MethodPatch}, retryUnsafe},
		{operation{Method: http.MethodPost, IdempotencyKey: true}, retryKeyed},
		{operation{Method: http.MethodGet, Retry: retryUnsafe}, retryUnsafe},
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
