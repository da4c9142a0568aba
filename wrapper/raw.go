package cnaught

import (
	"bytes"
	"io"
	"maps"
	"net/http"
)

// tidy brings a request of Raw into the form that our own have, whatever its
// editors did: a name of a header in another case would be sent beside ours, and
// a body that was replaced without its GetBody would be another one in the
// second attempt.
func tidy(req *http.Request) error {
	for name, values := range req.Header {
		if canonical := http.CanonicalHeaderKey(name); canonical != name {
			delete(req.Header, name)
			req.Header[canonical] = append(req.Header[canonical], values...)
		}
	}
	if req.Body == nil || req.Body == http.NoBody || req.GetBody == nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return &InvalidRequestError{req.Method, "body", "can't be read: " + quote(err.Error())}
	}
	fresh := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	if again, err := req.GetBody(); err == nil {
		second, err := io.ReadAll(again)
		again.Close()
		if err == nil && !bytes.Equal(body, second) {
			req.GetBody, req.ContentLength = fresh, int64(len(body))
		}
	}
	req.Body, err = fresh()
	return err
}

// withoutKey returns what an answer may carry of its request: callers print and
// compare the answers of Raw.
func withoutKey(req *http.Request) *http.Request {
	shown := *req
	shown.Header = maps.Clone(req.Header) // which the transport may still be reading
	delete(shown.Header, "Authorization")
	return &shown
}

// rawBody is the body of an answer of Raw. It has no way to the request, and so
// to the key, for those who print it, and equals another of the same answer.
type rawBody struct {
	*bytes.Reader
	unfit  *DecodeError // but for its cause
	secret *secret
}

func (b *rawBody) Close() error { return nil }

// Undecodable makes a DecodeError of what a generated decoder says.
func (b *rawBody) Undecodable(err error) error {
	unfit := *b.unfit
	unfit.Err = b.secret.maskError(err)
	return &unfit
}
