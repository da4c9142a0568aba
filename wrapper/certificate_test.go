package cnaught

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/transport"
)

const pdf = "%PDF-1.7\ncertificate\n%%EOF\n"

func certified(url string) *api.Order {
	return &api.Order{ID: "Gre28Fc35bt3", CertificateDownloadPublicURL: &url}
}

// registryHost is a server that records its requests.
type registryHost struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

// openRegistry starts a registryHost that answers by the path of a request.
func openRegistry(t *testing.T, answers map[string]http.HandlerFunc) *registryHost {
	r := new(registryHost)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.requests = append(r.requests, req.Clone(context.Background()))
		r.mu.Unlock()
		if answer := answers[req.URL.Path]; answer != nil {
			answer(w, req)
			return
		}
		http.NotFound(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// No server gets the API key with a download, whether it succeeds or not, and not
// even a server on the API's own host.
func TestCertificateHostGetsNoKey(t *testing.T) {
	registry := openRegistry(t, nil)
	handlers := map[string]http.HandlerFunc{
		"/pdf":       text(200, pdf),
		"/moved":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/pdf", http.StatusFound) },
		"/elsewhere": nil,
		"/html":      text(200, "<html>"),
		"/down":      text(503, ""),
	}
	second := openRegistry(t, handlers)
	handlers["/elsewhere"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(second.URL, "127.0.0.1", "localhost", 1)+"/pdf", http.StatusTemporaryRedirect)
	}
	registry.Config.Handler = second.Config.Handler

	var log bytes.Buffer
	c := newTestClient(t, second.URL+"/v1", quick(2), WithSubaccount("5nubL0NS"), logTo(&log, slog.LevelDebug))
	for _, host := range []string{registry.URL, second.URL} {
		for path := range handlers {
			err := c.DownloadCertificate(t.Context(), certified(host+path), io.Discard)
			if err != nil {
				assert.NotContains(t, err.Error(), testKey)
			}
		}
	}
	assert.GreaterOrEqual(t, len(second.requests), 2*(1+2+2+1+2))
	for _, req := range second.requests {
		assert.Equal(t, http.MethodGet, req.Method)
		assert.NotContains(t, fmt.Sprint(req.Header), testKey, req.URL)
		assert.Empty(t, req.Header.Values("Authorization"), req.URL)
		assert.Empty(t, req.Header.Values("X-Subaccount-Id"), req.URL)
		assert.Equal(t, "application/pdf", req.Header.Get("Accept"), req.URL)
		assert.Contains(t, req.Header.Get("User-Agent"), "cnaught-go", req.URL)
	}
	assert.NotContains(t, log.String(), testKey)
	assert.Contains(t, log.String(), "DownloadCertificate")
}

func TestDownloadCertificate(t *testing.T) {
	large := pdf + strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		answer  http.HandlerFunc
		limit   int64
		written string
		says    string // empty: no error
	}{
		"a PDF":                {text(200, pdf), 1 << 20, pdf, ""},
		"the shortest":         {text(200, "%PDF-"), 1 << 20, "%PDF-", ""},
		"larger than a buffer": {text(200, large), 1 << 20, large, ""},
		"exactly the bound":    {text(200, large), int64(len(large)), large, ""},
		"over the bound": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(large)))
			io.WriteString(w, large)
		}, int64(len(large)) - 1, "", "larger than the limit"},
		"over it, of unknown length": {text(200, large), int64(len(large)) - 1, large[:len(large)-1], "larger than the limit"},
		"another media type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			io.WriteString(w, pdf)
		}, 1 << 20, pdf, ""},
		"a page":                  {text(200, "<html>Please log in</html>"), 1 << 20, "", `the body is not a PDF; body "<html>Please log in</html>"`},
		"a mark behind the start": {text(200, " "+pdf), 1 << 20, "", "the body is not a PDF"},
		"too short":               {text(200, "%PDF"), 1 << 20, "", "the body is not a PDF"},
		"nothing":                 {text(200, ""), 1 << 20, "", "the body is not a PDF"},
		"no content":              {text(204, ""), 1 << 20, "", "the body is not a PDF"},
		"not there":               {http.NotFound, 1 << 20, "", "404 Not Found"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, pdf)
		}, 1 << 20, pdf, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			registry := openRegistry(t, map[string]http.HandlerFunc{"/pdf": test.answer})
			var w bytes.Buffer
			var response Response
			c := newTestClient(t, registry.URL+"/v1", quick(3), WithMaxResponseBytes(test.limit))
			err := c.DownloadCertificate(t.Context(), certified(registry.URL+"/pdf"), &w, WithResponse(&response))
			assert.True(t, test.written == w.String(), "%d bytes were written, not %d", w.Len(), len(test.written))
			assert.Len(t, registry.requests, 1, "none of these is repeated")
			assert.Equal(t, 1, response.Attempts)
			if test.says == "" {
				require.NoError(t, err)
				assert.Equal(t, 200, response.StatusCode)
				return
			}
			require.ErrorContains(t, err, test.says)
			assert.True(t, strings.HasPrefix(err.Error(), "cnaught: DownloadCertificate: "), err)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			assert.Equal(t, name == "not there", errors.Is(err, ErrNotFound))
		})
	}
}

