package cnaught

import (
	"crypto/tls"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
	"github.com/cnaught-go/cnaught/wrapper/internal/version"
)

func TestBaseURL(t *testing.T) {
	for raw, want := range map[string]string{ // "" for a URL that is refused
		"https://api.cnaught.com/v1":               "https://api.cnaught.com/v1",
		"https://api.cnaught.com/v1/":              "https://api.cnaught.com/v1",
		"https://api.cnaught.com/v1//":             "https://api.cnaught.com/v1",
		"https://api.cnaught.com":                  "https://api.cnaught.com",
		"HTTPS://API.CNaught.com/v1":               "https://api.cnaught.com/v1",
		"https://api.cnaught.com:8443/v1":          "https://api.cnaught.com:8443/v1",
		"https://proxy.test/cnaught%2Fapi/v1":      "https://proxy.test/cnaught%2Fapi/v1",
		"http://localhost:8080/v1":                 "http://localhost:8080/v1",
		"http://LocalHost:8080/v1":                 "http://localhost:8080/v1",
		"http://127.0.0.1:8080/v1":                 "http://127.0.0.1:8080/v1",
		"http://127.9.8.7/v1":                      "http://127.9.8.7/v1",
		"http://[::1]:8080/v1":                     "http://[::1]:8080/v1",
		"http://[::ffff:127.0.0.1]/v1":             "http://[::ffff:127.0.0.1]/v1",
		"http://sandbox.localhost/v1":              "", // DNS decides where this name leads
		"http://api.cnaught.com/v1":                "",
		"http://127.0.0.1.evil.test/v1":            "",
		"http://localhost.evil.test/v1":            "",
		"http://evillocalhost/v1":                  "",
		"http://10.0.0.1/v1":                       "",
		"http://0.0.0.0/v1":                        "",
		"http://[::]/v1":                           "",
		"http://2130706433/v1":                     "",
		"":                                         "",
		"api.cnaught.com/v1":                       "",
		"//api.cnaught.com/v1":                     "",
		"/v1":                                      "",
		"https:///v1":                              "",
		"https://:443/v1":                          "",
		"https:api.cnaught.com":                    "",
		"ftp://api.cnaught.com/v1":                 "",
		"wss://api.cnaught.com/v1":                 "",
		"file:///etc/passwd":                       "",
		"https://user:password@api.cnaught.com":    "",
		"https://user@api.cnaught.com/v1":          "",
		"https://api.cnaught.com/v1?a=b":           "",
		"https://api.cnaught.com/v1?":              "",
		"https://api.cnaught.com/v1#top":           "",
		"https://api.cnaught.com/../v1":            "",
		"https://api.cnaught.com/./v1":             "",
		"https://api.cnaught.com/%2e%2e/v1":        "",
		"https://api.cnaught.com//v1":              "",
		"https://api.cnaught.com/v1/%zz":           "",
		"https://api.cnaught.com/v1\n":             "",
		"https://api .cnaught.com/v1":              "",
		"https://api.cnaught.com:port/v1":          "",
		" https://api.cnaught.com/v1":              "",
		"https://[::1/v1":                          "",
		"javascript:alert(1)":                      "",
		"https://api.cnaught.com/" + "\x00" + "v1": "",
	} {
		c, err := New(testKey, WithBaseURL(raw))
		if want == "" {
			assert.ErrorIs(t, err, ErrInvalidRequest, "%q", raw)
			assert.Nil(t, c, "%q", raw)
			continue
		}
		if assert.NoError(t, err, "%q", raw) {
			assert.Equal(t, "cnaught.Client("+want+")", c.String())
		}
	}
}

func TestBaseURLReachesTheWire(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.test":                 "https://api.test/orders/x",
		"https://api.test/v1/":             "https://api.test/v1/orders/x",
		"https://proxy.test/a%2Fb/c%20d/1": "https://proxy.test/a%2Fb/c%20d/1/orders/x",
	} {
		rt := play(reply(200, orderJSON))
		c := newClient(t, rt, WithBaseURL(base))
		_, err := c.GetOrder(t.Context(), "x")
		require.NoError(t, err)
		_, err = c.Raw().GetOrderByIDWithResponse(t.Context(), "x", nil)
		require.NoError(t, err)
		for _, r := range rt.requests() {
			assert.Equal(t, want, r.url)
		}
	}
	rt := play(reply(200, orderJSON))
	_, err := newClient(t, rt, WithBaseURL("https://proxy.test/a%2Fb")).GetOrder(t.Context(), rawID)
	require.NoError(t, err)
	assert.Equal(t, "https://proxy.test/a%2Fb/orders/"+escapedID, rt.requests()[0].url)
}

func TestWithInsecureHTTP(t *testing.T) {
	_, err := New(testKey, WithBaseURL("http://staging.internal/v1"))
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.ErrorContains(t, err, "unencrypted")
	_, err = New(testKey, WithBaseURL("http://staging.internal/v1"), WithInsecureHTTP())
	assert.NoError(t, err)
}

