// Command cnaught-sandbox runs a CNaught on your own machine: the whole Carbon
// Credits API over HTTP, for clients in any language. Nothing costs money and
// nothing is bought. The page at / shows what is there and has buttons for what
// CNaught does (fulfill an order) and for what a customer does (pay a checkout).
//
//	go run github.com/cnaught-go/cnaught/wrapper/sandbox/cnaught-sandbox@latest
//
// It prints how to point a client at it. See -h for its flags, and package sandbox
// for how it behaves where the API is not documented.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the sandbox could not run
	exitUsage  = 2 // the flags are invalid
)

// drainTime bounds how long the program waits for requests being answered when it
// stops.
const drainTime = 10 * time.Second

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx is done or a signal arrives.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // parse has written why.
	case c.version:
		fmt.Fprintln(stdout, "cnaught-sandbox", version())
		return exitOK
	}
	ctx, restore := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restore()

	level := slog.LevelInfo
	if c.quiet {
		level = slog.LevelWarn
	}
	logger := newLogger(stderr, c.apiKey, level)
	server, err := sandbox.Open(append(c.options(), sandbox.WithLogger(logger))...)
	if err != nil {
		fmt.Fprintln(stderr, "cnaught-sandbox:", explain(err, c))
		return exitFailed
	}
	printStart(stdout, server.URL(), c)

	<-ctx.Done()
	restore() // A second signal ends the program at once.
	fmt.Fprintln(stdout, "Stopping. Requests that have begun are answered first.")
	if err := drain(server); err != nil {
		fmt.Fprintln(stderr, "cnaught-sandbox:", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "Stopped.")
	return exitOK
}

// release is the version of a binary of a release. The linker sets it; see the
// target release-binaries of the Makefile.
var release string

// version returns the version of the release or of the module that the program was
// built from, or the commit if it was built in a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := cmp.Or(release, info.Main.Version)
	if v == "" || v == "(devel)" {
		v = "(devel)"
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				v = "(devel) " + setting.Value
			}
		}
	}
	return v + " " + info.GoVersion
}

// drain closes the sandbox. It cuts off what takes longer than drainTime.
func drain(server *sandbox.Server) error {
	closed := make(chan error, 1)
	go func() { closed <- server.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(drainTime):
		return fmt.Errorf("some requests took longer than %v and were cut off", drainTime)
	}
}

// explain says what to do about an error, if that is known.
func explain(err error, c *config) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Sprintf("%s is in use by another program. Stop that one, or choose another address, such as -addr 127.0.0.1:0 for any free port.", c.addr)
	}
	return err.Error()
}
