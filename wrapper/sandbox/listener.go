package sandbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// problemListener replaces the answers that net/http sends without calling a handler
// with problem documents. It sends them to requests that are not valid HTTP, that have
// too large a header, or that have an Expect header which it does not support. It logs
// each of them.
type problemListener struct {
	net.Listener
	logger *slog.Logger
}

// Accept waits for the next connection.
func (l problemListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return problemConn{tcp, l.logger}, nil
	}
	return conn, err
}

type problemConn struct {
	*net.TCPConn
	logger *slog.Logger
}

// Write sends p, or a problem document instead if p is an answer of net/http itself,
// which is always written in one call.
func (c problemConn) Write(p []byte) (int, error) {
	a := ownAnswer(p)
	if a == nil {
		return c.TCPConn.Write(p)
	}
	c.logger.Info("invalid request", "status", a.status, "reason", a.reason())
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		a.status, http.StatusText(a.status), a.contentType, len(a.body), a.body)
	if _, err := c.TCPConn.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ownAnswer returns the problem document for an answer that net/http itself has
// written, or nil for any other data. It recognizes such an answer by its header
// fields, because the answer of a handler always has others, too.
func ownAnswer(p []byte) *answer {
	rest, ok := bytes.CutPrefix(p, []byte("HTTP/1.1 "))
	if !ok {
		if rest, ok = bytes.CutPrefix(p, []byte("HTTP/1.0 ")); !ok { // A 417 has the version of the request.
			return nil
		}
	}
	head, body, ok := strings.Cut(string(rest[:min(len(rest), 1024)]), "\r\n\r\n")
	line, members, _ := strings.Cut(head, "\r\n")
	code, reason, _ := strings.Cut(line, " ")
	status, err := strconv.Atoi(code)
	if !ok || err != nil || status < 400 {
		return nil
	}
	switch {
	case members == "Content-Type: text/plain; charset=utf-8\r\nConnection: close":
		details := ""
		if _, more, found := strings.Cut(reason, ": "); found {
			details = more
		} else if body != line {
			details = body
		}
		return httpProblem(status, details)
	case status == http.StatusExpectationFailed && !strings.Contains(members, "Content-Type:"):
		return httpProblem(status, "The only supported expectation is 100-continue")
	}
	return nil
}
