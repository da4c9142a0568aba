package sandbox

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stateOfChild is the environment variable with the path of a state file, with which
// TestSandboxProcess runs a sandbox.
const stateOfChild = "CNAUGHT_SANDBOX_TEST_STATE"

// TestSandboxProcess is the process that TestKillsLoseNothing starts and kills.
func TestSandboxProcess(t *testing.T) {
	path := os.Getenv(stateOfChild)
	if path == "" {
		t.Skip("this test is the process that TestKillsLoseNothing kills")
	}
	s, err := Open(WithStateFile(path), WithEmptyBooks(), WithFulfillAfter(5*time.Millisecond))
	require.NoError(t, err)
	fmt.Println("sandbox at", s.URL())
	time.Sleep(time.Minute)
}

// child is a sandbox in a separate process.
type child struct {
	cmd *exec.Cmd
	url string
}

func startChild(t *testing.T, path string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSandboxProcess$", "-test.v")
	cmd.Env = append(os.Environ(), stateOfChild+"="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd}
	t.Cleanup(func() { c.kill() })
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "sandbox at "); ok {
			c.url = url
			return c
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("the sandbox did not start: %s", strings.Join(said, "\n"))
	return nil
}

// kill ends the process like kill -9. It may be called more than once.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // The process may have ended already.
	_ = c.cmd.Wait()         // The error only says that the process was killed.
}

var kills = flag.Int("sandbox.kills", 20, "how often TestKillsLoseNothing kills a sandbox; a multiple of 10")

// TestKillsLoseNothing kills a sandbox many times while eight clients place orders. At
// the end, every order that was answered must be there, and each key without an answer
// must still place exactly one order. A new state file after every ten kills keeps the
// starts short.
func TestKillsLoseNothing(t *testing.T) {
	files := max(1, *kills/10)
	answered, settled := 0, 0
	for range files {
		a, s := killTenTimes(t, filepath.Join(t.TempDir(), "state"))
		answered += a
		settled += s
	}
	assert.Positive(t, settled, "some requests must be cut off by a kill")
	t.Logf("%d kills, %d orders answered, %d of them after a retry with the same key", 10*files, answered, settled)
}

// killTenTimes returns the number of orders that were answered, and the number of those
// that were answered only when the request was repeated after the last kill.
func killTenTimes(t *testing.T, path string) (answered, settled int) {
	load := &load{answers: map[string]string{}}
	for round := range 10 {
		c := startChild(t, path)
		load.run(c, round)
		time.Sleep(time.Duration(5+rand.IntN(40)) * time.Millisecond)
		c.kill()
		load.clients.Wait()
	}

	c := startChild(t, path)
	for _, key := range load.open {
		id, ok := load.submit(c, key)
		require.True(t, ok)
		load.answers[key] = id
		settled++
	}
	c.kill()

	s, err := Open(WithStateFile(path))
	require.NoError(t, err)
	defer s.Close()
	keyOf := map[string]string{}
	for _, o := range s.Orders() {
		require.NotNil(t, o.Metadata)
		assert.NotContains(t, keyOf, *o.Metadata, "there must be one order for each key")
		keyOf[*o.Metadata] = o.ID
	}
	assert.Equal(t, load.answers, keyOf, "exactly the orders that were answered must be there")
	return len(keyOf), settled
}

// load runs eight clients that place orders until their sandbox is killed.
type load struct {
	clients sync.WaitGroup
	mu      sync.Mutex
	answers map[string]string // the ids of the orders that were answered, by key
	open    []string          // keys without an answer
}

func (l *load) run(c *child, round int) {
	for worker := range 8 {
		l.clients.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d-%d", round, worker, n)
				id, ok := l.submit(c, key)
				l.mu.Lock()
				if ok {
					l.answers[key] = id
				} else {
					l.open = append(l.open, key)
				}
				l.mu.Unlock()
				if !ok {
					return
				}
			}
		})
	}
}

func (l *load) submit(c *child, key string) (id string, ok bool) {
	req, err := http.NewRequest("POST", c.url+"/orders", strings.NewReader(`{"amount_kg":1,"metadata":"`+key+`"}`))
	if err != nil {
		return "", false
	}
	req.Header.Set("Authorization", "Bearer "+DefaultAPIKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var o struct{ ID string }
	err = json.NewDecoder(resp.Body).Decode(&o)
	return o.ID, err == nil && resp.StatusCode == 201 && o.ID != ""
}
