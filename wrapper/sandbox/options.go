package sandbox

import (
	"log/slog"
	"net/http"
	"time"
)

// DefaultAPIKey is the key that a sandbox accepts unless told otherwise.
const DefaultAPIKey = "C0-sandbox-0000000000000000"

// settings is what the options change.
type settings struct {
	addr             string
	noListener       bool
	apiKey           string
	now              func() time.Time
	fulfillAfter     *time.Duration
	stateFile        string
	publicWebhooks   bool
	webhookTransport http.RoundTripper
	foreignLogos     bool
	noSubaccounts    bool
	emptyBooks       bool
	baseURL          string
	logger           *slog.Logger
	requestLog       int
	tb               TB
}

// Option changes a sandbox under construction.
type Option func(*settings)

// WithAddr listens on addr, such as 127.0.0.1:8080, in place of a free
// loopback port.
func WithAddr(addr string) Option { return func(s *settings) { s.addr = addr } }

// WithoutListener opens no port: requests come through [Server.Handler],
// [Server.Transport] or [Server.Client] only. Such a sandbox works inside a
// testing/synctest bubble, where its clock is the bubble's.
func WithoutListener() Option { return func(s *settings) { s.noListener = true } }

// WithBaseURL says under which address clients reach the sandbox, without /v1,
// where that is not the address it listens on. URL, checkout URLs and logo
// URLs begin with it.
func WithBaseURL(url string) Option { return func(s *settings) { s.baseURL = url } }

// WithAPIKey sets the one API key that is accepted. The default is
// [DefaultAPIKey].
func WithAPIKey(key string) Option { return func(s *settings) { s.apiKey = key } }

// WithClock gives the sandbox another clock than time.Now. now must be safe
// for concurrent use. [Server.Advance] and [Server.SetTime] work on top of it.
// What falls due by such a clock happens at the next request, or within 100 ms.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithFulfillAfter fulfills each new order d after it was placed, by the
// sandbox clock. Without it, orders stay placed until [Server.FulfillOrder].
func WithFulfillAfter(d time.Duration) Option { return func(s *settings) { s.fulfillAfter = &d } }

// WithStateFile keeps the books in a file: what was answered is there after a
// restart, even one by kill -9. A file that does not exist is made; one that
// another sandbox uses is refused. A lock file, path+".lock", stays beside it.
func WithStateFile(path string) Option { return func(s *settings) { s.stateFile = path } }

// WithPublicWebhooks delivers webhooks to any host. Without it, only loopback
// hosts get them; others are recorded as refused.
func WithPublicWebhooks() Option { return func(s *settings) { s.publicWebhooks = true } }

// WithWebhookTransport sends webhooks through rt, such as that of a server
// with its own certificate.
func WithWebhookTransport(rt http.RoundTripper) Option {
	return func(s *settings) { s.webhookTransport = rt }
}

// WithForeignLogoHosts downloads logos from any host. Without it, only loopback
// hosts are asked; a logo of any other URL becomes a placeholder.
func WithForeignLogoHosts() Option { return func(s *settings) { s.foreignLogos = true } }

// WithoutSubaccounts makes the account one that subaccounts are not enabled
// for: what has to do with them is answered with 403.
func WithoutSubaccounts() Option { return func(s *settings) { s.noSubaccounts = true } }

// WithEmptyBooks leaves out the well-known order 2FhU3B0F36_sandbox, the
// published checkout session zpQ6QSNRQh and the account's past offsets, so that
// only what a test made is there. A state file that exists keeps the order and
// the session if it has them.
func WithEmptyBooks() Option { return func(s *settings) { s.emptyBooks = true } }

// WithLogger logs one line for each API request, at level Info, and what goes
// wrong in the sandbox itself, at level Error. The API key is never logged.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithRequestLog keeps the latest n requests for [Server.Requests]; 1,000 by
// default.
func WithRequestLog(n int) Option { return func(s *settings) { s.requestLog = n } }
