// Command check-live asks the real API whether it answers as openapi.yaml, with
// its overlay, says.
//
//	CNAUGHT_API_KEY=... check-live
//	CNAUGHT_API_KEY=... CNAUGHT_BASE_URL=http://127.0.0.1:8765/v1 check-live   # a sandbox
//
// It sends quotes and reads only: it costs nothing and changes nothing. The
// report on the standard output is Markdown for an issue; no id, name, address or
// key of the account is in it.
//
// Exit codes:
//
//	0  as described
//	1  something differs, which the report names
//	2  something could not be checked: no key, no network, too many requests
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/live"
)

// pause keeps a run from coming near any limit of requests.
const pause = 200 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, pause, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, env func(string) string, pause time.Duration, stdout, stderr io.Writer) int {
	key := env("CNAUGHT_API_KEY")
	if key == "" {
		fmt.Fprintln(stderr, "cnaught: check-live: CNAUGHT_API_KEY is not set: get a key from https://app.cnaught.com/apikeys, or start make sandbox and set what it prints")
		return live.ExitUnchecked
	}
	report, err := live.Run(ctx, live.Options{Key: key, BaseURL: env("CNAUGHT_BASE_URL"), Pause: pause})
	if err != nil {
		fmt.Fprintln(stderr, "cnaught: check-live:", err)
		return live.ExitUnchecked
	}
	fmt.Fprint(stdout, report.Markdown())
	return report.ExitCode()
}
