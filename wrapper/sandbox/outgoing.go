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

// outgoingTimeout is the time limit for a request that the sandbox makes, in real
// time.
const outgoingTimeout = 10 * time.Second

// loopbackHost reports whether a host is this machine. It does not resolve names.
func loopbackHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// onlyLoopback is the Control function of a net.Dialer that connects only to this
// machine. It checks the address after names have been resolved.
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

// outgoingClient returns a client for webhooks and logos. It uses no proxy and does
// not follow redirects. Unless foreign is true, it connects only to this machine.
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

// webhookClient returns the client that sends webhooks.
func webhookClient(set *settings) *http.Client {
	client := outgoingClient(set.publicWebhooks)
	if set.webhookTransport != nil {
		client.Transport = set.webhookTransport
	}
	return client
}
