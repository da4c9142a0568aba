package cnaught

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
)

// allocated returns how much memory f allocates, freed or not. The peak can't be
// higher.
func allocated[T any](f func() T) (value T, total uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	value = f()
	runtime.ReadMemStats(&after)
	return value, after.TotalAlloc - before.TotalAlloc
}

const mib = 1 << 20

func TestHugeAnswersTakeBoundedMemory(t *testing.T) {
	stream := func(status int, length bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if length {
				w.Header().Set("Content-Length", "419430400")
			}
			w.WriteHeader(status)
			io.WriteString(w, `{"id":"x","metadata":"`)
			io.Copy(w, endless(400<<20-22, 'm'))
		}
	}
	bomb := func(status int) http.HandlerFunc {
		var member bytes.Buffer
		z := gzip.NewWriter(&member)
		io.Copy(z, endless(mib, '['))
		z.Close()
		return func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"), "net/http decompresses only what it has asked for")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			w.Write(bytes.Repeat(member.Bytes(), 400))
		}
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		limit   int64 // 0 for the default
		kept    int
		memory  uint64 // the most that client and server may allocate
	}{
		{"400 MB, chunked", stream(200, false), 200, 4 * mib, 4 * mib, 40 * mib},
		{"400 MB, announced", stream(200, true), 200, 4 * mib, 4 * mib, 40 * mib},
		{"400 MB, default limit", stream(200, true), 200, 0, 32 * mib, 300 * mib},
		{"400 MB error", stream(500, false), 500, 0, mib, 10 * mib},
		{"400 MB error, announced", stream(404, true), 404, 0, mib, 10 * mib},
		{"gzip bomb", bomb(200), 200, 4 * mib, 4 * mib, 40 * mib},
		{"gzip bomb as an error", bomb(400), 400, 0, mib, 10 * mib},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			opts := []Option{WithRetryPolicy(NoRetry())}
			if tt.limit != 0 {
				opts = append(opts, WithMaxResponseBytes(tt.limit))
			}
			c := newTestClient(t, server.URL+"/v1", opts...)
			err, total := allocated(func() error {
				order, err := c.GetOrder(t.Context(), "x")
				assert.Nil(t, order)
				for range 10 {
					assert.Less(t, len(err.Error()), 1000)
				}
				return err
			})
			assert.Less(t, total, tt.memory, "%d MiB", total/mib)
			t.Logf("%d MiB", total/mib)
			if tt.status/100 == 2 {
				assert.Len(t, as[*DecodeError](t, err).Body, tt.kept)
				assert.ErrorIs(t, err, limit.ErrTooLarge)
			} else {
				answer := as[*Error](t, err)
				assert.Equal(t, tt.status, answer.StatusCode)
				assert.Len(t, answer.Body, tt.kept)
			}
		})
	}
}

func TestWrongContentLengthAllocatesLittle(t *testing.T) {
	addr := listen(t, func(conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33554432\r\n\r\n{\"id\":")
	})
	c := newTestClient(t, "http://"+addr+"/v1", WithRetryPolicy(NoRetry()))
	err, total := allocated(func() error { return errorOf(c.GetOrder(t.Context(), "x")) })
	assert.Less(t, total, uint64(6*mib), "%d KiB", total>>10)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
