package bench

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

const (
	logoBytes   = 64 << 20
	uploadBound = 1 << 20
)

// A logo goes from the file to the network through small buffers, however
// often it is sent.
func TestUploadMemory(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts int
		read     int64 // how much of the body the server reads before it fails an attempt
	}{
		{"once", 1, 0},
		{"retried after the whole body", 3, logoBytes},
		{"retried after half of it", 3, logoBytes / 2},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(test.name+" "+protocol, func(t *testing.T) {
				upload, received := newUpload(t, protocol, test.attempts, test.read)
				file := newLogo(t)
				peak := onePeakOf(t, func() error {
					_, err := file.Seek(0, io.SeekStart)
					require.NoError(t, err)
					return upload(t.Context(), file)
				})
				assert.EqualValues(t, 1, received.whole.Load(), "whole bodies")
				assert.EqualValues(t, test.attempts, received.requests.Load())
				t.Logf("%d KiB alive at most to send %d MiB %d times", peak>>10, logoBytes>>20, test.attempts)
				assert.Less(t, peak, uint64(uploadBound))
			})
		}
	}
}

// newLogo is a sparse file: all that is in it are zeros.
func newLogo(t *testing.T) *os.File {
	file, err := os.Create(filepath.Join(t.TempDir(), "logo.png"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	require.NoError(t, file.Truncate(logoBytes))
	return file
}

type received struct{ requests, whole atomic.Int64 }

// newUpload returns a call against a server that fails all attempts of a call
// but the last.
func newUpload(t *testing.T, protocol string, attempts int, read int64) (func(context.Context, io.Reader) error, *received) {
	got := new(received)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, protocol, r.Proto)
		if got.requests.Add(1)%int64(attempts) != 0 {
			io.CopyN(io.Discard, r.Body, read)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if n, _ := io.Copy(io.Discard, r.Body); n == logoBytes {
			got.whole.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"5nubL0NS"}`)
	}))
	server.EnableHTTP2 = protocol == "HTTP/2.0"
	// Go's server buffers 1 MiB, which would count, since it is in this process.
	// It also announces frames of 1 MiB, for which net/http takes 512 KiB in each
	// attempt; 16 KiB is what RFC 9113 has a server begin with.
	server.Config.HTTP2 = &http.HTTP2Config{
		MaxReceiveBufferPerConnection: 64 << 10,
		MaxReceiveBufferPerStream:     64 << 10,
		MaxReadFrameSize:              16 << 10,
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	client, err := cnaught.New(apiKey, cnaught.WithBaseURL(server.URL+"/v1"), cnaught.WithHTTPClient(server.Client()),
		cnaught.WithRetryPolicy(cnaught.RetryPolicy{BaseDelay: time.Millisecond}))
	require.NoError(t, err)
	return func(ctx context.Context, body io.Reader) error {
		_, err := client.UploadSubaccountLogo(ctx, "5nubL0NS", "image/png", body)
		return err
	}, got
}
