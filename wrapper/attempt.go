package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
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

// attemptTimeoutError is the end of an attempt's own time, or of a dialer's or a
// transport's. It is no context.DeadlineExceeded: the caller's deadline has not
// come.
type attemptTimeoutError struct {
	text string
	err  error // of a dialer or a transport
}

func (e *attemptTimeoutError) Error() string    { return e.text }
func (e *attemptTimeoutError) Timeout() bool    { return true }
func (e *attemptTimeoutError) As(into any) bool { return errors.As(e.err, into) }
func (e *attemptTimeoutError) Is(target error) bool {
	return target != context.DeadlineExceeded && errors.Is(e.err, target)
}

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
	switch {
	case call.Err() != nil:
		return err
	case attempt.Err() != nil:
		return &attemptTimeoutError{text: fmt.Sprintf("no whole answer within %v", c.policy.AttemptTimeout)}
	case errors.Is(err, context.DeadlineExceeded):
		return &attemptTimeoutError{err.Error(), err}
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
// with any other error what came. net/http holds a server to the length that it
// announced, but a caller's own RoundTripper that changed the body may have left
// the old one: what is longer, or whole without it, is taken all the same.
func readBody(resp *http.Response, limit int64) (body []byte, err error) {
	if resp.Body == http.NoBody {
		return nil, nil
	}
	limit = min(limit, math.MaxInt64-1)
	if n := resp.ContentLength; n > 0 && n <= min(limit, maxPrealloc) {
		// One byte more than announced, so that the same read meets the end.
		body = make([]byte, n+1)
		got, err := io.ReadFull(resp.Body, body)
		body = body[:got]
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			if int64(got) < n && !json.Valid(body) {
				return body, io.ErrUnexpectedEOF
			}
			return body, nil
		case err != nil:
			return body, err
		}
	}
	rest, err := io.ReadAll(io.LimitReader(resp.Body, limit-int64(len(body))+1))
	if len(body) == 0 {
		body = rest
	} else {
		body = append(body, rest...)
	}
	if err == nil && int64(len(body)) > limit {
		return body[:limit], errTooLarge
	}
	return body, err
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
