package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// printStart prints the URLs of the sandbox and how to configure a client for it. It
// does not print a key that the user chose, because it might be a real one and end up
// in the log of a build.
func printStart(w io.Writer, api string, c *config) {
	key := sandbox.DefaultAPIKey
	if c.apiKey != sandbox.DefaultAPIKey {
		key = "...  # the key given with -api-key"
	}
	fmt.Fprintf(w, `CNaught sandbox
  for people   %s/
  for clients  %s

Configure a client:
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
		fmt.Fprintln(w, "Requests to /_sandbox are accepted from any machine, without a key.")
	}
	if c.state != "" {
		fmt.Fprintf(w, "All data are kept in %s.\n", c.state)
	}
	fmt.Fprintln(w, "Stop with Ctrl-C.")
}

// nodeOptions returns the options with which the vendor's Node SDK uses the sandbox.
// The SDK always builds an https URL, so for plain http they include a fetch function
// that changes it.
func nodeOptions(api string) string {
	u, err := url.Parse(api)
	if err != nil { // This can't happen with the sandbox's own URL.
		return "{}"
	}
	options := []string{"hostname: '" + strings.TrimSuffix(u.Host, ":"+u.Port()) + "'"}
	if u.Port() != "" {
		options = append(options, "port: "+u.Port())
	}
	if u.Path != "/v1" {
		options = append(options, "apiVersion: '"+strings.TrimPrefix(u.Path, "/")+"'") // The SDK uses this option as the whole path.
	}
	if u.Scheme == "http" {
		options = append(options, "fetch: (url, init) => fetch(String(url).replace(/^https/, 'http'), init)")
	}
	return "{ " + strings.Join(options, ", ") + " }"
}
