package cnaught

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/delay"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/secret"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
	"github.com/cnaught-go/cnaught/wrapper/internal/version"
)

// Client calls the CNaught API. It is safe for concurrent use; make one and
// keep it.
type Client struct {
	base             *url.URL // without a trailing slash
	server           string   // the path of base with a trailing slash, for the generated request builders
	secret           *secret.Secret
	headers          *fixedHeaders
	subaccount       string
	httpClient       *http.Client // the caller's; nil for none
	ownTransport     *http.Transport
	transport        http.RoundTripper // the middleware around innermost
	policy           RetryPolicy
	reads, writes    *limit.Bucket // of retries; writes can act twice
	jitter           func(time.Duration) time.Duration
	logger           *slog.Logger
	maxResponseBytes int64
}

// fixedHeaders are the same on every request. The first is in a closure for the same
// reason as the key; see secret.Secret.
type fixedHeaders struct {
	authorization     func() []string
	userAgent, accept []string
}

// New returns a client for the key (https://app.cnaught.com/apikeys). It
// refuses, with ErrInvalidRequest, an empty key, a bad base URL, plain http to
// another machine unless [WithInsecureHTTP] is given, and options that make no
// sense. It sends nothing.
func New(apiKey string, opts ...Option) (*Client, error) {
	s := settings{baseURL: DefaultBaseURL, policy: DefaultRetryPolicy(), maxResponseBytes: defaultMaxResponseBytes}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	base, reason := check.BaseURL(s.baseURL, s.insecureHTTP)
	if reason != "" {
		return nil, &InvalidRequestError{"New", s.baseURLFrom, reason}
	}
	policy, err := s.policy.fill("New", DefaultRetryPolicy())
	if err != nil {
		return nil, err
	}
	if err := s.check(apiKey); err != nil {
		return nil, err
	}
	c := &Client{
		base:             base,
		server:           base.EscapedPath() + "/",
		secret:           secret.New(apiKey),
		subaccount:       Value(s.subaccount),
		httpClient:       s.httpClient,
		ownTransport:     transport.New(),
		policy:           policy,
		reads:            limit.NewBucket(policy.Budget.Capacity, policy.Budget.PerMinute),
		writes:           limit.NewBucket(policy.Budget.Capacity, policy.Budget.PerMinute),
		jitter:           delay.FullJitter,
		logger:           s.logger,
		maxResponseBytes: s.maxResponseBytes,
	}
	authorization := []string{"Bearer " + apiKey}
	c.headers = &fixedHeaders{
		authorization: func() []string { return authorization },
		userAgent:     []string{strings.TrimSpace(s.userAgent + " " + version.UserAgent())},
		accept:        []string{"application/json, application/problem+json"},
	}
	c.transport = innermost{c}
	for _, wrap := range slices.Backward(s.middleware) {
		if c.transport = wrap(c.transport); c.transport == nil {
			return nil, &InvalidRequestError{"New", "middleware", "returned nil"}
		}
	}
	return c, nil
}

// NewFromEnv is [New] with the key from CNAUGHT_API_KEY and, if it is set, the
// base URL from CNAUGHT_BASE_URL. Options win over the environment.
func NewFromEnv(opts ...Option) (*Client, error) {
	key := os.Getenv("CNAUGHT_API_KEY")
	if key == "" {
		return nil, &InvalidRequestError{"NewFromEnv", "CNAUGHT_API_KEY", "is not set"}
	}
	if base := os.Getenv("CNAUGHT_BASE_URL"); base != "" {
		fromEnv := func(s *settings) { s.baseURL, s.baseURLFrom = base, "CNAUGHT_BASE_URL" }
		opts = append([]Option{fromEnv}, opts...)
	}
	return New(key, opts...)
}

// Subaccount returns the id that [WithSubaccount] gave; empty for none.
func (c *Client) Subaccount() string { return c.subaccount }

// CloseIdleConnections closes connections that are kept for reuse. A program
// that is done with a client calls it to leave nothing behind.
func (c *Client) CloseIdleConnections() {
	c.ownTransport.CloseIdleConnections()
	if c.httpClient != nil {
		c.httpClient.CloseIdleConnections()
	}
}

// String names the base URL, and never the key.
func (c *Client) String() string { return fmt.Sprintf("cnaught.Client(%s)", c.base) }

// Format names the base URL, and never the key, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// check refuses settings that make no sense.
func (s *settings) check(apiKey string) error {
	for _, setting := range []struct{ name, reason string }{
		{"API key", check.APIKey(apiKey)},
		{"subaccount", check.HeaderValue(Value(s.subaccount))},
		{"user agent", check.HeaderValue(s.userAgent)},
	} {
		if setting.reason != "" {
			return &InvalidRequestError{"New", setting.name, setting.reason}
		}
	}
	if s.subaccount != nil && *s.subaccount == "" {
		return &InvalidRequestError{"New", "subaccount", "is empty"}
	}
	if s.maxResponseBytes <= 0 {
		return &InvalidRequestError{"New", "MaxResponseBytes", "is not positive"}
	}
	return nil
}
