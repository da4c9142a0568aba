package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/cnaught-go/cnaught/internal/bench"
)

// nodeGroups returns comparisons with the Node SDK: with a server in this process, as
// in the other benchmarks, and with one in a process of its own, which both clients
// reach at the same cost.
func nodeGroups(ctx context.Context, dir string) ([]bench.Group, error) {
	server, err := bench.NewServer()
	if err != nil {
		return nil, err
	}
	within, err := nodeGroup(ctx, bench.Within, server.URL, dir, server.Close)
	if err != nil {
		return nil, err
	}
	url, stop, err := startServer(ctx)
	if err != nil {
		within.Close()
		return nil, err
	}
	apart, err := nodeGroup(ctx, bench.Apart, url, dir, stop)
	if err != nil {
		within.Close()
		return nil, err
	}
	return []bench.Group{within, apart}, nil
}

// nodeGroup returns a comparison that stops the server when it is closed.
func nodeGroup(ctx context.Context, where, url, dir string, stop func()) (bench.Group, error) {
	g, err := bench.NodeGroup(ctx, where, url, dir)
	if err != nil {
		stop()
		return g, err
	}
	stopNode := g.Close
	g.Close = func() {
		stopNode()
		stop()
	}
	return g, nil
}

// startServer starts this program again, as the server.
func startServer(ctx context.Context) (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	server := exec.CommandContext(ctx, self, "-serve")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		in.Close()
		server.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the server gave no address: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// serve ends with its standard input, and so with the process that started it.
func serve() error {
	server, err := bench.NewServer()
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Println(server.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
