package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// These constants say where the server of a NodeGroup runs.
const (
	// Within means in the process of the benchmark, as in ThroughputGroup.
	Within = "within"
	// Apart means in a process of its own. With one call at a time, two processes
	// then spend most of each call waking each other up, which "wire" shows.
	Apart = "apart"
)

// NodeGroup measures concurrent calls of GetCheckoutSession by the vendor's Node SDK
// and by the client, with one server. dir is the folder with load.mjs, where "npm ci"
// has run.
func NodeGroup(ctx context.Context, where, serverURL, dir string) (Group, error) {
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		return Group{}, fmt.Errorf("the SDK is not installed, run npm ci in %s: %w", dir, err)
	}
	node, err := startNode(ctx, serverURL, dir)
	if err != nil {
		return Group{}, err
	}
	g := Group{
		Name: "Node/server=" + where, Slice: 400 * time.Millisecond, Batch: 200 * time.Millisecond,
		Close: node.close,
	}
	get, err := newOurs(serverURL+"/v1", nil)
	if err != nil {
		return g, err
	}
	for _, goroutines := range loads {
		setting := g.Name + "/goroutines=" + strconv.Itoa(goroutines) + "/client="
		g.Subjects = append(g.Subjects,
			Subject{setting + "node-sdk", func(n int) (time.Duration, error) { return node.calls(goroutines, n) }},
			Subject{setting + "cnaught", InParallel(goroutines, func(ctx context.Context) error {
				_, err := get(ctx, sessionID)
				return err
			})})
		if where == Apart && goroutines == 1 {
			g.Subjects = append(g.Subjects, Subject{setting + "wire", func(n int) (time.Duration, error) {
				return 0, pingPong(serverURL, n)
			}})
		}
	}
	return g, nil
}

// pingPong sends the bytes of n requests and waits for the bytes of each
// answer, without any client.
func pingPong(serverURL string, n int) error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(serverURL, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	request := fmt.Appendf(nil, "%s\r\nAuthorization: Bearer %s\r\n\r\n", requestLines[0], apiKey)
	want := answer(http.StatusOK, "application/json", Session())
	reply := make([]byte, len(want))
	for range n {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, reply); err != nil {
			return err
		}
		if !bytes.Equal(reply[:len("HTTP/1.1 200")], want[:len("HTTP/1.1 200")]) {
			return fmt.Errorf("unexpected answer: %s", reply)
		}
	}
	return nil
}

// nodeProcess is one Node process for all slices, so that its code stays compiled and
// its connections stay open, as in a server that runs for long.
type nodeProcess struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
}

func startNode(ctx context.Context, serverURL, dir string) (*nodeProcess, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", "load.mjs", u.Hostname(), u.Port(), apiKey, sessionID)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &nodeProcess{cmd, in, bufio.NewScanner(out)}, cmd.Start()
}

// calls lets Node make n calls, atATime of them concurrently, and returns how long
// they took by Node's own clock.
func (p *nodeProcess) calls(atATime, n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in, atATime, n); err != nil {
		return 0, err
	}
	if !p.answers.Scan() {
		return 0, errors.Join(errors.New("node gave no answer"), p.answers.Err())
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(p.answers.Text()), 10, 64)
	return time.Duration(nanoseconds), err
}

func (p *nodeProcess) close() {
	p.in.Close()
	p.cmd.Wait()
}
