package cnaught

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	headerReplay         = "X-Idempotent-Replay"
	headerSubaccount     = "X-Subaccount-Id"

	// maxIdempotencyKey is the API's limit, in characters.
	maxIdempotencyKey = 512
	reasonKeyTooLong  = "has more than 512 characters"
)

// exchange is one logical call, over all its attempts.
type exchange struct {
	ctx        context.Context
	op         *operation
	req        *http.Request // complete but for the attempt's context and body
	key        string        // Idempotency-Key, if the operation takes one
	rewindable bool          // the body can be sent again
	attempts   int
	ownKey     bool   // the caller's: an earlier call may have used it
	last       result // of the last attempt
}

// request returns the request for the next attempt. Every attempt sends the
// same headers and, byte for byte, the same body.
func (x *exchange) request(ctx context.Context) (*http.Request, error) {
	req := x.req.WithContext(ctx)
	if x.attempts > 1 && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	return req, nil
}

// doer is the one place where behaviour sits: it stands behind every generated
// method, those of Raw included. It answers with a whole 2xx or with one of
// the package's errors.
type doer struct{ c *Client }

// Do implements api.HttpRequestDoer.
func (d doer) Do(req *http.Request) (*http.Response, error) {
	return d.do(req.Context(), nil, req)
}

// do is Do for a request that may come without its context, and with its
// operation where that is known.
func (d doer) do(ctx context.Context, op *operation, req *http.Request) (*http.Response, error) {
	started := time.Now()
	raw := req.URL.Host != "" // not built by our own methods, so the answer is shown to the caller
	call := callFrom(ctx)
	if raw {
		if err := tidy(req); err != nil {
			return nil, err
		}
	}
	x, err := d.c.newExchange(ctx, op, req, call)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	r, err := d.c.run(x)
	if call.response != nil {
		*call.response = d.c.report(x, r, err, time.Since(started))
	}
	d.c.logCall(x, r, err, started)
	if err != nil {
		return nil, err
	}
	r.resp.Body = r
	r.resp.ContentLength = int64(len(r.body))
	if raw {
		r.resp.Request = withoutKey(req)
		unfit := d.c.unreadable(x, r, errNull)
		if isNull(r.body) {
			return nil, unfit
		}
		r.resp.Body = &rawBody{bytes.NewReader(r.body), unfit, d.c.secret}
	}
	return r.resp, nil
}

// newExchange checks the request, finds its operation, and puts on what every
// attempt carries.
func (c *Client) newExchange(ctx context.Context, op *operation, req *http.Request, call *call) (*exchange, error) {
	op, err := c.route(req, op)
	if err != nil {
		return nil, err
	}
	x := &exchange{
		ctx:        ctx,
		op:         op,
		req:        req,
		rewindable: req.Body == nil || req.Body == http.NoBody || req.GetBody != nil,
	}
	if call.err != nil {
		return nil, &InvalidRequestError{op.ID, call.err.Field, call.err.Reason}
	}
	h := req.Header
	for _, extra := range call.headers {
		h.Set(extra.name, extra.value)
	}
	if err := c.setSubaccount(x, call); err != nil {
		return nil, err
	}
	if err := c.setIdempotencyKey(x, call); err != nil {
		return nil, err
	}
	h["Authorization"] = c.headers.authorization()
	if h["User-Agent"] == nil {
		h["User-Agent"] = c.headers.userAgent
	}
	if h["Accept"] == nil {
		h["Accept"] = c.headers.accept
	}
	return x, nil
}

// route completes the URL of a request that our own methods built relative to
// the base URL, refuses any other origin, since the credentials are for this
// one only, and finds the operation if it is not known.
func (c *Client) route(req *http.Request, op *operation) (*operation, error) {
	u := req.URL
	escaped := u.EscapedPath()
	built := u.Host == "" // by our own methods, which have checked the id
	if built {
		joined := *c.base
		joined.Path += u.Path
		if u.RawPath != "" || c.base.RawPath != "" {
			joined.RawPath = c.base.EscapedPath() + escaped
		}
		joined.RawQuery = u.RawQuery
		*u, req.Host = joined, joined.Host
	} else {
		if u.Scheme != c.base.Scheme || u.Host != c.base.Host || u.User != nil || u.Opaque != "" || req.Host != "" && req.Host != c.base.Host {
			return nil, &InvalidRequestError{req.Method, "URL", "is not on the base URL's origin"}
		}
		rest, ok := strings.CutPrefix(escaped, c.base.EscapedPath())
		if !ok {
			return nil, &InvalidRequestError{req.Method, "URL", "is not below the base URL"}
		}
		escaped = rest
	}
	if op != nil {
		return op, nil
	}
	if op := findOperation(req.Method, escaped); op != nil && (built || !collapsed(op, escaped)) {
		return op, nil
	}
	return nil, &InvalidRequestError{req.Method + " " + quote(escaped), "path", "belongs to no operation of the description"}
}

