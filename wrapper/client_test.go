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
	for raw, want := range map[string]string{ // "" for refused
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
		"http://sandbox.localhost/v1":              "", // DNS says where it is
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

func TestNewSaysWhatIsWrong(t *testing.T) {
	for want, f := range map[string]func() (*Client, error){
		"API key begins or ends with white space (a line break?)":   func() (*Client, error) { return New("C0-x\n") },
		`API key contains a space (leave out "Bearer")`:             func() (*Client, error) { return New("Bearer C0-x") },
		"API key contains characters outside printable ASCII":       func() (*Client, error) { return New("clé") },
		"subaccount is empty":                                       func() (*Client, error) { return New(testKey, WithSubaccount("")) },
		"base URL has a port that is not 1 to 65535":                func() (*Client, error) { return New(testKey, WithBaseURL("https://a.test:99999/v1")) },
		"RetryPolicy.Budget.Capacity is negative or not a number":   func() (*Client, error) { return New(testKey, withBudget(math.NaN(), 0)) },
		"RetryPolicy.Budget.PerSuccess is negative or not a number": func() (*Client, error) { return New(testKey, withBudget(1, -1)) },
	} {
		_, err := f()
		assert.EqualError(t, err, "cnaught: New: "+want)
	}
}

func TestInsecureHTTPHasToBeAskedFor(t *testing.T) {
	_, err := New(testKey, WithBaseURL("http://staging.internal/v1"))
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.ErrorContains(t, err, "unencrypted")
	_, err = New(testKey, WithBaseURL("http://staging.internal/v1"), WithInsecureHTTP())
	assert.NoError(t, err)
}

func TestNewRefuses(t *testing.T) {
	for name, f := range map[string]func() (*Client, error){
		"no key":                         func() (*Client, error) { return New("") },
		"key with a space":               func() (*Client, error) { return New("C0 x") },
		"key with a line break":          func() (*Client, error) { return New("C0-x\r\nX-Evil: 1") },
		"key with a trailing newline":    func() (*Client, error) { return New("C0-x\n") },
		"key that is not ASCII":          func() (*Client, error) { return New("clé") },
		"key with NUL":                   func() (*Client, error) { return New("C0\x00") },
		"empty subaccount":               func() (*Client, error) { return New(testKey, WithSubaccount("")) },
		"port 0":                         func() (*Client, error) { return New(testKey, WithBaseURL("https://a.test:0/v1")) },
		"port 65536":                     func() (*Client, error) { return New(testKey, WithBaseURL("https://a.test:65536/v1")) },
		"subaccount with a line break":   func() (*Client, error) { return New(testKey, WithSubaccount("a\nb")) },
		"subaccount with spaces around":  func() (*Client, error) { return New(testKey, WithSubaccount(" a")) },
		"user agent with a line break":   func() (*Client, error) { return New(testKey, WithUserAgent("a\nb")) },
		"response limit 0":               func() (*Client, error) { return New(testKey, WithMaxResponseBytes(0)) },
		"response limit negative":        func() (*Client, error) { return New(testKey, WithMaxResponseBytes(-1)) },
		"negative attempts":              func() (*Client, error) { return New(testKey, WithRetryPolicy(RetryPolicy{MaxAttempts: -1})) },
		"negative base delay":            func() (*Client, error) { return New(testKey, WithRetryPolicy(RetryPolicy{BaseDelay: -1})) },
		"negative max delay":             func() (*Client, error) { return New(testKey, WithRetryPolicy(RetryPolicy{MaxDelay: -1})) },
		"negative max Retry-After":       func() (*Client, error) { return New(testKey, WithRetryPolicy(RetryPolicy{MaxRetryAfter: -1})) },
		"negative attempt timeout":       func() (*Client, error) { return New(testKey, WithRetryPolicy(RetryPolicy{AttemptTimeout: -1})) },
		"negative budget":                func() (*Client, error) { return New(testKey, withBudget(-1, 0)) },
		"negative refill":                func() (*Client, error) { return New(testKey, withBudget(1, -0.1)) },
		"budget that is not a number":    func() (*Client, error) { return New(testKey, withBudget(math.NaN(), 0)) },
		"refill that is not a number":    func() (*Client, error) { return New(testKey, withBudget(1, math.NaN())) },
		"environment without a key":      func() (*Client, error) { return NewFromEnv() },
		"environment without, but a URL": func() (*Client, error) { return NewFromEnv(WithBaseURL("https://api.test")) },
	} {
		t.Setenv("CNAUGHT_API_KEY", "")
		c, err := f()
		assert.ErrorIs(t, err, ErrInvalidRequest, name)
		assert.Nil(t, c, name)
	}
}

func withBudget(capacity, perSuccess float64) Option {
	return WithRetryPolicy(RetryPolicy{Budget: RetryBudget{Capacity: capacity, PerSuccess: perSuccess}})
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
	// The values that the documentation promises.
	assert.Equal(t, 4, d.MaxAttempts)
	assert.Equal(t, 250*time.Millisecond, d.BaseDelay)
	assert.Equal(t, 8*time.Second, d.MaxDelay)
	assert.Equal(t, time.Minute, d.MaxRetryAfter)
	assert.Equal(t, 30*time.Second, d.AttemptTimeout)
}

func TestOwnTransport(t *testing.T) {
	tr := transport.New()
	assert.GreaterOrEqual(t, tr.TLSClientConfig.MinVersion, uint16(tls.VersionTLS12))
	assert.False(t, tr.TLSClientConfig.InsecureSkipVerify)
	assert.GreaterOrEqual(t, tr.MaxIdleConnsPerHost, 64)
	assert.GreaterOrEqual(t, tr.MaxIdleConns, tr.MaxIdleConnsPerHost)
	assert.Zero(t, tr.MaxConnsPerHost, "nobody queues")
	assert.True(t, tr.ForceAttemptHTTP2)
	assert.NotNil(t, tr.Proxy)
	for name, d := range map[string]time.Duration{
		"TLS handshake": tr.TLSHandshakeTimeout, "idle": tr.IdleConnTimeout,
	} {
		assert.Positive(t, d, name)
	}
	assert.NotSame(t, transport.New(), tr, "clients share no connections")
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
