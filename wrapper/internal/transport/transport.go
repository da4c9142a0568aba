// Package transport provides the transport of a client for which none was set.
package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// New returns a transport that differs from http.DefaultTransport in its time limits and
// in the number of idle connections. It keeps 64 connections to a host, so that parallel
// calls can use them again, and net/http keeps two. Pings detect a broken HTTP/2
// connection, for instance after a NAT has dropped its state, well within the default
// timeout of an attempt.
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
