package cnaught

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replaceDefaultTransport makes mock the http.DefaultTransport until the test ends.
func replaceDefaultTransport(t *testing.T, mock http.RoundTripper) {
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	http.DefaultTransport = mock
}

// A mock that replaces the transport after the client was made gets the client's
// calls, so that a test does not buy.
func TestMocksPutInPlaceAfterNew(t *testing.T) {
	network := play(breakWith(errReset))
	for name, start := range map[string]func(t *testing.T, mock http.RoundTripper) *Client{
		"http.DefaultTransport, for a client without an http.Client": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase)
			replaceDefaultTransport(t, mock)
			return c
		},
		"http.DefaultTransport, for an http.Client without a Transport": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithHTTPClient(&http.Client{}))
			replaceDefaultTransport(t, mock)
			return c
		},
		"http.DefaultTransport, below middleware": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithMiddleware(passOn))
			replaceDefaultTransport(t, mock)
			return c
		},
		"the Transport of the http.Client": func(t *testing.T, mock http.RoundTripper) *Client {
			hc := &http.Client{Transport: network}
			c := newTestClient(t, testBase, WithHTTPClient(hc))
			hc.Transport = mock
			return c
		},
		"http.DefaultClient": func(t *testing.T, mock http.RoundTripper) *Client {
			c := newTestClient(t, testBase, WithHTTPClient(http.DefaultClient))
			before := http.DefaultClient.Transport
			t.Cleanup(func() { http.DefaultClient.Transport = before })
			http.DefaultClient.Transport = mock
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range actingCalls {
				mock := play(reply(201, call.answer))
				t.Run(call.name, func(t *testing.T) {
					assert.NoError(t, call.call(t.Context(), start(t, mock)))
					assert.Equal(t, 1, mock.count())
				})
			}
		})
	}
	assert.Zero(t, network.count())
}

// The settings of the http.Client are read for each attempt, not for each call.
func TestHTTPClientIsReadForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hc := new(http.Client)
		second := play(hang)
		hc.Transport = silent(func(req *http.Request) (*http.Response, error) {
			hc.Transport, hc.Timeout = second, 2*time.Second
			hc.Jar, _ = cookiejar.New(nil)
			hc.Jar.SetCookies(req.URL, []*http.Cookie{{Name: "route", Value: "b"}})
			return reply(503, ``)(req)
		})
		c := newClient(t, nil, WithHTTPClient(hc), quick(2))
		_, err := c.GetOrder(t.Context(), "x")
		assert.ErrorContains(t, err, "no whole answer within 2s")
		require.Equal(t, 1, second.count())
		assert.Equal(t, "route=b", second.requests()[0].header.Get("Cookie"))
	})
}

// A Location that is no URL makes an http.Client fail that follows redirects. This
// client does not follow them.
func TestMalformedLocationWithACookieJar(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for _, location := range []string{"http://[::1", "%zz", ":", "http://a b/", "\x7f"} {
		for _, hc := range []*http.Client{{Jar: jar}, {}, {Jar: jar, Timeout: time.Minute}} {
			rt := play(reply(302, ``, "Location", location))
			hc.Transport = rt
			c := newClient(t, nil, WithHTTPClient(hc))
			_, err := c.GetOrder(t.Context(), "x")
			assert.Equal(t, 302, as[*Error](t, err).StatusCode, location)
			assert.Equal(t, 1, rt.count(), location)
			_, err = c.PlaceOrder(t.Context(), tenKg)
			assert.Equal(t, 302, as[*Error](t, err).StatusCode, location)
			assert.ErrorIs(t, err, ErrOutcomeUnknown)
		}
	}
}

// The caller's http.Client is used, but not changed.
func TestCallersHTTPClientIsNotChanged(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(temperamental))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	redirects := func(*http.Request, []*http.Request) error { return nil }
	tr := &http.Transport{MaxIdleConns: 3, IdleConnTimeout: time.Minute, DisableCompression: true}
	for name, hc := range map[string]*http.Client{
		"bare": {}, "with all": {Transport: tr, CheckRedirect: redirects, Jar: jar, Timeout: time.Minute}, "with a transport": {Transport: tr},
	} {
		before := *hc
		settings := exported(tr)
		c := newTestClient(t, server.URL+"/v1", WithHTTPClient(hc), quick(2))
		for _, id := range []string{"good", "missing", "broken"} {
			c.GetOrder(t.Context(), id)
		}
		assert.Equal(t, before.Transport, hc.Transport, name)
		assert.Equal(t, before.Jar, hc.Jar, name)
		assert.Equal(t, before.Timeout, hc.Timeout, name)
		assert.Equal(t, reflect.ValueOf(before.CheckRedirect).Pointer(), reflect.ValueOf(hc.CheckRedirect).Pointer(), name)
		assert.Equal(t, settings, exported(tr), name)
	}
	tr.CloseIdleConnections()

	rt := play(reply(200, orderJSON))
	_, err = newClient(t, nil, WithHTTPClient(&http.Client{Transport: rt, Timeout: time.Minute})).GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, 1, rt.count(), "its transport is used")
}

// exported returns the settings of a transport, except for those that net/http sets
// itself.
func exported(tr *http.Transport) map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(tr).Elem()
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case !f.IsExported() || f.Name == "TLSNextProto" || f.Name == "TLSClientConfig" || f.Name == "Protocols":
		case f.Type.Kind() == reflect.Func:
			out[f.Name] = v.Field(i).IsNil()
		default:
			out[f.Name] = v.Field(i).Interface()
		}
	}
	return out
}

func TestJarAcrossAttempts(t *testing.T) {
	var cookies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, strings.Join(r.Header["Cookie"], " | "))
		http.SetCookie(w, &http.Cookie{Name: "route", Value: fmt.Sprint("node-", len(cookies))})
		w.Header().Set("Content-Type", "application/json")
		if len(cookies) < 4 {
			w.WriteHeader(503)
		}
		io.WriteString(w, orderJSON)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	_, err = newTestClient(t, server.URL+"/v1", WithHTTPClient(&http.Client{Jar: jar}), quick(4)).GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "route=node-1", "route=node-2", "route=node-3"}, cookies)
}

func TestTimeoutOfTheCallersHTTPClientIsPerAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := play(hang, reply(200, orderJSON))
		c := newClient(t, nil, WithHTTPClient(&http.Client{Transport: rt, Timeout: 3 * time.Second}))
		start := time.Now()
		_, err := c.GetOrder(t.Context(), "x")
		require.NoError(t, err)
		assert.Equal(t, 3250*time.Millisecond, time.Since(start))
	})
}
