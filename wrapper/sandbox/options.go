package sandbox

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// DefaultAPIKey is the API key that a sandbox accepts unless WithAPIKey sets
// another.
const DefaultAPIKey = "C0-sandbox-0000000000000000"

// settings are what the options set.
type settings struct {
	addr             string
	noListener       bool
	apiKey           string
	now              func() time.Time
	fulfillAfter     *time.Duration
	orderDelay       time.Duration
	keyLifetime      *time.Duration
	stateFile        string
	publicWebhooks   bool
	webhookTransport http.RoundTripper
	foreignLogos     bool
	remoteControl    bool
	noSubaccounts    bool
	fractions        bool
	prices           []books.Price
	emptyBooks       bool
	baseURL          string
	logger           *slog.Logger
	requestLog       int
	tb               TB
}

// Option is an option of New, Run and Open.
type Option func(*settings)

// WithAddr makes the sandbox listen on addr, such as 127.0.0.1:8080, instead of a
// free loopback port.
func WithAddr(addr string) Option { return func(s *settings) { s.addr = addr } }

// WithoutListener opens no port. Requests come through [Server.Handler],
// [Server.Transport] or [Server.Client] only. Such a sandbox works inside a
// testing/synctest bubble, and its clock is the bubble's.
func WithoutListener() Option { return func(s *settings) { s.noListener = true } }

// WithBaseURL sets the URL, without /v1, under which clients reach the sandbox, if
// it is not the address that the sandbox listens on. The URLs that the sandbox
// gives to clients begin with it.
func WithBaseURL(url string) Option { return func(s *settings) { s.baseURL = url } }

// WithAPIKey sets the only API key that is accepted. The default is
// [DefaultAPIKey].
func WithAPIKey(key string) Option { return func(s *settings) { s.apiKey = key } }

// WithClock replaces time.Now as the clock of the sandbox. The function now must
// be safe for concurrent use. [Server.Advance] and [Server.SetTime] work on top of
// it. What is due by such a clock happens at the next request, or within 100 ms.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithFulfillAfter fulfills each new order when d has passed since it was placed,
// by the sandbox clock. Without this option, an order stays placed until
// [Server.FulfillOrder].
func WithFulfillAfter(d time.Duration) Option { return func(s *settings) { s.fulfillAfter = &d } }

// WithOrderDelay places the order of a checkout session when d has passed since the
// customer paid, by the sandbox clock; the session itself is complete at once. By
// the published description the payment of a complete session may still be
// processing, and when its order appears is left open. This option is for testing
// that: with it and [Server.Advance], a test can look at the time between. Without
// it, paying places the order at once.
func WithOrderDelay(d time.Duration) Option { return func(s *settings) { s.orderDelay = d } }

// WithKeyLifetime makes the sandbox forget an Idempotency-Key when d has passed
// since its request succeeded, by the sandbox clock: the same request with the same
// key acts again. Nobody knows how long CNaught remembers a key, so with this
// option and [Server.Advance] a test can repeat a purchase on the day after.
// Without it, the sandbox remembers keys as long as everything else.
func WithKeyLifetime(d time.Duration) Option { return func(s *settings) { s.keyLifetime = &d } }

// WithStateFile keeps the data of the sandbox in a file, so that everything that
// was answered is still there after a restart, even after kill -9. The file is
// created if it does not exist, and refused if another sandbox uses it. A lock
// file, path+".lock", stays beside it.
func WithStateFile(path string) Option { return func(s *settings) { s.stateFile = path } }

// WithPublicWebhooks delivers webhooks to any host. Without this option, only
// loopback hosts get them, and deliveries to others are recorded as refused.
func WithPublicWebhooks() Option { return func(s *settings) { s.publicWebhooks = true } }

// WithWebhookTransport sends webhooks through rt, for example the transport of a
// client that trusts a test server's certificate.
func WithWebhookTransport(rt http.RoundTripper) Option {
	return func(s *settings) { s.webhookTransport = rt }
}

// WithForeignLogoHosts downloads logos from any host. Without this option, only
// loopback hosts are asked, and the logo of any other URL is a placeholder.
func WithForeignLogoHosts() Option { return func(s *settings) { s.foreignLogos = true } }

// WithRemoteControl takes requests to /_sandbox from any machine. Without this
// option, only this machine can make them. A sandbox in a container needs it:
// what comes through a published port, or from another container, comes from
// another machine.
func WithRemoteControl() Option { return func(s *settings) { s.remoteControl = true } }

// WithFractions sells fractions of a kilogram to orders. Without this option, the
// amount_kg of an order must be a whole number, as the description of an order
// says. Quotes and checkout sessions take fractions in any case.
func WithFractions() Option { return func(s *settings) { s.fractions = true } }

// WithoutSubaccounts makes the account one for which subaccounts are not enabled:
// every request that has to do with them is answered with 403.
func WithoutSubaccounts() Option { return func(s *settings) { s.noSubaccounts = true } }

// WithEmptyBooks leaves out the sample order 2FhU3B0F36_sandbox, the published
// checkout session zpQ6QSNRQh and the account's past offsets, so that a test finds
// only what it made. If a state file already has the order and the session, they
// stay.
func WithEmptyBooks() Option { return func(s *settings) { s.emptyBooks = true } }

// WithLogger logs one line for each API request, page, control request and attempt
// at a webhook, at level Info, and what goes wrong in the sandbox itself, at level
// Error. The line of a request that was refused says why. The API key is never
// logged.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithRequestLog keeps the latest n requests for [Server.Requests]. The default is
// 1,000.
func WithRequestLog(n int) Option { return func(s *settings) { s.requestLog = n } }
