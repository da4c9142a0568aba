package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// Transport returns a RoundTripper that passes requests to the sandbox without a
// network, regardless of their host. Faults give the same errors as on a network: a
// reset is syscall.ECONNRESET, and a body that is cut off ends with
// io.ErrUnexpectedEOF. Like net/http's own transport, it reports each request to the
// [httptrace.ClientTrace] of its context, as a request on a new connection.
func (s *Server) Transport() http.RoundTripper { return memoryTransport{s} }

type memoryTransport struct{ s *Server }

// RoundTrip returns an error as soon as the request's context is done. The sandbox
// acts on the request nevertheless, as a real server would.
func (t memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := send(r)
	if err != nil {
		return nil, err
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
		if trace := httptrace.ContextClientTrace(r.Context()); got.resp != nil && trace != nil && trace.GotFirstResponseByte != nil {
			trace.GotFirstResponseByte()
		}
		return got.resp, got.err
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// send reads the whole body and calls the hooks of the context's trace, as net/http
// does while it writes a request. It returns an error if the context is done.
func send(r *http.Request) (body []byte, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	trace := httptrace.ContextClientTrace(r.Context())
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	if trace.GetConn != nil {
		trace.GetConn(hostPort(r))
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: memoryConn{}})
	}
	if trace.WroteHeaderField != nil {
		for name, values := range r.Header {
			trace.WroteHeaderField(name, values)
		}
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if r.Body != nil {
		body, err = io.ReadAll(r.Body)
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return body, err
}

// hostPort returns the address that net/http would connect to.
func hostPort(r *http.Request) string {
	port := r.URL.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[r.URL.Scheme]
	}
	return net.JoinHostPort(r.URL.Hostname(), cmp.Or(port, "80"))
}

// memoryConn is the connection that is passed to the hook GotConn. It is not used to
// send anything.
type memoryConn struct{ net.Conn }

func (memoryConn) LocalAddr() net.Addr  { return memoryAddr{} }
func (memoryConn) RemoteAddr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "sandbox" }

// handler returns the sandbox's handler. If the base URL has a path, the handler
// strips it from the request.
func (t memoryTransport) handler(r *http.Request) http.Handler {
	if u, err := url.Parse(t.s.baseURL); err == nil && u.Path != "" && strings.HasPrefix(r.URL.Path, u.Path+"/") {
		return http.StripPrefix(u.Path, t.s.handler)
	}
	return t.s.handler
}

// exchange passes the request to the sandbox's handler and returns its answer.
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
		t.handler(in).ServeHTTP(c, in)
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
