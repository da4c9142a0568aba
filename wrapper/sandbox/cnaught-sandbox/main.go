// Command cnaught-sandbox runs a stand-in for CNaught on your own machine. It serves
// the whole Carbon Credits API over HTTP, to clients in any language, but nothing costs
// money and nothing is bought. The page at / shows all orders and checkout sessions. It
// has buttons to do what CNaught would do, such as fulfilling an order, and what a
// customer would do, such as paying for a checkout.
//
//	go run github.com/cnaught-go/cnaught/wrapper/sandbox/cnaught-sandbox@latest
//
// The program prints how to configure a client for it. Run it with -h for its flags.
// The documentation of package sandbox says how it behaves where the API is not
// documented.
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

// drainTime is how long the program waits, when it stops, for requests that are being
// answered.
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
		return exitUsage // The error has been written by parse.
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
	restore() // After this, a second signal ends the program at once.
	fmt.Fprintln(stdout, "Stopping after the requests in progress have been answered.")
	if err := drain(server); err != nil {
		fmt.Fprintln(stderr, "cnaught-sandbox:", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "Stopped.")
	return exitOK
}

// release is the version of a released binary, or empty. The linker sets it; see the
// target release-binaries in the Makefile.
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

// drain closes the sandbox. It returns an error if that takes longer than drainTime.
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

// explain returns the text of an error, with advice if the address is in use.
func explain(err error, c *config) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Sprintf("%s is in use by another program. Stop that program, or choose another address, for example any free port with -addr 127.0.0.1:0.", c.addr)
	}
	return err.Error()
}
