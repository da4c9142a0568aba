// Command check-live checks whether the real API answers as openapi.yaml and its
// overlay say.
//
//	CNAUGHT_API_KEY=... check-live
//	CNAUGHT_API_KEY=... CNAUGHT_BASE_URL=http://127.0.0.1:8765/v1 check-live   # a sandbox
//
// It sends only quotes and reads, so it costs nothing and changes nothing. The
// report on the standard output is Markdown that can be pasted into an issue. It
// does not contain ids, names, addresses or the key of the account.
//
// The exit code is
//
//	0  if all answers are as described
//	1  if something differs
//	2  if not everything could be checked, for instance without a key or a network
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

// pause is the time between two requests, which keeps a run below rate limits.
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
		fmt.Fprintln(stderr, "cnaught: check-live: CNAUGHT_API_KEY is not set: get a key from https://app.cnaught.com/apikeys, or run make sandbox and set the variables that it prints")
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
