package cnaught

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	headerReplay         = "X-Idempotent-Replay"
	headerSubaccount     = "X-Subaccount-Id"

	// maxIdempotencyKey is the API's limit, in characters.
	maxIdempotencyKey = 512
	reasonKeyTooLong  = "has more than 512 characters"

	// relative stands for the server in the generated request builders. Their
	// requests are relative to the base URL, which saves parsing it every time.
	relative = ""
)

// call is one logical call of a method, over all its attempts. A method checks
// its input, builds the request, and hands the call to do, which sends it:
//
//	call := c.newCall(ctx, "GetOrder", opts)
//	call.id(idOfGetOrderByID, id)
//	call.build(api.NewGetOrderByIDRequest(relative, id, nil))
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

// build takes what a generated request builder returns.
func (call *call) build(req *http.Request, err error) {
	if err != nil {
		call.refuse("request", "cannot be built: %v", err)
		return
	}
	base, u := call.client.base, req.URL
	joined := *base
	joined.Path += u.Path
	if u.RawPath != "" || base.RawPath != "" {
		joined.RawPath = base.EscapedPath() + u.EscapedPath()
	}
	joined.RawQuery = u.RawQuery
	*u, req.Host = joined, joined.Host
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
	call.log(r, err, time.Since(started))
	return r, err
}

// prepare puts on the request what the options of the call and the client ask
// for.
func (call *call) prepare() error {
	if call.err == nil {
		call.setSubaccount()
	}
	if call.err == nil {
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
	if reason := checkHeaderValue(id); reason != "" {
		call.refuse(headerSubaccount, "%s", reason)
	}
	h.Set(headerSubaccount, id)
}

// setIdempotencyKey makes the one key of the call, unless the caller has one.
// A key on an operation that ignores it is refused, because the caller would
// rely on a protection that is not there.
func (call *call) setIdempotencyKey() {
	h := call.request.Header
	key := h.Get(headerIdempotencyKey)
	given := len(h[headerIdempotencyKey]) > 0
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
	if reason := checkIdempotencyKey(key); reason != "" {
		call.refuse(headerIdempotencyKey, "%s", reason)
	}
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
		Body:           secret.maskBytes(r.body),
	}
	if r.err == nil {
		out.StatusCode, out.Header = r.status, secret.maskHeader(r.header)
		out.Replayed = strings.EqualFold(r.header.Get(headerReplay), "true")
	}
	return out
}

func (call *call) log(r *result, err error, elapsed time.Duration) {
	logger := call.client.logger
	if logger == nil || !logger.Enabled(call.ctx, slog.LevelDebug) {
		return
	}
	secret := call.client.secret
	attrs := []slog.Attr{
		slog.String("call", call.name),
		slog.String("operation", call.op.ID),
		slog.String("method", call.request.Method),
		slog.String("path", secret.mask(call.request.URL.Path)),
		slog.Int("attempts", call.attempts),
		slog.Duration("elapsed", elapsed),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", secret.mask(err.Error())))
	} else {
		attrs = append(attrs, slog.Int("status", r.status))
	}
	logger.LogAttrs(call.ctx, slog.LevelDebug, "cnaught: call", attrs...)
}
