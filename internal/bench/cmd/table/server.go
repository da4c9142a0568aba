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

// nodeGroup starts the server in a process of its own, so that it takes the
// same from both clients.
func nodeGroup(ctx context.Context, dir string) (bench.Group, error) {
	self, err := os.Executable()
	if err != nil {
		return bench.Group{}, err
	}
	server := exec.CommandContext(ctx, self, "-serve")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return bench.Group{}, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return bench.Group{}, err
	}
	if err := server.Start(); err != nil {
		return bench.Group{}, err
	}
	stop := func() {
		in.Close()
		server.Wait()
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return bench.Group{}, fmt.Errorf("the server gave no address: %w", err)
	}
	g, err := bench.NodeGroup(ctx, strings.TrimSpace(url), dir)
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

// serve ends with its input, which is to say with the process that started it.
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
