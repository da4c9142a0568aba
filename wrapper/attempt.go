package cnaught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
	"github.com/cnaught-go/cnaught/wrapper/internal/lenient"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/problem"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

const (
	// maxErrorBytes bounds what is kept of an error's body.
	maxErrorBytes = 1 << 20
	// maxDrainBytes bounds what is read only to keep a connection usable for the
	// next attempt. Beyond that, a new connection is cheaper.
	maxDrainBytes = 64 << 10
)

// result is what one attempt brought: a problem (an answer outside 2xx), an unusable
// body (unfit: a 2xx that is not the declared value), an error (no whole answer came) or,
// with none of these set, a good answer.
type result struct {
	status     int
	header     http.Header
	resp       *http.Response // its body is read and closed; nil if none came
	body       []byte         // as it came
	readable   []byte         // as it was decoded
	retryAfter time.Duration
	problem    *Error
	unfit      error
	err        error
	final      bool // what the caller got cannot be taken back, so no attempt follows
	sent       sendState
}

// attemptContext is the context of one attempt. It travels to the innermost
// transport, which records there what is sent. It also has room for what an attempt
// needs anyway, which saves allocations.
type attemptContext struct {
	context.Context
	Attempt
	op          *endpoint
	asked       atomic.Bool  // a transport asked for a connection
	connections atomic.Int32 // how many connections it got
	custom      atomic.Bool  // the transport is not net/http's own
	url         url.URL      // of the attempt's own request
	result      result
}

type attemptKey struct{}

func (a *attemptContext) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

func (call *call) newAttemptContext(ctx context.Context) *attemptContext {
	return &attemptContext{Context: ctx, op: call.op, Attempt: Attempt{
		Call:           call.name,
		Operation:      call.op.ID,
		HTTPMethod:     call.op.Method,
		PathTemplate:   call.op.Path,
		IdempotencyKey: call.key,
		Number:         call.attempts,
	}}
}

// attempt sends the request once and reads the whole answer. Its context
// covers the reading too, so a body that trickles in cannot hold up the call.
func (call *call) attempt() *result {
	call.attempts++
	timeout := call.client.attemptTimeout(call.policy)
	ctx, cancel := context.WithTimeout(call.ctx, timeout)
	defer cancel()
	a := call.newAttemptContext(ctx)
	r := &a.result
	rt := call.client.transport
	if call.download != nil {
		rt = transport.FollowRedirects(rt, call.client.mayLeadTo)
	}
	resp, err := rt.RoundTrip(call.attemptRequest(a))
	switch {
	case err != nil:
	case resp == nil:
		err = errors.New("the transport returned neither an answer nor an error")
	default:
		r.status, r.header, r.resp = resp.StatusCode, resp.Header, resp
		if resp.Body == nil { // as http.Client allows
			resp.Body = http.NoBody
		}
		err = call.read(resp, r)
		resp.Body.Close()
	}
	r.sent = a.sendState(err, call.ctx.Err() != nil)
	if err != nil {
		r.err = call.attemptError(ctx, timeout, err)
	}
	call.warnOfResending(a)
	return r
}

// attemptRequest returns a copy of the request, with the headers that every request
// of the client has; those of one call are in the request already. Each attempt has a
// header map and a URL of its own: transports write into them, and may still read
// them when the next attempt has begun.
func (call *call) attemptRequest(a *attemptContext) *http.Request {
	req, fixed := call.request.WithContext(a), call.client.headers
	a.url = *req.URL
	req.URL = &a.url
	h := make(http.Header, len(req.Header)+3)
	maps.Copy(h, req.Header)
	if call.download == nil {
		h["Authorization"] = fixed.authorization()
	}
	if h["User-Agent"] == nil {
		h["User-Agent"] = fixed.userAgent
	}
	if h["Accept"] == nil {
		h["Accept"] = fixed.accept
	}
	req.Header = h
	if req.GetBody != nil {
		req.Body, _ = req.GetBody() // reads from memory, so it does not fail
	}
	return req
}

// read reads the body of an answer into r. It returns an error if the body did not
// arrive whole.
func (call *call) read(resp *http.Response, r *result) (err error) {
	switch {
	case resp.StatusCode/100 != 2:
		call.readProblem(resp, r)
		return nil
	case call.download != nil:
		err = call.download.save(resp, r)
	default:
		r.body, err = limit.Read(resp.Body, resp.ContentLength, call.client.maxResponseBytes)
	}
	switch {
	case errors.Is(err, limit.ErrTooLarge):
		r.unfit = fmt.Errorf("the body is %w of %d bytes", err, call.client.maxResponseBytes)
		return nil
	case err != nil || call.download != nil:
		return err
	}
	if r.readable, err = fit(r.body, call.answer); err == nil {
		err = call.checkSubject(r.readable)
	}
	if errors.Is(err, lenient.ErrCutOff) && resp.StatusCode != http.StatusNoContent { // which has no body
		return err
	}
	r.unfit = err
	return nil
}

// readProblem turns an answer outside 2xx into an Error, which has the status even if
// the body cannot be read. The media type does not matter, since gateways send
// problem documents as application/json. The members are masked after they were
// decoded, so that a key written with JSON escapes is found too.
func (call *call) readProblem(resp *http.Response, r *result) {
	if resp.StatusCode != http.StatusSwitchingProtocols { // its body is the bare connection, which no context ends
		var err error
		if r.body, err = limit.Read(resp.Body, resp.ContentLength, maxErrorBytes); errors.Is(err, limit.ErrTooLarge) {
			io.CopyN(io.Discard, resp.Body, maxDrainBytes)
		}
	}
	secret := call.client.secret
	var members map[string]any
	json.Unmarshal(lenient.TrimBOM(r.body), &members) // nil for what is no problem document
	secret.MaskValue(members)
	d := problem.Parse(members)
	r.retryAfter = delay.RetryAfter(resp.Header, time.Now())
	r.problem = &Error{
		Type: d.Type, Title: d.Title, Status: d.Status, Detail: d.Detail, Instance: d.Instance,
		Errors: d.Errors, Extensions: d.Extensions,
		CallInfo:   CallInfo{IdempotencyKey: call.key}, // the meaning of 409 and 422 depends on it
		StatusCode: resp.StatusCode,
		Method:     call.request.Method,
		URL:        secret.Mask(call.request.URL.String()),
		Header:     secret.MaskHeader(resp.Header),
		Body:       secret.MaskBytes(r.body),
		RetryAfter: r.retryAfter,
	}
}

// attemptError tells the attempt's own timeout from the end of the call.
func (call *call) attemptError(attempt context.Context, timeout time.Duration, err error) error {
	switch {
	case call.ctx.Err() != nil:
		return failure.OfContext(call.ctx)
	case attempt.Err() != nil:
		return failure.Timeout(fmt.Sprintf("no whole answer within %v", timeout), nil)
	case errors.Is(err, context.DeadlineExceeded):
		return failure.Timeout(err.Error(), err)
	}
	return err
}
