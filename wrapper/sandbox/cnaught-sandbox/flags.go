package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

const defaultAddr = "127.0.0.1:8765"

// config holds the values of the flags.
type config struct {
	addr           string
	apiKey         string
	baseURL        string // empty means the address
	fulfillAfter   *time.Duration
	orderDelay     *time.Duration
	keyLifetime    *time.Duration
	state          string
	publicWebhooks bool
	foreignLogos   bool
	remoteControl  bool
	noSubaccounts  bool
	fractions      bool
	empty          bool
	quiet          bool
	version        bool
}

const usage = `cnaught-sandbox runs a CNaught on your own machine. It behaves as the Carbon
Credits API does, and nothing costs money. Its page in a browser shows what is
there, with buttons to fulfill, cancel, complete and expire.

Usage: cnaught-sandbox [flags]

`

const usageEnd = `
Tests in any language control the sandbox over HTTP without a key, from this
machine only unless -remote-control is given. Durations are written as 500ms, 2s or 24h.
  GET    /_sandbox/faults                 the faults in force
  POST   /_sandbox/faults                 make requests fail: {"operation": "SubmitOrder",
         "skip": 1, "count": 2, "delay": "2s", "status": 503, "after_acting": true,
         "body": "...", "header": {"Retry-After": "7"}, "reset_before": true,
         "reset_after": true, "cut_body": true}; each member is optional
  DELETE /_sandbox/faults                 remove all faults; /_sandbox/faults/{id} one
  GET    /_sandbox/clock                  the time of the sandbox clock
  POST   /_sandbox/clock                  {"advance": "24h"} or {"set": "2030-01-01T00:00:00Z"}
  POST   /_sandbox/orders/{id}/fulfill    match a placed order to credits
  POST   /_sandbox/checkout/sessions/{id}/complete    pay an open session (202 with the session
         if its order comes later); .../expire ends it
  PUT    /_sandbox/portfolios/{id}/price  {"api_price_per_kg_usd_cents": 2.5,
         "checkout_price_per_kg_usd_cents": 3}

Examples:
  cnaught-sandbox -fulfill-after 5s
  cnaught-sandbox -addr 127.0.0.1:0 -state orders.state

Exit codes: 0 stopped by a signal, 1 could not run, 2 invalid flags.
`

// parse reads the flags. It writes what is wrong with them to stderr.
func parse(args []string, stdout, stderr io.Writer) (*config, error) {
	c := &config{}
	fs := flag.NewFlagSet("cnaught-sandbox", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.addr, "addr", defaultAddr, "`address` to listen on, host:port; port 0 takes a free one")
	fs.StringVar(&c.apiKey, "api-key", sandbox.DefaultAPIKey, "the only API `key` that is accepted")
	fs.StringVar(&c.baseURL, "base-url", "", "`URL` under which clients reach the sandbox, without /v1, if it is not\nthe address; the URLs that the sandbox gives to clients begin with it")
	duration := func(to **time.Duration) func(string) error {
		return func(s string) error {
			d, err := time.ParseDuration(s)
			if err == nil && d < 0 {
				err = errors.New("must not be negative")
			}
			*to = &d
			return err
		}
	}
	fs.Func("fulfill-after", "fulfill each order this `duration` after it is placed, such as 5s; 0s\nfulfills it at once (default: only by the button on the page)", duration(&c.fulfillAfter))
	fs.Func("order-delay", "place the order of a checkout session this `duration` after the customer\npaid, such as 30s (default: at once)", duration(&c.orderDelay))
	fs.Func("key-lifetime", "forget an Idempotency-Key this `duration` after its request succeeded,\nsuch as 24h (default: keep it as long as everything else)", duration(&c.keyLifetime))
	fs.StringVar(&c.state, "state", "", "keep everything in this `file`, so that it survives a restart, even\nafter kill -9 (default: keep it in memory until the program ends)")
	fs.BoolVar(&c.publicWebhooks, "public-webhooks", false, "deliver webhooks to any host, not only to this machine")
	fs.BoolVar(&c.foreignLogos, "foreign-logos", false, "download logos from any host; without this flag, a logo of another host\nis a placeholder")
	fs.BoolVar(&c.remoteControl, "remote-control", false, "take requests to /_sandbox from any machine, not only from this one; in a\ncontainer, every request comes from another machine")
	fs.BoolVar(&c.noSubaccounts, "no-subaccounts", false, "be an account without subaccounts: answer 403 to every request for them")
	fs.BoolVar(&c.fractions, "fractions", false, "sell fractions of a kilogram to orders, too")
	fs.BoolVar(&c.empty, "empty", false, "leave out the sample order, the sample session and the past offsets")
	fs.BoolVar(&c.quiet, "quiet", false, "log only what goes wrong in the sandbox itself")
	fs.BoolVar(&c.version, "version", false, "print the version and exit")

	err := fs.Parse(args)
	if err == nil {
		err = c.check(fs.Args())
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		fmt.Fprint(stdout, usageEnd)
	case err != nil:
		fmt.Fprintf(stderr, "cnaught-sandbox: %v\nRun cnaught-sandbox -h for the flags.\n", err)
	}
	return c, err
}

func (c *config) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%q is not a flag", rest[0])
	}
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return fmt.Errorf("-addr %q: must be host:port", c.addr)
	}
	if strings.TrimSpace(c.apiKey) != c.apiKey || c.apiKey == "" {
		return errors.New("-api-key: must not be empty, nor begin or end with a space")
	}
	if c.baseURL != "" {
		return checkBaseURL(c.baseURL)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		// A client can't connect to "all addresses", so links need a host name.
		if port == "0" {
			return fmt.Errorf("-addr %q: a free port on all addresses needs a -base-url", c.addr)
		}
		c.baseURL = "http://" + net.JoinHostPort("localhost", port)
	}
	return nil
}

func checkBaseURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		return fmt.Errorf("-base-url %q: must be an absolute http or https URL", s)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("-base-url %q: must end with the host or a path", s)
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/v1"):
		return fmt.Errorf("-base-url %q: must be without /v1", s)
	}
	return nil
}

// public reports whether other machines can reach the sandbox.
func (c *config) public() bool {
	host, _, _ := net.SplitHostPort(c.addr) // checked by parse
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

func (c *config) options() []sandbox.Option {
	options := []sandbox.Option{sandbox.WithAddr(c.addr), sandbox.WithAPIKey(c.apiKey)}
	add := func(on bool, o sandbox.Option) {
		if on {
			options = append(options, o)
		}
	}
	add(c.baseURL != "", sandbox.WithBaseURL(c.baseURL))
	add(c.state != "", sandbox.WithStateFile(c.state))
	add(c.publicWebhooks, sandbox.WithPublicWebhooks())
	add(c.foreignLogos, sandbox.WithForeignLogoHosts())
	add(c.remoteControl, sandbox.WithRemoteControl())
	add(c.noSubaccounts, sandbox.WithoutSubaccounts())
	add(c.fractions, sandbox.WithFractions())
	add(c.empty, sandbox.WithEmptyBooks())
	if c.fulfillAfter != nil {
		options = append(options, sandbox.WithFulfillAfter(*c.fulfillAfter))
	}
	if c.orderDelay != nil {
		options = append(options, sandbox.WithOrderDelay(*c.orderDelay))
	}
	if c.keyLifetime != nil {
		options = append(options, sandbox.WithKeyLifetime(*c.keyLifetime))
	}
	return options
}