func TestNewRefuses(t *testing.T) {
	t.Setenv("CNAUGHT_API_KEY", "")
	key := func(key string) func() (*Client, error) { return func() (*Client, error) { return New(key) } }
	option := func(o Option) func() (*Client, error) { return func() (*Client, error) { return New(testKey, o) } }
	policy := func(p RetryPolicy) func() (*Client, error) { return option(WithRetryPolicy(p)) }
	budget := func(capacity, perSuccess float64) func() (*Client, error) {
		return policy(RetryPolicy{Budget: RetryBudget{Capacity: capacity, PerSuccess: perSuccess}})
	}
	for _, tt := range []struct {
		name string
		new  func() (*Client, error)
		says string
	}{
		{"no key", key(""), "New: API key is empty"},
		{"key with a space", key("C0 x"), `New: API key contains a space (leave out "Bearer")`},
		{"key with Bearer", key("Bearer C0-x"), `New: API key contains a space (leave out "Bearer")`},
		{"key with a line break", key("C0-x\r\nX-Evil: 1"), `New: API key contains a space (leave out "Bearer")`},
		{"key with a trailing newline", key("C0-x\n"), "New: API key begins or ends with white space (a line break?)"},
		{"key that is not ASCII", key("clé"), "New: API key contains characters outside printable ASCII"},
		{"key with NUL", key("C0\x00"), "New: API key contains characters outside printable ASCII"},
		{"empty subaccount", option(WithSubaccount("")), "New: subaccount is empty"},
		{"subaccount with a line break", option(WithSubaccount("a\nb")), "New: subaccount contains characters outside printable ASCII"},
		{"subaccount with spaces around", option(WithSubaccount(" a")), "New: subaccount begins or ends with white space"},
		{"port 0", option(WithBaseURL("https://a.test:0/v1")), "New: base URL has a port that is not 1 to 65535"},
		{"port 65536", option(WithBaseURL("https://a.test:65536/v1")), "New: base URL has a port that is not 1 to 65535"},
		{"user agent with a line break", option(WithUserAgent("a\nb")), "New: user agent contains characters outside printable ASCII"},
		{"response limit 0", option(WithMaxResponseBytes(0)), "New: MaxResponseBytes is not positive"},
		{"response limit negative", option(WithMaxResponseBytes(-1)), "New: MaxResponseBytes is not positive"},
		{"negative attempts", policy(RetryPolicy{MaxAttempts: -1}), "New: RetryPolicy.MaxAttempts is negative or not a number"},
		{"negative base delay", policy(RetryPolicy{BaseDelay: -1}), "New: RetryPolicy.BaseDelay is negative or not a number"},
		{"negative max delay", policy(RetryPolicy{MaxDelay: -1}), "New: RetryPolicy.MaxDelay is negative or not a number"},
		{"negative max Retry-After", policy(RetryPolicy{MaxRetryAfter: -1}), "New: RetryPolicy.MaxRetryAfter is negative or not a number"},
		{"negative attempt timeout", policy(RetryPolicy{AttemptTimeout: -1}), "New: RetryPolicy.AttemptTimeout is negative or not a number"},
		{"negative budget", budget(-1, 0), "New: RetryPolicy.Budget.Capacity is negative or not a number"},
		{"budget that is not a number", budget(math.NaN(), 0), "New: RetryPolicy.Budget.Capacity is negative or not a number"},
		{"negative refill", budget(1, -1), "New: RetryPolicy.Budget.PerSuccess is negative or not a number"},
		{"refill that is not a number", budget(1, math.NaN()), "New: RetryPolicy.Budget.PerSuccess is negative or not a number"},
		{"environment without a key", func() (*Client, error) { return NewFromEnv() }, "NewFromEnv: CNAUGHT_API_KEY is not set"},
		{"environment with a URL alone", func() (*Client, error) { return NewFromEnv(WithBaseURL("https://api.test")) }, "NewFromEnv: CNAUGHT_API_KEY is not set"},
	} {
		c, err := tt.new()
		assert.ErrorIs(t, err, ErrInvalidRequest, tt.name)
		assert.EqualError(t, err, "cnaught: "+tt.says, tt.name)
		assert.Nil(t, c, tt.name)
	}
}

