package cnaught

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/check"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	headerReplay         = "X-Idempotent-Replay"
	headerSubaccount     = "X-Subaccount-Id"
)

// call is one logical call of a method, over all its attempts. A method checks
// its input, builds the request, and hands the call to do, which sends it:
//
//	call := c.newCall(ctx, "GetOrder", opts)
//	call.id(idOfGetOrderByID, id)
//	call.build(api.NewGetOrderByIDRequest(c.server, id, nil))
//	return do(call, opGetOrderByID)
type call struct {
	client *Client
	ctx    context.Context
	name   string // of the method
	err    error  // the first complaint about the input

	// What the call options say.
	subaccount     *string // empty for the account itself
	idempotencyKey *string
	response       *Response
	headers        []header
	policy         *RetryPolicy
	maxPrice       api.USDCents // 0 for no limit

	op        *endpoint
	request   *http.Request // attempts send copies of it
	key       string        // the Idempotency-Key, if the operation takes one
	callerKey bool          // the key is the caller's, so an earlier call may have used it
	answer    any           // a pointer to what a good answer is decoded into
	download  *download     // takes a good answer of another host, which gets no API key
	before    func() error  // comes before the first attempt
	attempts  int
}

type header struct{ name, value string }

func (c *Client) newCall(ctx context.Context, name string, opts []CallOption) *call {
	call := &call{client: c, ctx: ctx, name: name, policy: &c.policy}
	call.apply(callOptions(ctx))
	call.apply(opts)
	return call
}

func (call *call) apply(opts []CallOption) {
	for _, opt := range opts {
		if opt != nil {
			opt(call)
		}
	}
}

// build takes what a generated request builder returns. The builders know the path
// of the base URL alone, which saves parsing all of it every time.
func (call *call) build(req *http.Request, err error) {
	if err != nil {
		call.refuse("request", "cannot be built: %v", err)
		return
	}
	base := call.client.base
	req.URL.Scheme, req.URL.Host, req.Host = base.Scheme, base.Host, base.Host
	call.request = req
}

// do sends a call and decodes its answer: any 2xx that fits the type of the
// operation's answer, since an order that was placed with an undeclared 2xx is
// placed all the same.
func do[T any](call *call, op *operation[T]) (*T, error) {
	answer := new(T)
	if _, err := call.run(&op.endpoint, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// run sends the call until an answer fits into the value that answer points to,
// then reports and logs how it ended.
func (call *call) run(op *endpoint, answer any) (*result, error) {
	started := time.Now()
	call.op, call.answer = op, answer
	if err := call.prepare(); err != nil {
		return nil, err
	}
	if call.before != nil {
		if err := call.before(); err != nil {
			return nil, err
		}
	}
	r, err := call.loop()
	if call.response != nil {
		*call.response = call.report(r, time.Since(started))
	}
	call.logEnd(r, err, time.Since(started))
	return r, err
}

// prepare puts on the request what the options of the call and the client ask
// for.
func (call *call) prepare() error {
	if call.err == nil {
		call.setSubaccount()
		call.setIdempotencyKey()
	}
	if call.maxPrice != 0 && call.before == nil {
		call.refuse("the maximum price", "is for PlaceOrder alone")
	}
	if call.err != nil {
		return call.err
	}
	for _, extra := range call.headers {
		call.request.Header.Set(extra.name, extra.value)
	}
	return nil
}

// setSubaccount lets the option win over the header of a raw request, and that
// over the client's default.
func (call *call) setSubaccount() {
	h := call.request.Header
	id := h.Get(headerSubaccount)
	switch {
	case call.subaccount != nil:
		id = *call.subaccount
	case id == "" && call.op.Subaccount:
		id = call.client.subaccount
	}
	if id == "" {
		h.Del(headerSubaccount)
		return
	}
	if !call.op.Subaccount {
		call.refuse(headerSubaccount, "is not taken by this operation")
	}
	call.refuseIf(headerSubaccount, check.HeaderValue(id))
	h.Set(headerSubaccount, id)
}

// setIdempotencyKey makes the one key of the call, unless the caller has one.
// A key on an operation that ignores it is refused, because the caller would
// rely on a protection that is not there.
func (call *call) setIdempotencyKey() {
	h := call.request.Header
	key, given := h.Get(headerIdempotencyKey), len(h[headerIdempotencyKey]) > 0
	if call.idempotencyKey != nil {
		key, given = *call.idempotencyKey, true
	}
	switch {
	case given && !call.op.IdempotencyKey:
		call.refuse(headerIdempotencyKey, "is not taken by this operation")
		return
	case !call.op.IdempotencyKey:
		return
	case !given:
		key = rand.Text()
	}
	call.refuseIf(headerIdempotencyKey, check.IdempotencyKey(key))
	call.key, call.callerKey = key, given
	h.Set(headerIdempotencyKey, key)
}

// report says what WithResponse asked for.
func (call *call) report(r *result, elapsed time.Duration) Response {
	secret := call.client.secret
	out := Response{
		Attempts:       call.attempts,
		IdempotencyKey: call.key,
		Elapsed:        elapsed,
		Body:           secret.MaskBytes(r.body),
	}
	if r.err == nil {
		out.StatusCode, out.Header = r.status, secret.MaskHeader(r.header)
		out.Replayed = strings.EqualFold(r.header.Get(headerReplay), "true")
	}
	return out
}
