package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/internal/loopback"
)

// Server serves the published example of a checkout session on loopback to
// clients that send the key, at the documented path and at the one that the
// vendor's Node SDK 2.8.0 still uses. It speaks only as much HTTP/1.1 as that
// takes, since a server as slow as its clients would hide the differences between
// them.
type Server struct {
	*loopback.Server
	URL     string
	ok, bad []byte // whole answers
}

// NewServer starts a server.
func NewServer() (*Server, error) {
	s := &Server{
		ok:  answer(http.StatusOK, "application/json", Session()),
		bad: answer(http.StatusNotFound, "application/problem+json", []byte(`{"status":404}`)),
	}
	var err error
	if s.Server, err = loopback.Listen(s.serve); err != nil {
		return nil, err
	}
	s.URL = "http://" + s.Addr()
	return s, nil
}

func answer(status int, contentType string, body []byte) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), time.Now().UTC().Format(http.TimeFormat), contentType, len(body), body)
}

func (s *Server) serve(conn *net.TCPConn) {
	requests := bufio.NewReader(conn)
	for {
		ok, err := readRequest(requests)
		if err != nil {
			return
		}
		reply := s.bad
		if ok {
			reply = s.ok
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

var (
	requestLines = [][]byte{
		[]byte("GET /v1/checkout/sessions/" + sessionID + " HTTP/1.1"),
		[]byte("GET /v1/orders/checkout-session/" + sessionID + " HTTP/1.1"),
	}
	authorization = []byte("authorization: bearer " + apiKey)
)

// readRequest reads a request without a body.
func readRequest(r *bufio.Reader) (ok bool, err error) {
	known, authorized := false, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		switch line = bytes.TrimRight(line, "\r\n"); {
		case first:
			known = bytes.Equal(line, requestLines[0]) || bytes.Equal(line, requestLines[1])
		case len(line) == 0:
			return known && authorized, nil
		case bytes.EqualFold(line, authorization):
			authorized = true
		}
	}
}
