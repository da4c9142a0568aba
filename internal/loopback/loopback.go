// Package loopback serves TCP connections on the loopback interface, for tests
// and benchmarks that need more control than net/http gives them.
package loopback

import (
	"net"
	"sync"
)

// Server accepts connections until it is closed.
type Server struct {
	listener net.Listener
	serve    func(*net.TCPConn)
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once the server is closed
}

// Listen starts a server on a free port. The server calls serve for each
// connection, in a goroutine of its own, and closes the connection when serve
// returns.
func Listen(serve func(*net.TCPConn)) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{listener: listener, serve: serve, conns: map[net.Conn]bool{}}
	s.running.Go(s.accept)
	return s, nil
}

// Addr returns the server's address, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops listening, closes all connections, and returns when every call of
// serve has returned.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.running.Wait()
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
			s.running.Go(func() { s.run(conn) })
		}
		s.mu.Unlock()
	}
}

func (s *Server) run(conn net.Conn) {
	s.serve(conn.(*net.TCPConn))
	conn.Close()
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
}
