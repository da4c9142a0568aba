package cnaught

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// Client calls the CNaught API. It is safe for concurrent use; make one and
// keep it.
type Client struct {
	base             *url.URL // without a trailing slash
	secret           *secret
	headers          *fixedHeaders
	subaccount       string
	httpClient       *http.Client // the caller's; nil for none
	ownTransport     *http.Transport
	transport        http.RoundTripper // the middleware around innermost
	policy           RetryPolicy
	reads, purchases *bucket
	jitter           func(time.Duration) time.Duration
	logger           *slog.Logger
	maxResponseBytes int64
	raw              *api.ClientWithResponses
}

// fixedHeaders are the same on every request. The first is behind a closure for
// the reason that the key is; see secret.
type fixedHeaders struct {
	authorization     func() []string
	userAgent, accept []string
}

// New returns a client for the key (https://app.cnaught.com/apikeys). It
// refuses, with ErrInvalidRequest, an empty key, a bad base URL, plain http
// off loopback unless [WithInsecureHTTP] is given, and options that make no
// sense. It sends nothing.
func New(apiKey string, opts ...Option) (*Client, error) {
	s := settings{baseURL: DefaultBaseURL, policy: DefaultRetryPolicy(), maxResponseBytes: defaultMaxResponseBytes}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	base, err := parseBaseURL(s.baseURL, s.baseURLFrom, s.insecureHTTP)
	if err != nil {
		return nil, err
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
		secret:           newSecret(apiKey),
		subaccount:       Value(s.subaccount),
		httpClient:       s.httpClient,
		ownTransport:     newTransport(),
		policy:           policy,
		reads:            newBucket(policy.Budget),
		purchases:        newBucket(policy.Budget),
		jitter:           fullJitter,
		logger:           s.logger,
		maxResponseBytes: s.maxResponseBytes,
	}
	authorization := []string{"Bearer " + apiKey}
	c.headers = &fixedHeaders{
		authorization: func() []string { return authorization },
		userAgent:     []string{strings.TrimSpace(s.userAgent + " " + userAgent())},
		accept:        []string{"application/json, application/problem+json"},
	}
	c.transport = innermost{c}
	for _, wrap := range slices.Backward(s.middleware) {
		if c.transport = wrap(c.transport); c.transport == nil {
			return nil, &InvalidRequestError{"New", "middleware", "returned nil"}
		}
	}
	c.raw = &api.ClientWithResponses{ClientInterface: &api.Client{Server: base.String() + "/", Client: rawDoer{c}}}
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

// GoString names the base URL, and never the key.
func (c *Client) GoString() string { return c.String() }

// Format names the base URL, and never the key, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

func (s *settings) check(apiKey string) error {
	switch {
	case apiKey == "":
		return &InvalidRequestError{"New", "API key", "is empty"}
	case strings.TrimSpace(apiKey) != apiKey:
		return &InvalidRequestError{"New", "API key", "begins or ends with white space (a line break?)"}
	case strings.Contains(apiKey, " "):
		return &InvalidRequestError{"New", "API key", `contains a space (leave out "Bearer")`}
	case checkHeaderValue(apiKey) != "":
		return &InvalidRequestError{"New", "API key", checkHeaderValue(apiKey)}
	case s.subaccount != nil && *s.subaccount == "":
		return &InvalidRequestError{"New", "subaccount", "is empty"}
	case checkHeaderValue(Value(s.subaccount)) != "":
		return &InvalidRequestError{"New", "subaccount", checkHeaderValue(*s.subaccount)}
	case checkHeaderValue(s.userAgent) != "":
		return &InvalidRequestError{"New", "user agent", checkHeaderValue(s.userAgent)}
	case s.maxResponseBytes <= 0:
		return &InvalidRequestError{"New", "MaxResponseBytes", "is not positive"}
	}
	return nil
}

func parseBaseURL(raw, from string, insecure bool) (*url.URL, error) {
	refuse := func(reason string) (*url.URL, error) {
		return nil, &InvalidRequestError{"New", from, reason}
	}
	u, err := url.Parse(raw)
	switch {
	case strings.TrimSpace(raw) != raw:
		return refuse("begins or ends with white space")
	case err != nil:
		return refuse("is not a URL such as " + DefaultBaseURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("is not an absolute http or https URL such as " + DefaultBaseURL)
	case u.Hostname() == "":
		return refuse("has no host")
	case !validPort(u.Port()):
		return refuse("has a port that is not 1 to 65535")
	case u.User != nil:
		return refuse("contains credentials")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("has a query or a fragment")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return refuse("uses plain http to a host that is not loopback, so the API key would travel unencrypted: use https, or WithInsecureHTTP")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	for segment := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		if u.Path != "" && !validSegment(segment) {
			return refuse("has an empty or dot segment in its path")
		}
	}
	if !strings.Contains(u.Host, "%") { // the zone of an IPv6 address is case-sensitive
		u.Host = strings.ToLower(u.Host)
	}
	return u, nil
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// userAgent carries the module's version where the build knows it.
func userAgent() string {
	const product = "cnaught-go"
	const module = "github.com/cnaught-go/cnaught"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return product
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return product + "/" + strings.TrimPrefix(m.Version, "v")
		}
	}
	return product
}
