package footprint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/cnaught-go/cnaught"
	// maxRatio is how much larger a stripped program with one call may be than
	// the same program by hand.
	maxRatio = 1.10
	// maxPackages is how many packages of others a program may take in.
	maxPackages = 5
)

func TestSize(t *testing.T) {
	client, byHand := build(t, "./testdata/client"), build(t, "./testdata/byhand")
	ratio := float64(client) / float64(byHand)
	t.Logf("%d bytes with the client, %d by hand: %.3f times", client, byHand, ratio)
	assert.Greater(t, ratio, 1.0, "the two programs are mixed up, or the client is not in it")
	assert.LessOrEqual(t, ratio, maxRatio)
}

func TestPackages(t *testing.T) {
	var others []string
	ours := 0
	for _, pkg := range strings.Fields(goTool(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./testdata/client")) {
		if pkg == module || strings.HasPrefix(pkg, module+"/") {
			ours++
			continue
		}
		others = append(others, pkg)
	}
	t.Log(others)
	assert.GreaterOrEqual(t, ours, 3, "testdata/client, wrapper and api")
	assert.LessOrEqual(t, len(others), maxPackages)
}

// build returns the size of a program, built as for release.
func build(t *testing.T, pkg string) int64 {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	goTool(t, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg)
	info, err := os.Stat(binary)
	require.NoError(t, err)
	return info.Size()
}

func goTool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), &stderr)
	return string(out)
}

// The go.mod file of a module imposes its requirements on those who import it.
func TestGoModImposesNoMoreThanItNeeds(t *testing.T) {
	file, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	direct := map[string]bool{"github.com/oapi-codegen/runtime": true, "github.com/stretchr/testify": true}
	for line := range strings.Lines(string(file)) {
		line, comment, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), "//")
		switch words := strings.Fields(line); {
		case len(words) == 0:
		case words[0] == "go":
			assert.Regexp(t, `^1\.25(\.0)?$`, words[1], "the older of the two supported releases")
		case words[0] == "toolchain", words[0] == "tool", words[0] == "replace", words[0] == "exclude":
			t.Errorf("%q is imposed on those who import the module, or is of no use to them", line)
		case strings.Contains(words[0], ".") && words[0] != "module" && !strings.Contains(comment, "indirect"):
			assert.True(t, direct[words[0]], "%s is a new direct requirement", line)
		}
	}
}
