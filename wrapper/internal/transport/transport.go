// Package transport makes the transport of a client that is given none.
package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// New returns a transport that differs from http.DefaultTransport in its time limits and in
// keeping a connection for each of 64 parallel calls, where net/http keeps two
// and closes the rest after every use. Pings find an HTTP/2 connection that died
// in silence, for instance because a NAT forgot its flow, well within the
// default timeout of an attempt.
func New() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   64,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
}
