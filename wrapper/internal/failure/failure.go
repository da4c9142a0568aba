// Package failure classifies the errors of contexts, dialers and transports.
package failure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
)

// OfContext returns the error of a context that has ended, with its cause. It returns
// nil if the context has not ended.
func OfContext(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); err != nil && !errors.Is(cause, err) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// Timeout returns the error of an attempt that has timed out. If the dialer or the
// transport timed out, err is its error. The result is a net.Error, but it does not
// match context.DeadlineExceeded, because the caller's deadline has not passed.
func Timeout(text string, err error) error { return &timeout{text, err} }

type timeout struct {
	text string
	err  error
}

func (e *timeout) Error() string    { return e.text }
func (e *timeout) Timeout() bool    { return true }
func (e *timeout) Temporary() bool  { return true }
func (e *timeout) As(into any) bool { return errors.As(e.err, into) }
func (e *timeout) Is(target error) bool {
	return target != context.DeadlineExceeded && errors.Is(e.err, target)
}

// IsPermanent reports whether a retry would fail with the same error, because a
// certificate is not trusted or a host does not exist.
func IsPermanent(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		hostname     x509.HostnameError
		dns          *net.DNSError
	)
	return errors.As(err, &verification) ||
		errors.As(err, &authority) || errors.As(err, &invalid) || errors.As(err, &hostname) ||
		errors.As(err, &dns) && dns.IsNotFound
}

// FailedToDial reports whether no connection could be established.
func FailedToDial(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
}
