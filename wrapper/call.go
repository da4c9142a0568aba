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

// maxBody bounds the body of a request that is read into memory, so that every
// attempt can send it.
const maxBody = 32 << 20

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
	download  *download     // receives the answer of another host, which never gets the API key
	before    func() error  // runs before the first attempt
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

// build accepts the results of a generated request builder, and points the request
// at the API's host. The builders are given no more than the path of the base URL,
// so that the whole URL is not parsed for every call.
func (call *call) build(req *http.Request, err error) {
	if err != nil {
		call.refuse("request", "cannot be built: %v", err)
		return
	}
	base := call.client.base
	req.URL.Scheme, req.URL.Host, req.Host = base.Scheme, base.Host, base.Host
	call.request = req
}

// do sends a call and returns its decoded answer. Any 2xx status counts as success
// if the body fits the type of the operation's answer: an order that was answered
// with an undeclared 2xx has been placed nevertheless.
func do[T any](call *call, op *operation[T]) (*T, error) {
	answer := new(T)
	if _, err := call.run(&op.endpoint, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// run makes the attempts of a call, whose good answer is decoded into the value that
// answer points to. Then it fills the caller's Response and logs how the call ended.
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

// prepare applies the options of the call and of the client to the request.
func (call *call) prepare() error {
	if call.err == nil {
		call.setSubaccount()
		call.setIdempotencyKey()
	}
	if call.maxPrice != 0 && call.before == nil { // PlaceOrder alone sets before
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

// setSubaccount sets the header for a subaccount. A call option takes precedence
// over the header of a raw request, which takes precedence over the client's
// default.
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

// setIdempotencyKey sets the one key of the call: the caller's or a random one. A
// key for an operation that ignores it is refused, because the caller would rely on
// a protection that is not there.
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

// report returns what WithResponse asked for.
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
