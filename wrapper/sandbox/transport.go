package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Transport returns a RoundTripper that hands requests to the sandbox without a
// network, whatever their host. Faults look as they do on a network: a reset is
// syscall.ECONNRESET, and a body that is cut off ends with io.ErrUnexpectedEOF.
func (s *Server) Transport() http.RoundTripper { return memoryTransport{s} }

type memoryTransport struct{ s *Server }

// RoundTrip returns early when the request's context is done. The sandbox still
// acts on the request, as a server would.
func (t memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = read
	}
	type result struct {
		resp *http.Response
		err  error
	}
	results := make(chan result, 1)
	go func() {
		resp, err := t.exchange(r, body)
		results <- result{resp, err}
	}()
	select {
	case got := <-results:
		return got.resp, got.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// exchange returns the answer of the sandbox.
func (t memoryTransport) exchange(r *http.Request, body []byte) (resp *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	c := &capture{header: make(http.Header)}
	func() {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			} else if p != nil {
				err = syscall.ECONNRESET
			}
		}()
		t.s.handler.ServeHTTP(c, in)
	}()
	if err != nil && c.status == 0 {
		return nil, fmt.Errorf("read: connection reset by peer: %w", err)
	}
	a := c.answer()
	content := io.Reader(bytes.NewReader(a.body))
	length := int64(len(a.body))
	if err != nil { // The body was cut off after the header was sent.
		content = io.MultiReader(content, failingReader{})
		length, _ = strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	}
	return &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(content), ContentLength: length, Request: r,
	}, nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