// A download is repeated after a failure before the first byte. Later it is not,
// because w already has a part of the certificate.
func TestDownloadCertificateIsRepeatedUntilTheFirstByte(t *testing.T) {
	var w bytes.Buffer
	rt := play(reply(503, ``), breakWith(errReset), replyBody(200, io.MultiReader(strings.NewReader("%PD"), iotest.ErrReader(errReset))), reply(200, pdf))
	err := newClient(t, rt, quick(4)).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), &w)
	require.NoError(t, err)
	assert.Equal(t, pdf, w.String())
	assert.Zero(t, rt.open())

	w.Reset()
	rt = play(replyBody(200, io.MultiReader(strings.NewReader(pdf), iotest.ErrReader(errReset))), reply(200, pdf))
	err = newClient(t, rt, quick(4)).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), &w)
	require.ErrorIs(t, err, errReset)
	assert.Equal(t, pdf, w.String())
	assert.Equal(t, 1, rt.count())
	assert.Zero(t, rt.open())
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestDownloadCertificateToABrokenWriter(t *testing.T) {
	full := errors.New("no space left on device")
	rt := play(reply(200, pdf))
	err := newClient(t, rt, quick(4)).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), brokenWriter{full})
	require.ErrorIs(t, err, full)
	assert.Equal(t, 1, rt.count())
	assert.Zero(t, rt.open())
}

// A certificate that comes slowly is streamed, and the download ends with the
// attempt's timeout or with the caller's context.
func TestSlowCertificateDownload(t *testing.T) {
	for name, test := range map[string]struct {
		deadline time.Duration
		want     string
		elapsed  time.Duration
	}{
		"attempt timeout":         {time.Hour, "no whole answer within 30s", 30 * time.Second},
		"deadline of the context": {10 * time.Second, context.DeadlineExceeded.Error(), 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				read, write := io.Pipe()
				rt := play(func(req *http.Request) (*http.Response, error) {
					context.AfterFunc(req.Context(), func() { write.CloseWithError(req.Context().Err()) })
					return replyBody(200, read)(req)
				})
				go io.WriteString(write, pdf)
				var w bytes.Buffer
				started := time.Now()
				err := newClient(t, rt).DownloadCertificate(ctx, certified("https://registry.test/pdf"), &w)
				require.ErrorContains(t, err, test.want)
				assert.Equal(t, test.elapsed, time.Since(started))
				assert.Equal(t, pdf, w.String(), "what had come was written at once")
				assert.Equal(t, 1, rt.count())
			})
		})
	}
}

func TestCertificateRedirects(t *testing.T) {
	to := func(location string) step { return reply(302, ``, "Location", location) }
	rt := play(to("https://storage.test/signed?key=secret"), reply(200, pdf))
	var w bytes.Buffer
	require.NoError(t, newClient(t, rt).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), &w))
	assert.Equal(t, pdf, w.String())
	assert.Equal(t, "https://storage.test/signed?key=secret", rt.requests()[1].url)

	for name, location := range map[string]string{
		"plain http": "http://registry.test/pdf", "to this machine": "http://127.0.0.1/pdf", "a file": "file:///etc/passwd", "in a circle": "https://registry.test/pdf",
	} {
		rt := play(to(location))
		err := newClient(t, rt, quick(3)).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), &w)
		assert.Equal(t, 302, as[*Error](t, err).StatusCode, name)
		assert.LessOrEqual(t, rt.count(), transport.MaxRedirects, name)
		assert.Zero(t, rt.open(), name)
	}

	// The address of a redirect may be a secret, so no error holds it.
	rt = play(to("https://storage.test/signed?key=secret"), breakWith(errReset))
	err := newClient(t, rt, quick(1)).DownloadCertificate(t.Context(), certified("https://registry.test/pdf"), &w)
	require.ErrorIs(t, err, errReset)
	assert.NotContains(t, err.Error(), "secret")
}

func TestDownloadCertificateRefusesBadInput(t *testing.T) {
	download := func(order *api.Order, opts ...CallOption) func(c *Client) error {
		return func(c *Client) error { return c.DownloadCertificate(t.Context(), order, io.Discard, opts...) }
	}
	for name, call := range map[string]func(c *Client) error{
		"no order":           download(nil),
		"cancelled":          download(&api.Order{ID: "x", State: api.OrderStateCancelled}),
		"empty":              download(certified("")),
		"plain http":         download(certified("http://registry.test/pdf")),
		"this machine":       download(certified("http://127.0.0.1/pdf")),
		"relative":           download(certified("/pdf")),
		"a file":             download(certified("file:///etc/passwd")),
		"unreadable":         download(certified("https://a\x7f")),
		"an idempotency key": download(certified("https://registry.test/pdf"), WithIdempotencyKey("k")),
		"a subaccount":       download(certified("https://registry.test/pdf"), ForSubaccount("5nubL0NS")),
		"a maximum price":    download(certified("https://registry.test/pdf"), WithMaxPrice(1)),
	} {
		refused(t, name, call)
	}
}
