package cnaught

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// verdict is what one attempt means for the call.
type verdict struct {
	ok           bool // the call succeeded
	retry        bool // another attempt may help, and does no harm
	mayHaveActed bool // the server may have done what was asked
	healthy      bool // the server is up: refills the budget
}

// classify answers the two questions that matter after an attempt: may the
// server have acted, and may the operation be repeated? It knows no clock, no
// counter and no policy.
func classify(class retryClass, r *result) verdict {
	v := classifyOutcome(class, r)
	if r.wire == wireResent && !v.ok { // the outcome is that of the last sending alone
		v.mayHaveActed = true
	}
	return v
}

func classifyOutcome(class retryClass, r *result) verdict {
	switch {
	case r.unreadable != nil: // a 2xx that is not the declared value
		return verdict{healthy: true}
	case r.err != nil:
		return classifyNetwork(class, r.wire, r.err)
	case r.status/100 == 2:
		return verdict{ok: true, healthy: true}
	default:
		return classifyStatus(class, r.status, r.problem.kind())
	}
}

// conclusive: the API itself has looked at the request, and thus at its key. A
// gateway answers with 404, 302 or 413 too, but not with the API's problem
// types; and whoever is unauthorized or forbidden learns nothing of a key. A
// mismatch is no end either: it proves that an earlier call was processed.
func conclusive(r *result) bool {
	if r.problem == nil {
		return false
	}
	switch r.problem.typed() {
	case ErrInvalidParameters, ErrInvalidPagination, ErrInvalidSubaccount, ErrIdempotencyKeyTooLong, ErrNotFound:
		return true
	}
	return false
}

// gone: the API does not know what an attempt before may have deleted. A
// gateway's page for people does not count.
func gone(r *result) bool {
	return r.status == http.StatusNotFound && (len(r.body) == 0 || r.problem.Title != "" || r.problem.Type != "")
}

func classifyStatus(class retryClass, status int, kind error) verdict {
	repeatable := class != retryUnsafe
	switch status {
	case http.StatusTooManyRequests:
		// Refused before anything was done: harmless for every class.
		return verdict{retry: true}
	case http.StatusServiceUnavailable:
		// Repeated for every class, as 429 is. But gateways answer 503 for a server
		// that they lost in the middle of a request too (Envoy's "disconnect/reset
		// before headers", Heroku's H12 and H13; Varnish adds "Retry-After: 5" to its
		// "Backend fetch failed"), so nobody is told that it did nothing.
		return verdict{retry: true, mayHaveActed: true}
	case http.StatusTooEarly:
		return verdict{retry: repeatable}
	case http.StatusRequestTimeout, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusGatewayTimeout:
		return verdict{retry: repeatable, mayHaveActed: true}
	case http.StatusNotImplemented:
		return verdict{}
	case http.StatusConflict:
		// The first request with this key is still at work: its answer can be
		// had by asking again.
		if kind == ErrIdempotencyConcurrent {
			return verdict{retry: class == retryKeyed, mayHaveActed: true, healthy: true}
		}
	}
	if status >= 500 {
		return verdict{mayHaveActed: true}
	}
	return verdict{healthy: true, mayHaveActed: leadsOn(status)}
}

// leadsOn: the answer stands elsewhere, which may be the answer to what was done
// (RFC 9110, section 15.4.4). 301, 307 and 308 ask to send the request elsewhere.
func leadsOn(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return false
	}
	return status < 200 || status/100 == 3
}

// classifyNetwork sorts errors by what they say about the server, where the
// wire does not know better.
func classifyNetwork(class retryClass, w wire, err error) verdict {
	sent := w >= wireUsed || w == wireUnknown && !notSent(err)
	switch {
	case isPermanent(err):
		return verdict{mayHaveActed: w >= wireUsed}
	case !sent:
		return verdict{retry: true}
	default: // reset, timeout, body cut off: it may have acted
		return verdict{retry: class != retryUnsafe, mayHaveActed: true}
	}
}

// isPermanent: no retry will make the certificate trusted or the host known.
func isPermanent(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		hostname     x509.HostnameError
		dns          *net.DNSError
		body         *bodyError
	)
	return errors.As(err, &verification) ||
		errors.As(err, &authority) || errors.As(err, &invalid) || errors.As(err, &hostname) ||
		errors.As(err, &body) ||
		errors.As(err, &dns) && dns.IsNotFound
}

// notSent: the connection was never made, so the server surely did not act.
func notSent(err error) bool {
	var (
		op     *net.OpError
		record tls.RecordHeaderError
	)
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	// Conn is set in the handshake alone: a record that is spoiled later on, when
	// the request is out, has the same type.
	if errors.As(err, &record) && record.Conn != nil {
		return true
	}
	// net/http does not export the type of this error, and http.Client wraps it
	// in one that is a net.Error too.
	var timeout net.Error
	return errors.As(err, &timeout) && strings.HasSuffix(timeout.Error(), "net/http: TLS handshake timeout")
}
