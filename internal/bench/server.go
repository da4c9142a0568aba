package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves the published example of a checkout session on loopback, to
// those who send the key: at the documented path and at the one that the
// vendor's Node SDK 2.8.0 still uses. It knows no more of HTTP/1.1 than that
// takes, for a server that takes as long as its clients would hide what is
// between them.
type Server struct {
	URL      string
	listener net.Listener
	served   sync.WaitGroup
	ok, bad  []byte // whole answers

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// NewServer starts a server.
func NewServer() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL:      "http://" + listener.Addr().String(),
		listener: listener,
		ok:       answer(http.StatusOK, "application/json", Session()),
		bad:      answer(http.StatusNotFound, "application/problem+json", []byte(`{"status":404}`)),
		conns:    map[net.Conn]bool{},
	}
	s.served.Go(s.accept)
	return s, nil
}

func answer(status int, contentType string, body []byte) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), time.Now().UTC().Format(http.TimeFormat), contentType, len(body), body)
}

// Close ends the server and its connections.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.served.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.conns == nil {
			conn.Close()
		} else {
			s.conns[conn] = true
			s.served.Go(func() { s.serve(conn) })
		}
		s.mu.Unlock()
	}
}

func (s *Server) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
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
