package bench

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// transport answers every request with one body, without a network. As
// net/http does, it gives each answer a header map and a body of its own.
type transport struct {
	status int
	header http.Header
	body   []byte
	length int64 // -1 if it is not known
}

// newTransport returns a transport that answers with a Content-Length, as a server
// does that knows what it sends.
func newTransport(body []byte) *transport {
	return &transport{
		status: http.StatusOK,
		body:   body,
		length: int64(len(body)),
		header: http.Header{
			"Content-Type":              {"application/json"},
			"Content-Length":            {strconv.Itoa(len(body))},
			"Date":                      {"Sun, 31 Jul 2022 18:00:00 GMT"},
			"Server":                    {"nginx"},
			"Cache-Control":             {"no-store"},
			"Vary":                      {"Accept-Encoding"},
			"Strict-Transport-Security": {"max-age=31536000; includeSubDomains"},
			"X-Request-Id":              {"0HN5T1Q7C2B6A:00000001"},
		},
	}
}

// newStreamTransport returns a transport that answers without a Content-Length, as a
// server does that streams or compresses.
func newStreamTransport(body []byte) *transport {
	t := newTransport(body)
	t.length = -1
	t.header.Del("Content-Length")
	return t
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status:        http.StatusText(t.status),
		StatusCode:    t.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        t.header.Clone(),
		Body:          io.NopCloser(bytes.NewReader(t.body)),
		ContentLength: t.length,
		Request:       req,
	}, nil
}
