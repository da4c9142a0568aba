package loopback

import (
	"net"
	"sync"
	"sync/atomic"
)

// NAT passes bytes between its clients and a backend, until it is told to forget
// the connections that it knows. From then on it swallows what comes over these
// in either direction, as a router does that has dropped a flow from its table.
// New connections work.
type NAT struct {
	*Server
	backend   string
	dialing   sync.Mutex // lets connections become known one after another
	epoch     atomic.Int64
	swallowed atomic.Int64
}

// NewNAT starts a NAT in front of the backend, whose address is host:port.
func NewNAT(backend string) (*NAT, error) {
	n := &NAT{backend: backend}
	server, err := Listen(n.relay)
	n.Server = server
	return n, err
}

// Forget makes the NAT forget all connections that are open.
func (n *NAT) Forget() { n.epoch.Add(1) }

// Swallowed returns how many forgotten connections had bytes to swallow.
func (n *NAT) Swallowed() int64 { return n.swallowed.Load() }

func (n *NAT) relay(client *net.TCPConn) {
	// When many callers connect at once, Forget must not hit all their handshakes.
	n.dialing.Lock()
	server, err := net.Dial("tcp", n.backend)
	epoch := n.epoch.Load()
	n.dialing.Unlock()
	if err != nil {
		return
	}
	var lost sync.Once
	pass := func(to, from net.Conn) {
		defer to.Close()
		buf := make([]byte, 32<<10)
		for {
			read, err := from.Read(buf)
			if err != nil {
				return
			}
			if n.epoch.Load() != epoch {
				lost.Do(func() { n.swallowed.Add(1) })
				continue
			}
			if _, err := to.Write(buf[:read]); err != nil {
				return
			}
		}
	}
	var upstream sync.WaitGroup
	upstream.Go(func() { pass(server, client) })
	pass(client, server)
	upstream.Wait()
}
