package browser

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// startProgram builds and runs cnaught-sandbox, and gives the address of its
// pages and a client for its API. The program ends with the test, cleanly.
func startProgram(t *testing.T) (pages string, client *cnaught.Client) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "cnaught-sandbox")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", binary, "./wrapper/sandbox/cnaught-sandbox")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	program := exec.Command(binary, "-addr", "127.0.0.1:0")
	program.Stderr = os.Stderr
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		require.NoError(t, program.Process.Signal(os.Interrupt))
		killer := time.AfterFunc(15*time.Second, func() { _ = program.Process.Kill() })
		defer killer.Stop()
		require.NoError(t, program.Wait())
	})

	lines := bufio.NewScanner(stdout)
	for pages == "" && lines.Scan() {
		pages, _ = strings.CutPrefix(strings.TrimSpace(lines.Text()), "for people   ")
		if !strings.HasPrefix(pages, "http://") {
			pages = ""
		}
	}
	require.NotEmpty(t, pages, "the program says where its pages are")
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the program

	client, err = cnaught.New(sandbox.DefaultAPIKey, cnaught.WithBaseURL(pages+"v1"))
	require.NoError(t, err)
	return pages, client
}
