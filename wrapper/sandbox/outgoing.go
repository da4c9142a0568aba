package sandbox

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// outgoingTimeout bounds one request that the sandbox itself makes, in real
// time.
const outgoingTimeout = 10 * time.Second

// loopbackHost tells without asking any name server.
func loopbackHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// onlyLoopback is a net.Dialer's Control: it sees the address really dialed,
// whatever a name stood for.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !addr.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s is not this machine", addr)
	}
	return nil
}

// outgoingClient is for webhooks and logos: no proxy, no redirects, and no
// foreign host unless allowed.
func outgoingClient(foreign bool) *http.Client {
	dialer := &net.Dialer{Timeout: outgoingTimeout}
	if !foreign {
		dialer.Control = onlyLoopback
	}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxDeliveries},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