func TestNewFromEnv(t *testing.T) {
	t.Setenv("CNAUGHT_API_KEY", testKey)
	t.Setenv("CNAUGHT_BASE_URL", "")
	c, err := NewFromEnv()
	require.NoError(t, err)
	assert.Equal(t, "cnaught.Client(https://api.cnaught.com/v1)", c.String())

	t.Setenv("CNAUGHT_BASE_URL", "http://127.0.0.1:9/v1")
	rt := play(reply(200, orderJSON))
	c, err = NewFromEnv(WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	_, err = c.GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:9/v1/orders/x", rt.requests()[0].url)
	assert.Equal(t, "Bearer "+testKey, rt.requests()[0].header.Get("Authorization"))

	c, err = NewFromEnv(WithBaseURL("https://option.test/v1"))
	require.NoError(t, err)
	assert.Equal(t, "cnaught.Client(https://option.test/v1)", c.String(), "options win")

	for base, want := range map[string]string{
		"http://api.cnaught.com/v1": "uses plain http to a host that is not loopback, so the API key would travel unencrypted: use https, or WithInsecureHTTP",
		"127.0.0.1:8765/v1":         "is not a URL such as https://api.cnaught.com/v1",
		"localhost:8765/v1":         "is not an absolute http or https URL such as https://api.cnaught.com/v1",
	} {
		t.Setenv("CNAUGHT_BASE_URL", base)
		_, err = NewFromEnv()
		assert.EqualError(t, err, "cnaught: New: CNAUGHT_BASE_URL "+want)
		assert.ErrorIs(t, err, ErrInvalidRequest)
	}
}

func TestRetryPolicyDefaults(t *testing.T) {
	d := DefaultRetryPolicy()
	for _, tt := range []struct{ given, want RetryPolicy }{
		{RetryPolicy{}, d},
		{d, d},
		{NoRetry(), RetryPolicy{1, d.BaseDelay, d.MaxDelay, d.MaxRetryAfter, d.AttemptTimeout, d.Budget}},
		{
			RetryPolicy{MaxDelay: time.Minute, Budget: RetryBudget{Capacity: 3}},
			RetryPolicy{d.MaxAttempts, d.BaseDelay, time.Minute, d.MaxRetryAfter, d.AttemptTimeout, RetryBudget{3, d.Budget.PerSuccess, d.Budget.PerMinute}},
		},
	} {
		got, err := tt.given.fill("New", DefaultRetryPolicy())
		require.NoError(t, err)
		assert.Equal(t, tt.want, got)
	}
	// These are the values that the documentation promises.
	assert.Equal(t, 4, d.MaxAttempts)
	assert.Equal(t, 250*time.Millisecond, d.BaseDelay)
	assert.Equal(t, 8*time.Second, d.MaxDelay)
	assert.Equal(t, time.Minute, d.MaxRetryAfter)
	assert.Equal(t, 30*time.Second, d.AttemptTimeout)
}

func TestTransportOfTheClient(t *testing.T) {
	tr := transport.New()
	assert.GreaterOrEqual(t, tr.TLSClientConfig.MinVersion, uint16(tls.VersionTLS12))
	assert.False(t, tr.TLSClientConfig.InsecureSkipVerify)
	assert.GreaterOrEqual(t, tr.MaxIdleConnsPerHost, 64)
	assert.GreaterOrEqual(t, tr.MaxIdleConns, tr.MaxIdleConnsPerHost)
	assert.Zero(t, tr.MaxConnsPerHost, "no call waits for a connection of another")
	assert.True(t, tr.ForceAttemptHTTP2)
	assert.NotNil(t, tr.Proxy)
	for name, d := range map[string]time.Duration{
		"TLS handshake": tr.TLSHandshakeTimeout, "idle": tr.IdleConnTimeout,
	} {
		assert.Positive(t, d, name)
	}
	assert.NotSame(t, transport.New(), tr, "each client has a transport of its own")
}

func TestUserAgent(t *testing.T) {
	for given, want := range map[string]string{"": version.UserAgent(), "shop/1.4": "shop/1.4 " + version.UserAgent()} {
		rt := play(reply(200, orderJSON))
		_, err := newClient(t, rt, WithUserAgent(given)).GetOrder(t.Context(), "x")
		require.NoError(t, err)
		assert.Equal(t, []string{want}, rt.requests()[0].header["User-Agent"])
	}
	assert.True(t, strings.HasPrefix(version.UserAgent(), "cnaught-go"))
}

func TestBaseURLWithAZone(t *testing.T) {
	for _, base := range []string{"http://[fe80::1%25Eth0]:8080/v1", "https://[fe80::1%25Eth0]/v1"} {
		rt := play(reply(200, orderJSON))
		_, err := newClient(t, rt, WithBaseURL(base), WithInsecureHTTP()).GetOrder(t.Context(), "x")
		require.NoError(t, err)
		u, err := url.Parse(rt.requests()[0].url)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(u.Host, "[fe80::1%Eth0]"), u.Host)
	}
	for _, base := range []string{"https://api.test/v1 ", " https://api.test/v1", "https://api.test/v1\n", "https://api.test/v1\t"} {
		_, err := New(testKey, WithBaseURL(base))
		assert.ErrorContains(t, err, "white space", "%q", base)
		assert.ErrorIs(t, err, ErrInvalidRequest)
	}
}

func TestClientNamesItsBaseURLAndSubaccount(t *testing.T) {
	c := newClient(t, play(), WithSubaccount("sub"))
	assert.Equal(t, "sub", c.Subaccount())
	assert.Empty(t, newClient(t, play()).Subaccount())
}
