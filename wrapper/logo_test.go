package cnaught

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

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

// Every attempt sends the whole image, whatever it is read from.
func TestEveryAttemptSendsTheWholeLogo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logo.png")
	content := bytes.Repeat([]byte("logo"), 50_000)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for name, open := range map[string]func(t *testing.T) io.Reader{
		"file": func(t *testing.T) io.Reader {
			f, err := os.Open(file)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, f.Close(), "the caller closes the file") })
			return f
		},
		"file that was partly read": func(t *testing.T) io.Reader {
			f, err := os.Open(file)
			require.NoError(t, err)
			t.Cleanup(func() { f.Close() })
			_, err = f.Seek(7, io.SeekStart)
			require.NoError(t, err)
			return io.MultiReader(bytes.NewReader(content[:7]), f)
		},
		"bytes":              func(*testing.T) io.Reader { return bytes.NewReader(content) },
		"strings":            func(*testing.T) io.Reader { return strings.NewReader(string(content)) },
		"buffer":             func(*testing.T) io.Reader { return bytes.NewBuffer(content) },
		"one byte at a time": func(*testing.T) io.Reader { return iotest.OneByteReader(bytes.NewReader(content)) },
		"pipe": func(*testing.T) io.Reader {
			reader, writer := io.Pipe()
			go func() { writer.Write(content); writer.Close() }()
			return reader
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt := play(reply(500, ``), breakWith(errReset), reply(503, ``), reply(200, subaccountJSON))
			require.NoError(t, upload(t.Context(), newClient(t, rt, quick(4)), open(t)))
			require.Equal(t, 4, rt.count())
			for i, r := range rt.requests() {
				assert.Equal(t, content, r.body, "attempt %d", i)
				assert.Equal(t, int64(len(content)), r.length, "Content-Length of attempt %d", i)
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
	assert.Equal(t, int64(1e6), lengths[2])

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

func TestLogosThatCannotBeSent(t *testing.T) {
	for name, image := range map[string]io.Reader{
		"larger than 32 MiB":  endless(maxBody+1, 'x'),
		"fails at once":       iotest.ErrReader(errors.New("disk error")),
		"fails in the middle": io.MultiReader(strings.NewReader("logo"), iotest.ErrReader(errors.New("disk error"))),
	} {
		refused(t, name, func(c *Client) error { return upload(t.Context(), c, image) })
	}
	rt := play(reply(200, subaccountJSON))
	require.NoError(t, upload(t.Context(), newClient(t, rt), endless(maxBody, 'x')))
	assert.Len(t, rt.requests()[0].body, maxBody)
}

// An upload that is refused for another reason does not read the image.
func TestRefusedUploadLeavesTheReaderAlone(t *testing.T) {
	image := strings.NewReader("logo")
	refused(t, "id", func(c *Client) error {
		return errorOf(c.UploadSubaccountLogo(t.Context(), "..", "image/png", image))
	})
	assert.Equal(t, 4, image.Len())
}
