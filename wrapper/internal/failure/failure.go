// Package failure reads the errors of contexts, dialers and transports.
package failure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
)

// OfContext is the error of a context that has ended, with its cause; nil
// while it has not.
func OfContext(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); err != nil && !errors.Is(cause, err) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// Timeout returns the end of an attempt's own time or, with its error, of a dialer's
// or a transport's. It is a net.Error, but not context.DeadlineExceeded: the
// caller's deadline has not passed.
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

// IsPermanent reports errors that no retry mends: a certificate that is not
// trusted, a host that does not exist.
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

// FailedToDial reports whether there was no connection.
func FailedToDial(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
}
