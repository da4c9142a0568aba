package cnaught

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func upload(ctx context.Context, c *Client, body io.Reader) error {
	return errorOf(c.UploadSubaccountLogo(ctx, "s", "image/png", body))
}

func TestLogoTypes(t *testing.T) {
	for _, contentType := range []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"} {
		rt := play(reply(200, subaccountJSON))
		_, err := newClient(t, rt).UploadSubaccountLogo(t.Context(), "s", contentType, strings.NewReader("x"))
		require.NoError(t, err)
		assert.Equal(t, []string{contentType}, rt.requests()[0].header["Content-Type"])
	}
	for _, contentType := range []string{"", "image/gif", "IMAGE/PNG", "image/png; charset=x", "image/jpg", "image/*", "text/plain", "image/png\r\nX-Evil: 1"} {
		refused(t, contentType, func(c *Client) error {
			return errorOf(c.UploadSubaccountLogo(t.Context(), "s", contentType, strings.NewReader("x")))
		})
	}
}

func TestLogoIsRewound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logo.png")
	content := bytes.Repeat([]byte("logo"), 50_000)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	const start = 7 // the caller has read something already
	for name, open := range map[string]func(t *testing.T) io.ReadSeeker{
		"file": func(t *testing.T) io.ReadSeeker {
			f, err := os.Open(file)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, f.Close(), "it was still open") })
			return f
		},
		"bytes":   func(*testing.T) io.ReadSeeker { return bytes.NewReader(content) },
		"strings": func(*testing.T) io.ReadSeeker { return strings.NewReader(string(content)) },
		"section": func(*testing.T) io.ReadSeeker {
			return io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))
		},
		"a byte at once": func(*testing.T) io.ReadSeeker { return struct{ io.ReadSeeker }{bytes.NewReader(content)} },
	} {
		t.Run(name, func(t *testing.T) {
			body := open(t)
			_, err := body.Seek(start, io.SeekStart)
			require.NoError(t, err)
			rt := play(reply(500, ``), breakWith(errReset), reply(503, ``), reply(200, subaccountJSON))
			require.NoError(t, upload(t.Context(), newClient(t, rt, quick(4)), body))
			require.Equal(t, 4, rt.count())
			for i, r := range rt.requests() {
				assert.Equal(t, content[start:], r.body, "attempt %d", i)
				assert.Equal(t, int64(len(content)-start), r.length, "Content-Length of attempt %d", i)
			}
		})
	}
}

func TestLogoOverTCP(t *testing.T) {
	var got [][]byte
	var lengths []int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		got = append(got, body)
		lengths = append(lengths, r.ContentLength)
		w.Header().Set("Content-Type", "application/json")
		if len(got) == 1 {
			w.WriteHeader(500)
		}
		io.WriteString(w, subaccountJSON)
	}))
	defer server.Close()
	c := newTestClient(t, server.URL+"/v1", quick(2))
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	require.NoError(t, upload(t.Context(), c, bytes.NewReader(content)))
	assert.Equal(t, [][]byte{content, content}, got)
	assert.Equal(t, []int64{1e6, 1e6}, lengths)

	require.NoError(t, upload(t.Context(), c, io.MultiReader(bytes.NewReader(content))))
	assert.Equal(t, content, got[2])
	assert.Equal(t, int64(-1), lengths[2], "streamed in chunks")

	require.NoError(t, upload(t.Context(), c, strings.NewReader("")))
	assert.Empty(t, got[3])
	assert.Zero(t, lengths[3])
}

func TestEmptyLogoIsRetried(t *testing.T) {
	rt := play(reply(500, ``), reply(400, ``))
	err := upload(t.Context(), newClient(t, rt, quick(2)), strings.NewReader(""))
	assert.Error(t, err)
	assert.Equal(t, 2, rt.count())
}

func TestLogoFromAPipeIsSentOnce(t *testing.T) {
	osReader, osWriter, err := os.Pipe()
	require.NoError(t, err)
	defer osReader.Close()
	go func() { io.WriteString(osWriter, "logo"); osWriter.Close() }()
	ioReader, ioWriter := io.Pipe()
	go func() { io.WriteString(ioWriter, "logo"); ioWriter.Close() }()
	for name, body := range map[string]io.Reader{
		"os.Pipe": osReader, "io.Pipe": ioReader, "bytes.Buffer": bytes.NewBufferString("logo"), "plain reader": io.MultiReader(strings.NewReader("logo")),
	} {
		rt := play(reply(503, ``), reply(200, subaccountJSON))
		err := upload(t.Context(), newClient(t, rt, quick(3)), body)
		assert.Equal(t, 503, as[*Error](t, err).StatusCode, name)
		assert.Equal(t, 1, rt.count(), name)
		assert.Equal(t, "logo", string(rt.requests()[0].body), name)
	}
}

type brokenSeeker struct {
	io.Reader
	fail int // the call of Seek that fails
	n    int
}

func (b *brokenSeeker) Seek(_ int64, whence int) (int64, error) {
	if b.n++; b.n >= b.fail {
		return 0, errors.New("seek failed")
	}
	if whence == io.SeekEnd {
		return 4, nil
	}
	return 0, nil
}

func TestLogoThatFailsToSeek(t *testing.T) {
	rt := play(reply(200, subaccountJSON))
	require.NoError(t, upload(t.Context(), newClient(t, rt), &brokenSeeker{Reader: strings.NewReader("logo"), fail: 1}), "as any reader")
	assert.Equal(t, "logo", string(rt.requests()[0].body))
	for fail := 2; fail <= 4; fail++ {
		rt := play(reply(200, subaccountJSON))
		err := upload(t.Context(), newClient(t, rt), &brokenSeeker{Reader: strings.NewReader("logo"), fail: fail})
		assert.ErrorIs(t, err, ErrInvalidRequest)
		assert.Zero(t, rt.count())
	}
}

func TestLogoThatFailsToRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	err := upload(t.Context(), newTestClient(t, server.URL+"/v1", quick(2)), io.MultiReader(strings.NewReader("logo"), failing{}))
	assert.ErrorContains(t, err, "request body: cable pulled")
	as[*TransportError](t, err)
}

func TestLogoThatFailsToReadIsNotRetried(t *testing.T) {
	rt := play(reply(200, subaccountJSON))
	body := struct {
		io.Reader
		io.Seeker
	}{failing{}, strings.NewReader("logo")}
	err := upload(t.Context(), newClient(t, rt, quick(4)), body)
	assert.ErrorContains(t, err, "request body: cable pulled")
	assert.Equal(t, 1, as[*TransportError](t, err).Attempts, "a broken disk stays one")
}

func TestLogoBehindItsEnd(t *testing.T) {
	body := strings.NewReader("logo")
	body.Seek(10, io.SeekStart)
	refused(t, "body past its end", func(c *Client) error { return upload(t.Context(), c, body) })
}

// A transport may go on reading the body of an attempt that is over. It must
// get nothing more: not while the next attempt reads, and not when the call is
// over and the body is the caller's again.
func TestOldAttemptStealsNothing(t *testing.T) {
	content := []byte(strings.Repeat("0123456789", 100))
	var old []io.ReadCloser
	var seen [][]byte
	rt := step(func(req *http.Request) (*http.Response, error) {
		old = append(old, req.Body)
		for _, body := range old[:len(old)-1] {
			n, err := body.Read(make([]byte, 10))
			assert.Zero(t, n)
			assert.ErrorIs(t, err, errTakenAway)
		}
		if len(old) < 3 {
			io.ReadFull(req.Body, make([]byte, 100*len(old)))
			return reply(500, ``)(req) // leaves the body half read and open
		}
		data, err := io.ReadAll(req.Body)
		seen = append(seen, data)
		require.NoError(t, err)
		return reply(200, subaccountJSON)(req)
	})
	body := bytes.NewReader(content)
	require.NoError(t, upload(t.Context(), newClient(t, rt, quick(3)), body))
	assert.Equal(t, [][]byte{content}, seen)
	for _, b := range old {
		body.Seek(0, io.SeekStart)
		n, err := b.Read(make([]byte, 10))
		assert.Zero(t, n)
		assert.Error(t, err)
		assert.NoError(t, b.Close())
	}
	assert.Equal(t, len(content), body.Len(), "the caller's body stays where the caller put it")
}

// The same over TCP, where net/http's own goroutine does the reading: the
// server refuses without reading, and the caller uses the file again at once.
func TestRefusedUploadLeavesTheBodyAlone(t *testing.T) {
	addr := listen(t, func(conn net.Conn) {
		defer conn.Close()
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}")
		buf := make([]byte, 4096) // takes the rest in, slowly
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	c := newTestClient(t, "http://"+addr+"/v1", quick(2))
	for range 5 {
		body := &watched{Reader: bytes.NewReader(make([]byte, 64<<20))}
		err := upload(t.Context(), c, body)
		assert.Equal(t, 413, as[*Error](t, err).StatusCode)
		body.over.Store(true)
		body.Seek(0, io.SeekStart) // a race, if anybody else still used it
		time.Sleep(5 * time.Millisecond)
		assert.Zero(t, body.late.Load(), "reads after the call")
	}
}

// Whatever the transport does after an early answer, it gets nothing.
func TestRefusedUploadIsTakenAway(t *testing.T) {
	var kept io.ReadCloser
	rt := step(func(req *http.Request) (*http.Response, error) {
		kept = req.Body
		return reply(413, ``)(req)
	})
	body := strings.NewReader("logo")
	require.Error(t, upload(t.Context(), newClient(t, rt), body))
	n, err := kept.Read(make([]byte, 4))
	assert.Zero(t, n)
	assert.ErrorIs(t, err, errTakenAway)
	assert.Equal(t, 4, body.Len())
}

// A body that can't seek is left alone too.
func TestRefusedStreamIsLeftAlone(t *testing.T) {
	var kept io.ReadCloser
	rt := step(func(req *http.Request) (*http.Response, error) {
		kept = req.Body
		return reply(413, ``)(req)
	})
	body := bytes.NewBufferString("logo")
	require.Error(t, upload(t.Context(), newClient(t, rt), body))
	n, err := kept.Read(make([]byte, 4))
	assert.Zero(t, n)
	assert.ErrorIs(t, err, errTakenAway)
	assert.Equal(t, "logo", body.String())
}

// watched counts the reads after the call.
type watched struct {
	*bytes.Reader
	over atomic.Bool
	late atomic.Int32
}

func (w *watched) Read(p []byte) (int, error) {
	if w.over.Load() {
		w.late.Add(1)
	}
	return w.Reader.Read(p)
}

func TestUploadHasNoLimitButTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() { // as slow as a camera
			for range 20 {
				time.Sleep(time.Second)
				io.WriteString(writer, "x")
			}
			writer.Close()
		})
		rt := play(reply(200, subaccountJSON))
		require.NoError(t, upload(t.Context(), newClient(t, rt), reader))
		assert.Equal(t, strings.Repeat("x", 20), string(rt.requests()[0].body))
		wg.Wait()
	})
}
