package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/internal/loopback"
)

// headerCall tells the proxy which call a request belongs to. The server does
// not see it.
const headerCall = "Chaos-Call"

// maxStall bounds a stall if the client has no timeout.
const maxStall = 20 * time.Second

// Proxy is an HTTP proxy on loopback that injects faults between one server
// and its clients.
type Proxy struct {
	plan    *Plan
	tally   *Tally
	history *history
	server  *url.URL
	slow    func() // makes the server slow for one request

	clients   *loopback.Server
	unused    net.Conn // keeps its local port from everybody else
	transport *http.Transport

	mu  sync.Mutex
	err error // the first failure between proxy and server, where no fault is injected
}

// NewProxy starts a proxy in front of the server.
func NewProxy(server *url.URL, plan *Plan, slow func()) (*Proxy, error) {
	p := &Proxy{
		plan: plan, tally: newTally(), history: newHistory(), server: server, slow: slow,
		transport: &http.Transport{MaxIdleConnsPerHost: 256},
	}
	var err error
	if p.clients, err = loopback.Listen(p.serve); err != nil {
		return nil, fmt.Errorf("chaos: proxy: %w", err)
	}
	// Nobody listens on the local port of an outgoing connection, and nobody else
	// can come to listen there, so the system itself refuses whoever dials it.
	if p.unused, err = net.Dial("tcp", p.clients.Addr()); err != nil {
		p.Close()
		return nil, fmt.Errorf("chaos: proxy: %w", err)
	}
	return p, nil
}

// URL returns the server's base URL with the proxy's address.
func (p *Proxy) URL() string {
	u := *p.server
	u.Host = p.clients.Addr()
	return u.String()
}

// Transport returns a transport whose connections to the proxy are refused at times.
func (p *Proxy) Transport() *http.Transport {
	var dialer net.Dialer
	return &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if p.plan.refuse() {
				p.tally.struck(Refused)
				p.history.add(callOf(ctx), "%s", Refused)
				addr = p.unused.LocalAddr().String()
			}
			return dialer.DialContext(ctx, network, addr)
		},
	}
}

// Err returns the first failure that was no fault of the plan.
func (p *Proxy) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *Proxy) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = fmt.Errorf("chaos: proxy: %w", err)
	}
}

// Close ends all connections, and returns when every request that the proxy has still
// to deliver has been delivered.
func (p *Proxy) Close() {
	p.clients.Close()
	if p.unused != nil {
		p.unused.Close()
	}
	p.transport.CloseIdleConnections()
}

// serve passes on the requests of one connection until a fault or the client
// ends it.
func (p *Proxy) serve(conn *net.TCPConn) {
	reader := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		x := &exchange{proxy: p, conn: conn, reader: reader, req: req, body: body}
		if !x.run() {
			return
		}
	}
}

// reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// problem returns an answer of the proxy itself, as gateways have them.
func problem(status int, retryAfter string) *reply {
	r := &reply{status: status, header: http.Header{"Content-Type": {"text/html"}}}
	r.body = fmt.Appendf(nil, "<html><h1>%d %s</h1></html>", status, http.StatusText(status))
	if retryAfter != "" {
		r.header.Set("Retry-After", retryAfter)
	}
	return r
}

// deliver hands the request to the server and returns the whole answer. It does so
// even when the client has gone, because what has been sent arrives.
func (p *Proxy) deliver(req *http.Request, body []byte) (*reply, error) {
	out, err := http.NewRequest(req.Method, p.server.Scheme+"://"+p.server.Host+req.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header = req.Header.Clone()
	out.Header.Del(headerCall)
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &reply{resp.StatusCode, resp.Header, answer}, nil
}

// write sends the answer with the first n bytes of its body.
func (r *reply) write(conn net.Conn, n int) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	r.header.Set("Content-Length", strconv.Itoa(len(r.body)))
	if err := r.header.Write(&b); err != nil {
		return err
	}
	b.WriteString("\r\n")
	b.Write(r.body[:n])
	_, err := conn.Write(b.Bytes())
	return err
}
