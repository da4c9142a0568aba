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
	baseURL        string // if empty, it is made from addr
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

const usage = `cnaught-sandbox runs a stand-in for CNaught on your own machine. It behaves like
the Carbon Credits API, but nothing costs money. In a browser, it shows all orders
and checkout sessions, with buttons to fulfill, cancel, complete and expire them.

Usage: cnaught-sandbox [flags]

`

const usageEnd = `
Tests in any language can control the sandbox over HTTP. These requests need no key
and must come from this machine unless -remote-control is set. Durations are written
as 500ms, 2s or 24h.
  GET    /_sandbox/faults                 list the active faults
  POST   /_sandbox/faults                 make requests fail: {"operation": "SubmitOrder",
         "skip": 1, "count": 2, "delay": "2s", "status": 503, "after_acting": true,
         "body": "...", "header": {"Retry-After": "7"}, "reset_before": true,
         "reset_after": true, "cut_body": true}; each member is optional
  DELETE /_sandbox/faults                 remove all faults
  DELETE /_sandbox/faults/{id}            remove one fault
  GET    /_sandbox/clock                  show the time of the sandbox clock
  POST   /_sandbox/clock                  move the clock: {"advance": "24h"} or
         {"set": "2030-01-01T00:00:00Z"}
  POST   /_sandbox/orders/{id}/fulfill    match a placed order to credits
  POST   /_sandbox/checkout/sessions/{id}/complete    pay an open checkout session
         (the answer is 202 with the session if its order comes later)
  POST   /_sandbox/checkout/sessions/{id}/expire      expire an open checkout session
  PUT    /_sandbox/portfolios/{id}/price  set prices: {"api_price_per_kg_usd_cents": 2.5,
         "checkout_price_per_kg_usd_cents": 3}

Examples:
  cnaught-sandbox -fulfill-after 5s
  cnaught-sandbox -addr 127.0.0.1:0 -state orders.state

Exit codes: 0 if stopped by a signal, 1 if the sandbox could not run, and 2 if the
flags are invalid.
`

// parse parses and checks the flags. It writes errors in them to stderr.
func parse(args []string, stdout, stderr io.Writer) (*config, error) {
	c := &config{}
	fs := flag.NewFlagSet("cnaught-sandbox", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.addr, "addr", defaultAddr, "listen on this `address`, host:port; with port 0, on any free port")
	fs.StringVar(&c.apiKey, "api-key", sandbox.DefaultAPIKey, "accept only this API `key`")
	fs.StringVar(&c.baseURL, "base-url", "", "the `URL`, without /v1, at which clients reach the sandbox, if it differs\nfrom the address; all URLs in the sandbox's answers begin with it")
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
	fs.Func("fulfill-after", "fulfill each order this `duration` after it was placed, for example 5s,\nor at once with 0s (default: only when told to)", duration(&c.fulfillAfter))
	fs.Func("order-delay", "place the order of a checkout session this `duration` after the customer\npaid, for example 30s (default: at once)", duration(&c.orderDelay))
	fs.Func("key-lifetime", "forget an Idempotency-Key this `duration` after its request succeeded,\nfor example 24h (default: keep it as long as all other data)", duration(&c.keyLifetime))
	fs.Func("state", "keep all data in this `file`, so that they survive a restart, even\nafter kill -9 (default: keep them in memory until the program ends)", func(s string) error {
		if c.state = s; s == "" {
			return errors.New("must not be empty") // A variable in a script may be unset by mistake.
		}
		return nil
	})
	fs.BoolVar(&c.publicWebhooks, "public-webhooks", false, "deliver webhooks to any host, not only to this machine")
	fs.BoolVar(&c.foreignLogos, "foreign-logos", false, "download logos from any host; without this flag, logos on other hosts\nare replaced with a placeholder")
	fs.BoolVar(&c.remoteControl, "remote-control", false, "accept requests to /_sandbox from any machine, not only from this one; in a\ncontainer, all requests come from another machine")
	fs.BoolVar(&c.noSubaccounts, "no-subaccounts", false, "answer every request that concerns subaccounts with 403, as if they\nwere not enabled for the account")
	fs.BoolVar(&c.fractions, "fractions", false, "accept orders for fractions of a kilogram")
	fs.BoolVar(&c.empty, "empty", false, "leave out the sample order, the sample session and the past offsets")
	fs.BoolVar(&c.quiet, "quiet", false, "log only failures of the sandbox itself")
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
		fmt.Fprintf(stderr, "cnaught-sandbox: %v\nRun cnaught-sandbox -h for a list of the flags.\n", err)
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
		// A client can't connect to an unspecified address, so links need a host name.
		if port == "0" {
			return fmt.Errorf("-addr %q: with port 0 and no host, -base-url must be set", c.addr)
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
	host, _, _ := net.SplitHostPort(c.addr) // The flag has been checked by parse.
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
