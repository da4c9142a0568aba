package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	// maxErrorBytes bounds what is kept of an error's body.
	maxErrorBytes = 1 << 20
	// maxDrainBytes bounds what is read on so that the connection can serve
	// the next attempt; past it a new connection is cheaper.
	maxDrainBytes = 64 << 10
	// maxPrealloc bounds what a Content-Length alone makes us allocate.
	maxPrealloc = 4 << 20
)

// result is what came of one attempt: an answer outside 2xx (problem), a 2xx
// that is not the declared value (unreadable), no whole answer (err), or a
// good answer.
type result struct {
	x          *exchange
	status     int
	resp       *http.Response // its body is read and closed
	body       []byte
	retryAfter time.Duration
	problem    *Error
	unreadable *DecodeError
	err        error
	wire       wire
}

// attemptTimeoutError is the end of an attempt's own time. It is no
// context.DeadlineExceeded: the caller's deadline has not come.
type attemptTimeoutError struct{ after time.Duration }

func (e *attemptTimeoutError) Error() string {
	return fmt.Sprintf("no whole answer within %v", e.after)
}
func (e *attemptTimeoutError) Timeout() bool { return true }

// bodyError is a request body that the caller's reader failed to give.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "request body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

var errTooLarge = errors.New("larger than the limit")

// attempt sends the request once and reads the whole answer. Its context
// covers the reading too, so a body that trickles can't hold the call.
func (c *Client) attempt(x *exchange) *result {
	x.attempts++
	ctx, cancel := context.WithTimeout(x.ctx, c.policy.AttemptTimeout)
	defer cancel()
	r := &x.last
	*r = result{x: x}
	if x.op.class() != retrySafe {
		t := new(tracer)
		ctx = t.watch(ctx)
		defer func() { r.wire = t.wire(c.traced) }()
	}
	req, err := x.request(ctx)
	if err != nil {
		r.err = &bodyError{err}
		return r
	}
	resp, err := c.send(req)
	if err == nil && resp == nil {
		err = errors.New("the transport returned neither an answer nor an error")
	}
	if resp != nil && resp.Body == nil { // from a caller's own RoundTripper
		resp.Body = http.NoBody
	}
	if err != nil {
		if resp != nil { // against RoundTripper's rules
			resp.Body.Close()
		}
		r.err = c.attemptError(ctx, x.ctx, err)
		return r
	}
	defer resp.Body.Close()
	r.status, r.resp = resp.StatusCode, resp
	if resp.StatusCode/100 != 2 {
		c.readProblem(x, r)
		return r
	}
	r.body, err = readBody(resp, c.maxResponseBytes)
	switch {
	case errors.Is(err, errTooLarge):
		r.unreadable = c.unreadable(x, r, fmt.Errorf("the body is %w of %d bytes", err, c.maxResponseBytes))
	case err != nil:
		r.err = c.attemptError(ctx, x.ctx, err)
	case len(r.body) > 0 && !isJSON(resp.Header.Get("Content-Type")):
		r.unreadable = c.unreadable(x, r, errors.New("the body is not JSON"))
	}
	return r
}

// attemptError tells the attempt's own timeout from the end of the call.
func (c *Client) attemptError(attempt, call context.Context, err error) error {
	if call.Err() == nil && (attempt.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
		return &attemptTimeoutError{c.policy.AttemptTimeout}
	}
	return err
}

// readProblem keeps the status whatever becomes of the body.
func (c *Client) readProblem(x *exchange, r *result) {
	resp := r.resp
	var body []byte
	var err error
	if resp.StatusCode != http.StatusSwitchingProtocols { // its body is the bare connection, which no context ends
		body, err = readBody(resp, maxErrorBytes)
	}
	r.body = body
	if errors.Is(err, errTooLarge) {
		io.CopyN(io.Discard, resp.Body, maxDrainBytes)
	}
	r.retryAfter = retryAfter(resp.Header, time.Now())
	r.problem = &Error{
		StatusCode:     resp.StatusCode,
		Operation:      x.op.ID,
		Method:         x.req.Method,
		URL:            x.req.URL.String(),
		Header:         resp.Header,
		Body:           body,
		RetryAfter:     r.retryAfter,
		IdempotencyKey: x.key,
	}
	parseProblem(r.problem, body)
	c.secret.maskProblem(r.problem)
}

func (c *Client) unreadable(x *exchange, r *result, err error) *DecodeError {
	return &DecodeError{
		Operation:      x.op.ID,
		StatusCode:     r.status,
		Header:         c.secret.maskHeader(r.resp.Header),
		Body:           c.secret.maskBytes(r.body),
		Attempts:       x.attempts,
		IdempotencyKey: x.key,
		Ambiguous:      x.op.class() != retrySafe,
		Err:            c.secret.maskError(err),
	}
}

// readBody reads up to limit bytes and the end of the body, which lets the
// connection be used again. With errTooLarge it returns the first limit bytes,
// with any other error what came. The announced length is how large the buffer
// begins; net/http holds a server to it, but a caller's own RoundTripper that
// changed the body may have left the old one, so what is whole without it is
// taken.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.Body == http.NoBody {
		return nil, nil
	}
	size := int64(bytes.MinRead)
	if n := resp.ContentLength; n > 0 && n <= min(limit, maxPrealloc) {
		size = n + 1 // so that the end is met without growing
	}
	buf := make([]byte, 0, size)
	for {
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf[:limit], errTooLarge
		case err == io.EOF:
			if int64(len(buf)) < resp.ContentLength && !json.Valid(buf) {
				err = io.ErrUnexpectedEOF
			} else {
				err = nil
			}
			return buf, err
		case err != nil:
			return buf, err
		case len(buf) == cap(buf):
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// isJSON accepts application/json and any +json, which RFC 6839 makes
// readable as JSON.
func isJSON(contentType string) bool {
	if contentType == "application/json" { // without parsing, as on almost every answer
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil && mediaType == "" {
		return false
	}
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
