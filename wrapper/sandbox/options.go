package sandbox

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// DefaultAPIKey is the API key that a sandbox accepts unless [WithAPIKey] sets
// another one.
const DefaultAPIKey = "C0-sandbox-0000000000000000"

// settings holds the values that the options set.
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

// Option is an option of [New], [Run] and [Open].
type Option func(*settings)

// WithAddr makes the sandbox listen on addr, such as 127.0.0.1:8080, instead of a
// free loopback port.
func WithAddr(addr string) Option { return func(s *settings) { s.addr = addr } }

// WithoutListener makes the sandbox open no port. It can be reached only through
// [Server.Handler], [Server.Transport] or [Server.Client]. Such a sandbox works inside
// a testing/synctest bubble and uses the bubble's clock.
func WithoutListener() Option { return func(s *settings) { s.noListener = true } }

// WithBaseURL sets the URL, without /v1, at which clients reach the sandbox, if it
// differs from the address that the sandbox listens on. All URLs in the sandbox's
// answers begin with it.
func WithBaseURL(url string) Option { return func(s *settings) { s.baseURL = url } }

// WithAPIKey sets the API key that the sandbox accepts. The default is
// [DefaultAPIKey].
func WithAPIKey(key string) Option { return func(s *settings) { s.apiKey = key } }

// WithClock makes the sandbox use now instead of time.Now. The function must be safe
// for concurrent use. [Server.Advance] and [Server.SetTime] add an offset to it. The
// sandbox notices that an event is due at the next request, or within 100 ms.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithFulfillAfter makes the sandbox fulfill each new order when d has passed since
// it was placed, by the sandbox clock. Without this option, an order stays placed
// until [Server.FulfillOrder] is called.
func WithFulfillAfter(d time.Duration) Option { return func(s *settings) { s.fulfillAfter = &d } }

// WithOrderDelay places the order of a checkout session when d has passed since the
// customer paid, by the sandbox clock; the session itself is complete at once. By
// the published description the payment of a complete session may still be
// processing, and when its order appears is left open. With this option and
// [Server.Advance], a test can look at the time between. Without it, paying places the
// order at once.
func WithOrderDelay(d time.Duration) Option { return func(s *settings) { s.orderDelay = d } }

// WithKeyLifetime makes the sandbox forget an Idempotency-Key when d has passed
// since its request succeeded, by the sandbox clock. After that, a request with the
// same key acts again. CNaught does not say how long it remembers a key; with this
// option and [Server.Advance], a test can repeat a purchase after the key was
// forgotten. Without it, the sandbox keeps keys as long as all other data.
func WithKeyLifetime(d time.Duration) Option { return func(s *settings) { s.keyLifetime = &d } }

// WithStateFile keeps the data of the sandbox in a file. All changes that were
// answered are still there after a restart, even after kill -9. The file is created
// if it does not exist. If another sandbox uses it, the sandbox does not start. A lock
// file, path+".lock", remains beside the file.
func WithStateFile(path string) Option { return func(s *settings) { s.stateFile = path } }

// WithPublicWebhooks makes the sandbox deliver webhooks to any host. Without this
// option, it delivers them only to loopback hosts, and records deliveries to other
// hosts as refused.
func WithPublicWebhooks() Option { return func(s *settings) { s.publicWebhooks = true } }

// WithWebhookTransport makes the sandbox send webhooks through rt, for example the
// transport of a client that trusts a test server's certificate.
func WithWebhookTransport(rt http.RoundTripper) Option {
	return func(s *settings) { s.webhookTransport = rt }
}

// WithForeignLogoHosts makes the sandbox download logos from any host. Without this
// option, it downloads them only from loopback hosts, and uses a placeholder for
// logos on other hosts.
func WithForeignLogoHosts() Option { return func(s *settings) { s.foreignLogos = true } }

// WithRemoteControl makes the sandbox accept requests to /_sandbox from any machine.
// Without this option, it accepts them only from this machine. A sandbox in a container
// needs the option, because requests through a published port or from another container
// come from another machine.
func WithRemoteControl() Option { return func(s *settings) { s.remoteControl = true } }

// WithFractions makes the sandbox accept orders for fractions of a kilogram. Without
// this option, the amount_kg of an order must be a whole number, as the API's
// documentation says. Quotes and checkout sessions always accept fractions.
func WithFractions() Option { return func(s *settings) { s.fractions = true } }

// WithoutSubaccounts makes the sandbox behave like an account for which subaccounts
// are not enabled: it answers every request that concerns them with 403.
func WithoutSubaccounts() Option { return func(s *settings) { s.noSubaccounts = true } }

// WithEmptyBooks leaves out the sample order 2FhU3B0F36_sandbox, the published
// checkout session zpQ6QSNRQh and the account's past offsets, so that a test finds
// only what it created. If a state file already has the order and the session, they
// are kept.
func WithEmptyBooks() Option { return func(s *settings) { s.emptyBooks = true } }

// WithLogger logs one line at level Info for each API request, page, logo and control
// request, for each request that is not valid HTTP, and for each attempt to deliver a
// webhook. The line of a refused request has the reason. Failures of the sandbox itself
// are logged at level Error. The API key is never logged.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithRequestLog sets how many of the latest requests are kept for [Server.Requests].
// The default is 1,000.
func WithRequestLog(n int) Option { return func(s *settings) { s.requestLog = n } }