func (c *Client) setSubaccount(x *exchange, call *call) error {
	h := x.req.Header
	switch id := call.subaccount; {
	case id != "" && !x.op.Subaccount:
		return &InvalidRequestError{x.op.ID, headerSubaccount, "is not taken by this operation"}
	case id != "":
		h.Set(headerSubaccount, id)
	case x.op.Subaccount && c.subaccount != "" && h.Get(headerSubaccount) == "":
		h.Set(headerSubaccount, c.subaccount)
	default:
		if reason := checkHeaderValue(h.Get(headerSubaccount)); reason != "" { // from Raw
			return &InvalidRequestError{x.op.ID, headerSubaccount, reason}
		}
	}
	return nil
}

// setIdempotencyKey makes the one key of the call, unless the caller has its
// own. A key on an operation that ignores it is refused: the caller would
// trust a protection that is not there.
func (c *Client) setIdempotencyKey(x *exchange, call *call) error {
	key := x.req.Header.Get(headerIdempotencyKey)
	if call.idempotencyKey != nil {
		key = *call.idempotencyKey
	}
	given := call.idempotencyKey != nil || len(x.req.Header[headerIdempotencyKey]) > 0
	switch {
	case given && !x.op.IdempotencyKey:
		return &InvalidRequestError{x.op.ID, headerIdempotencyKey, "is not taken by this operation"}
	case !x.op.IdempotencyKey:
		return nil
	case !given:
		key = rand.Text()
	}
	if reason := checkIdempotencyKey(key); reason != "" {
		return &InvalidRequestError{x.op.ID, headerIdempotencyKey, reason}
	}
	x.key, x.ownKey = key, given
	x.req.Header.Set(headerIdempotencyKey, key)
	return nil
}

// checkIdempotencyKey refuses, beyond what the API does, what a header field
// can't carry unchanged (RFC 9110, section 5.5).
func checkIdempotencyKey(key string) string {
	switch {
	case key == "":
		return "is empty"
	case utf8.RuneCountInString(key) > maxIdempotencyKey:
		return reasonKeyTooLong
	case strings.TrimSpace(key) != key:
		return "begins or ends with white space"
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }):
		return "holds characters outside printable ASCII"
	}
	return ""
}

// checkID refuses ids that would make the path another endpoint's.
func checkID(op, field, id string) error {
	switch {
	case id == "":
		return &InvalidRequestError{op, field, "is empty"}
	case !validSegment(url.PathEscape(id)):
		return &InvalidRequestError{op, field, fmt.Sprintf("is %q, which names another endpoint", quote(id))}
	case strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return &InvalidRequestError{op, field, "holds control characters"}
	}
	return nil
}

// report fills what WithResponse asked for, on success and on failure.
func (c *Client) report(x *exchange, r *result, err error, elapsed time.Duration) Response {
	out := Response{Attempts: x.attempts, IdempotencyKey: x.key, Elapsed: elapsed}
	var (
		answer *Error
		decode *DecodeError
	)
	switch {
	case err == nil:
		out.StatusCode, out.Header = r.status, c.secret.maskHeader(r.resp.Header)
	case errors.As(err, &answer):
		out.StatusCode, out.Header = answer.StatusCode, answer.Header
	case errors.As(err, &decode):
		out.StatusCode, out.Header = decode.StatusCode, decode.Header
	}
	out.Replayed = strings.EqualFold(out.Header.Get(headerReplay), "true")
	return out
}

func (c *Client) logCall(x *exchange, r *result, err error, started time.Time) {
	if c.logger == nil || !c.logger.Enabled(x.ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", x.op.ID),
		slog.String("method", x.req.Method),
		slog.String("path", c.secret.mask(x.req.URL.Path)),
		slog.Int("attempts", x.attempts),
		slog.Duration("elapsed", time.Since(started)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", c.secret.mask(err.Error())))
	} else {
		attrs = append(attrs, slog.Int("status", r.status))
	}
	c.logger.LogAttrs(x.ctx, slog.LevelDebug, "cnaught: call", attrs...)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// Read and Close let a result travel through the generated methods as the body
// of its answer: our own methods take its bytes.
func (r *result) Read([]byte) (int, error) { return 0, io.EOF }

func (r *result) Close() error { return nil }
