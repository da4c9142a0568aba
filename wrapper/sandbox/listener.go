package sandbox

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// problemListener makes the answers that net/http sends without a handler problem
// documents like all others: those to requests that are not valid HTTP, whose
// header is too large, or that expect what the server does not know.
type problemListener struct{ net.Listener }

// Accept waits for the next connection.
func (l problemListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return problemConn{tcp}, nil
	}
	return conn, err
}

type problemConn struct{ *net.TCPConn }

// Write sends p, or a problem document if p is an answer of net/http itself. Such
// an answer comes in one write.
func (c problemConn) Write(p []byte) (int, error) {
	a := ownAnswer(p)
	if a == nil {
		return c.TCPConn.Write(p)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		a.status, http.StatusText(a.status), a.contentType, len(a.body), a.body)
	if _, err := c.TCPConn.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ownAnswer returns the problem document for an answer that net/http wrote itself,
// or nil. Its header tells: no handler's answer has those members alone.
func ownAnswer(p []byte) *answer {
	rest, ok := bytes.CutPrefix(p, []byte("HTTP/1.1 "))
	if !ok {
		return nil
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
		return httpProblem(status, "The only expectation that can be met is 100-continue")
	}
	return nil
}
