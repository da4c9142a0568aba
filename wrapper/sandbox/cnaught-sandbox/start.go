package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// printStart says where the sandbox is and how to point a client at it. It shows
// only the default key: one that the user chose might be a real one and end up in
// the log of a build.
func printStart(w io.Writer, api string, c *config) {
	key := sandbox.DefaultAPIKey
	if c.apiKey != sandbox.DefaultAPIKey {
		key = "...  # the key given with -api-key"
	}
	fmt.Fprintf(w, `CNaught sandbox
  for people   %s/
  for clients  %s

Point a client at it:
  export CNAUGHT_BASE_URL=%s
  export CNAUGHT_API_KEY=%s

  curl   curl -H "Authorization: Bearer $CNAUGHT_API_KEY" "$CNAUGHT_BASE_URL/orders"
  Go     client, err := cnaught.NewFromEnv()
  Node   const client = new CNaughtApiClient(process.env.CNAUGHT_API_KEY, %s)

`, strings.TrimSuffix(api, "/v1"), api, api, key, nodeOptions(api))
	if c.public() {
		fmt.Fprintln(w, "Other machines can reach this address, and the buttons on the page need no key.")
	}
	if c.remoteControl {
		fmt.Fprintln(w, "Requests to /_sandbox are taken from any machine, without a key.")
	}
	if c.state != "" {
		fmt.Fprintf(w, "Everything is kept in %s.\n", c.state)
	}
	fmt.Fprintln(w, "Stop with Ctrl-C.")
}

// nodeOptions returns the options that point the vendor's Node SDK at the sandbox.
// The SDK always builds an https URL, so for plain http its fetch option has to
// change it.
func nodeOptions(api string) string {
	u, err := url.Parse(api)
	if err != nil { // The sandbox's own URL always parses.
		return "{}"
	}
	options := []string{"hostname: '" + strings.TrimSuffix(u.Host, ":"+u.Port()) + "'"}
	if u.Port() != "" {
		options = append(options, "port: "+u.Port())
	}
	if u.Path != "/v1" {
		options = append(options, "apiVersion: '"+strings.TrimPrefix(u.Path, "/")+"'") // In the SDK, this is the whole path.
	}
	if u.Scheme == "http" {
		options = append(options, "fetch: (url, init) => fetch(String(url).replace(/^https/, 'http'), init)")
	}
	return "{ " + strings.Join(options, ", ") + " }"
}
