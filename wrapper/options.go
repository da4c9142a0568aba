package cnaught

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// DefaultBaseURL is the only server of the published description.
const DefaultBaseURL = "https://api.cnaught.com/v1"

// defaultMaxResponseBytes is some thirty times the largest answer that the API
// gives by its own limits: a page of 100 fulfilled orders, about 1 MB.
const defaultMaxResponseBytes = 32 << 20

// settings is what the options of New change.
type settings struct {
	baseURL          string
	baseURLFrom      string // what an error calls it
	insecureHTTP     bool
	httpClient       *http.Client
	policy           RetryPolicy
	subaccount       *string
	userAgent        string
	logger           *slog.Logger
	maxResponseBytes int64
}

// Option changes a client under construction. What makes no sense is refused
// by [New].
type Option func(*settings)

// WithBaseURL sends the calls elsewhere, such as to a sandbox. The URL holds
// the version: http://127.0.0.1:8080/v1. Plain http is accepted for loopback
// hosts only; see [WithInsecureHTTP].
func WithBaseURL(url string) Option {
	return func(s *settings) { s.baseURL, s.baseURLFrom = url, "base URL" }
}

// WithInsecureHTTP allows a base URL with plain http off loopback. The API key
// then travels unencrypted.
func WithInsecureHTTP() Option { return func(s *settings) { s.insecureHTTP = true } }

// WithHTTPClient sends requests through hc (nil for the default), which is used
// as it is and not changed: its Transport, Jar and Timeout (per attempt) count.
// Redirects are not followed whatever its CheckRedirect says, since an API call
// that is redirected would take the credentials along.
func WithHTTPClient(hc *http.Client) Option { return func(s *settings) { s.httpClient = hc } }

// WithRetryPolicy replaces [DefaultRetryPolicy].
func WithRetryPolicy(p RetryPolicy) Option { return func(s *settings) { s.policy = p } }

// WithSubaccount makes every call that can act for a subaccount act for this
// one (header X-Subaccount-Id). [ForSubaccount] wins over it. An empty id is
// refused: what was meant for a subaccount would be charged to the account.
func WithSubaccount(id string) Option { return func(s *settings) { s.subaccount = &id } }

// WithUserAgent puts a product, such as "shop/1.4", in front of the client's own
// User-Agent.
func WithUserAgent(product string) Option { return func(s *settings) { s.userAgent = product } }

// WithLogger logs each retry at level Warn and each call at level Debug. The
// API key and the bodies are never logged, nor is anything with a nil logger.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithMaxResponseBytes bounds the body of a good answer; the default is 32 MiB.
// A larger one gives a [*DecodeError] that holds its start. Bodies of error
// answers are always cut at 1 MiB.
func WithMaxResponseBytes(n int64) Option { return func(s *settings) { s.maxResponseBytes = n } }

// Response is what came beside the value; see [WithResponse].
type Response struct {
	StatusCode int // 0 if no whole answer came
	// Attempts counts the requests made. Where repeating is safe and a kept
	// connection breaks, net/http repeats one by itself; that is not counted.
	Attempts       int
	Header         http.Header   // of the answer
	Replayed       bool          // X-Idempotent-Replay: the API had processed this key before
	IdempotencyKey string        // empty for operations without
	Elapsed        time.Duration // over all attempts
}

// call holds the options of one logical call.
type call struct {
	subaccount     string
	idempotencyKey *string
	response       *Response
	headers        []header
	err            *InvalidRequestError
}

type header struct{ name, value string }

// CallOption changes one call.
type CallOption func(*call)

// ForSubaccount makes the call act for a subaccount. Operations that take no
// X-Subaccount-Id refuse it with ErrInvalidRequest.
func ForSubaccount(id string) CallOption {
	return func(c *call) {
		if err := checkHeaderValue(id); err != "" || id == "" {
			c.refuse(headerSubaccount, orElse(err, "is empty"))
		}
		c.subaccount = id
	}
}

// WithIdempotencyKey sends the caller's own key, of at most 512 printable ASCII
// characters, in place of a random one. A key that is kept beside what it is
// for, such as the row of a shopping cart, lets a restarted program settle
// what it had begun, as long as the API remembers the key: how long is not
// documented. An earlier call may have used the key, so a failure counts as
// ErrOutcomeUnknown until the API itself has looked at the key: after a refused
// connection, a 401 or a 429, too. Operations that take no Idempotency-Key refuse
// it with ErrInvalidRequest.
func WithIdempotencyKey(key string) CallOption {
	return func(c *call) { c.idempotencyKey = &key }
}

// WithResponse fills r when the call ends, well or not. A call that is refused
// with ErrInvalidRequest leaves it as it was. Iterators and waiters fill it
// with each request anew.
func WithResponse(r *Response) CallOption { return func(c *call) { c.response = r } }

// ownHeaders are set by the client alone, or by an option of their own. With an
// Accept-Encoding that is not its own, net/http hands over a compressed body as
// it is, and a paid order would be unreadable.
var ownHeaders = []string{
	"Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "Trailer",
	headerIdempotencyKey, headerSubaccount,
}

// instead names the option that sets a header of the client's own.
var instead = map[string]string{headerIdempotencyKey: ": use WithIdempotencyKey", headerSubaccount: ": use ForSubaccount"}

// WithHeader sends one more header. Headers that the client sets itself are
// refused with ErrInvalidRequest.
func WithHeader(name, value string) CallOption {
	return func(c *call) {
		name := textproto.CanonicalMIMEHeaderKey(name)
		switch err := checkHeaderValue(value); {
		case !isToken(name):
			c.refuse("header", fmt.Sprintf("%q is no field name", quote(name)))
		case slices.Contains(ownHeaders, name):
			c.refuse("header", name+" is the client's own"+instead[name])
		case err != "":
			c.refuse("header "+quote(name), err)
		}
		c.headers = append(c.headers, header{name, value})
	}
}

func (c *call) refuse(field, reason string) {
	if c.err == nil {
		c.err = &InvalidRequestError{Field: field, Reason: reason}
	}
}

// checkHeaderValue allows what RFC 9110, section 5.5, calls field content, in
// ASCII.
func checkHeaderValue(v string) string {
	if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
		return "holds characters outside printable ASCII"
	}
	if strings.TrimSpace(v) != v {
		return "begins or ends with white space"
	}
	return ""
}

func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// callContext carries a call's options to the Doer through the generated
// methods, in one allocation.
type callContext struct {
	context.Context
	call call
}

type callKey struct{}

func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return &c.call
	}
	return c.Context.Value(key)
}

// WithCallOptions returns a context with which the methods of [Client.Raw]
// take call options too. They add to those that ctx carries already, as the
// options of a method do to those of its context; of two that say the same, the
// later one counts.
func WithCallOptions(ctx context.Context, opts ...CallOption) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	cc := &callContext{Context: ctx, call: *callFrom(ctx)}
	cc.call.headers = slices.Clip(cc.call.headers) // what is added is not ctx's
	for _, opt := range opts {
		if opt != nil {
			opt(&cc.call)
		}
	}
	return cc
}

func withCall(ctx context.Context, opts []CallOption) context.Context {
	if len(opts) == 0 {
		return ctx
	}
	return WithCallOptions(ctx, opts...)
}

var noCall = new(call)

func callFrom(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return noCall
}
