package cnaught

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
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
	middleware       []func(http.RoundTripper) http.RoundTripper
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

// WithInsecureHTTP allows plain http to other machines, with an unencrypted API key.
func WithInsecureHTTP() Option { return func(s *settings) { s.insecureHTTP = true } }

// WithHTTPClient sends requests through hc (nil for the default), which is not
// changed. Its Transport (http.DefaultTransport if it has none), Jar and Timeout
// (per attempt) are asked for at each attempt, so a mock that is put in place
// later counts too. Redirects are not followed whatever its CheckRedirect says,
// since an API call that is redirected would take the credentials along.
//
// To add tracing, rate limits or a circuit breaker, use [WithMiddleware], which
// keeps the client's own transport.
func WithHTTPClient(hc *http.Client) Option { return func(s *settings) { s.httpClient = hc } }

// WithRetryPolicy replaces [DefaultRetryPolicy].
func WithRetryPolicy(p RetryPolicy) Option { return func(s *settings) { s.policy = p } }

// WithSubaccount makes every call that can act for a subaccount act for this
// one (header X-Subaccount-Id). [ForSubaccount] wins over it. An empty id is
// refused, because what was meant for a subaccount would be charged to the account.
func WithSubaccount(id string) Option { return func(s *settings) { s.subaccount = &id } }

// WithUserAgent puts a product, such as "shop/1.4", in front of the client's own
// User-Agent.
func WithUserAgent(product string) Option { return func(s *settings) { s.userAgent = product } }

// WithLogger logs each retry at level Warn, each call at level Debug, and each
// webhook that could not be handled at level Error. The API key and the bodies
// are never logged. A nil logger logs nothing.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithMaxResponseBytes bounds the body of a good answer; the default is 32 MiB.
// A larger one gives a [*DecodeError] that holds its start. Bodies of error
// answers are always cut at 1 MiB.
func WithMaxResponseBytes(n int64) Option { return func(s *settings) { s.maxResponseBytes = n } }

// Response describes an answer besides its value; see [WithResponse].
type Response struct {
	StatusCode int // 0 if no whole answer came
	// Attempts counts the requests made. Where repeating is safe and a kept
	// connection breaks, net/http repeats one by itself; that is not counted.
	Attempts int
	Header   http.Header // of the answer
	// Replayed says that the API had processed this key before, and gave the
	// answer of that time again (X-Idempotent-Replay). An order may have changed
	// since, or have been cancelled: GetOrder tells.
	Replayed       bool
	IdempotencyKey string        // empty for operations without
	Elapsed        time.Duration // over all attempts
	// Body is the answer as it came, with members that this version of the client
	// does not know, as far as it was read; at most 1 MiB of an answer outside 2xx.
	Body []byte
}

// CallOption changes one call.
type CallOption func(*call)

// ForSubaccount makes the call act for a subaccount. Operations that take no
// X-Subaccount-Id refuse it with ErrInvalidRequest.
func ForSubaccount(id string) CallOption {
	return func(call *call) {
		if id == "" {
			call.refuse(headerSubaccount, "is empty")
		}
		call.subaccount = &id
	}
}

// ForAccount makes the call act for the account itself, even if the client acts
// for a subaccount ([WithSubaccount]).
func ForAccount() CallOption {
	return func(call *call) { call.subaccount = new(string) }
}

// WithIdempotencyKey sends the caller's own key, of at most 512 printable ASCII
// characters, in place of a random one. A key that is stored beside what it is
// for lets a restarted program settle what it had begun, as long as the API
// remembers the key: how long is not documented. Package ledger stores such keys.
//
// An earlier call may have used the key, so a failure counts as
// ErrOutcomeUnknown until the API itself has looked at the key: after a refused
// connection, a 401 or a 429, too ([CallInfo].EarlierCall). Before you use another
// key, look for the order with [Client.FindOrder]. Operations that take no
// Idempotency-Key refuse one with ErrInvalidRequest.
func WithIdempotencyKey(key string) CallOption {
	return func(call *call) { call.idempotencyKey = &key }
}

// WithResponse fills r when the call ends, well or not. A call that is refused
// with ErrInvalidRequest leaves it as it was. Iterators and waiters fill it
// with each request anew.
func WithResponse(r *Response) CallOption { return func(call *call) { call.response = r } }

// WithCallRetryPolicy replaces the client's policy for one call. A zero member
// takes its value from the client's policy. The budget stays the client's.
func WithCallRetryPolicy(p RetryPolicy) CallOption {
	return func(call *call) {
		policy, err := p.fill(call.name, call.client.policy)
		if err != nil && call.err == nil {
			call.err = err
		}
		call.policy = &policy
	}
}

// ownHeaders are set by the client alone, or by an option of their own. With an
// Accept-Encoding that is not its own, net/http hands over a compressed body as
// it is, and a paid order would be unreadable.
var ownHeaders = []string{
	"Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "Trailer",
	headerIdempotencyKey, headerSubaccount,
}

// optionFor names the option that sets a header of the client's own.
var optionFor = map[string]string{headerIdempotencyKey: ": use WithIdempotencyKey", headerSubaccount: ": use ForSubaccount"}

// WithHeader sends one more header. Headers that the client sets itself are
// refused with ErrInvalidRequest.
func WithHeader(name, value string) CallOption {
	return func(call *call) {
		name := http.CanonicalHeaderKey(name)
		switch {
		case !check.IsToken(name):
			call.refuse("header", "%q is not a field name", sanitize.Text(name))
		case slices.Contains(ownHeaders, name):
			call.refuse("header", "%s is set by the client%s", name, optionFor[name])
		}
		call.refuseIf("header "+sanitize.Text(name), check.HeaderValue(value))
		call.headers = append(call.headers, header{name, value})
	}
}
