package footprint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/cnaught-go/cnaught/wrapper" // go test's cache does not see what build compiles
)

const (
	module = "github.com/cnaught-go/cnaught"
	// maxRatio is the largest allowed ratio between the size of a stripped program
	// that makes one call with the client and one that makes the same call by hand.
	maxRatio = 1.07
	// maxPackages is the largest number of third-party packages that the client may
	// add to a program.
	maxPackages = 5
)

func TestProgramSize(t *testing.T) {
	client, byHand := build(t, "./testdata/client"), build(t, "./testdata/byhand")
	ratio := float64(client) / float64(byHand)
	t.Logf("%d bytes with the client, %d by hand: %.3f times", client, byHand, ratio)
	assert.Greater(t, ratio, 1.0, "the program with the client must be the larger one")
	assert.LessOrEqual(t, ratio, maxRatio)
}

func TestThirdPartyPackages(t *testing.T) {
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
	assert.GreaterOrEqual(t, ours, 3, "the program must include testdata/client, wrapper and api")
	assert.LessOrEqual(t, len(others), maxPackages)
}

// build builds a program without debug information and returns its size. It leaves the
// folders of the modules out of the program, because they have longer names on some
// machines. With -trimpath, go would do the same, but compile the standard library anew.
func build(t *testing.T, pkg string) int64 {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	trim := "-trimpath=" + root + "=>;" + strings.TrimSpace(goTool(t, "env", "GOMODCACHE")) + "=>"
	goTool(t, "build", "-gcflags=github.com/...="+trim, "-ldflags=-s -w", "-o", binary, pkg)
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

// The requirements in the go.mod file of a module also apply to the modules that import
// it.
func TestGoModRequiresNoMoreThanNecessary(t *testing.T) {
	file, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	direct := map[string]bool{"github.com/oapi-codegen/runtime": true, "github.com/stretchr/testify": true}
	for line := range strings.Lines(string(file)) {
		line, comment, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), "//")
		switch words := strings.Fields(line); {
		case len(words) == 0:
		case words[0] == "go":
			assert.Regexp(t, `^1\.25(\.0)?$`, words[1], "the version must be the older of the two supported releases")
		case words[0] == "toolchain", words[0] == "tool", words[0] == "replace", words[0] == "exclude":
			t.Errorf("%q affects the modules that import this one, or is of no use to them", line)
		case strings.Contains(words[0], ".") && words[0] != "module" && !strings.Contains(comment, "indirect"):
			assert.True(t, direct[words[0]], "%s must not be a direct requirement", line)
		}
	}
}
