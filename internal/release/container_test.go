package release

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dockerfile = "wrapper/sandbox/cnaught-sandbox/Dockerfile"

// instruction is one of a Dockerfile, such as COPY go.mod go.sum ./.
type instruction struct{ name, rest string }

// TestImageDoesNotRunAsRoot checks what the image runs, and as whom.
func TestImageDoesNotRunAsRoot(t *testing.T) {
	_, final := stages(t)
	assert.Equal(t, "scratch", last(final, "FROM"))
	assert.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, last(final, "USER"), "a number, since the image knows no names, and not root")
	assert.Equal(t, []string{"/cnaught-sandbox", "-addr", "0.0.0.0:" + last(final, "EXPOSE")}, entrypoint(t, final)[:3])
}

// TestContainer does by hand what docker does with the Dockerfile, and runs what
// is in the image.
func TestContainer(t *testing.T) {
	skipUnlessAll(t)
	build, final := stages(t)
	out := buildImage(t, build)
	for _, i := range final {
		if i.name != "COPY" {
			continue
		}
		from := strings.Fields(i.rest)
		source := from[len(from)-2]
		assert.Contains(t, from, "--from=build", i.rest)
		if rest, ours := strings.CutPrefix(source, "/out"); ours {
			assert.FileExists(t, filepath.Join(out, "cnaught-sandbox"))
			_, err := os.Stat(filepath.Join(out, rest))
			assert.NoError(t, err, i.rest)
		}
	}
	assertBinary(t, filepath.Join(out, "cnaught-sandbox"), "linux/"+runtime.GOARCH)
	if runtime.GOOS == "linux" {
		assertVersion(t, filepath.Join(out, "cnaught-sandbox"), "v9.8.7")
		assertServesOtherMachines(t, filepath.Join(out, "cnaught-sandbox"), entrypoint(t, final)[3:])
	}
}

// last returns the rest of the last instruction of that name.
func last(stage []instruction, name string) (rest string) {
	for _, i := range stage {
		if i.name == name {
			rest = i.rest
		}
	}
	return rest
}

func entrypoint(t *testing.T, image []instruction) (command []string) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(last(image, "ENTRYPOINT")), &command))
	return command
}

// stages returns the instructions of the stage that builds and of the image.
func stages(t *testing.T) (build, final []instruction) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(dockerfile)))
	require.NoError(t, err)
	var all [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if name == "FROM" {
			all = append(all, nil)
		}
		require.NotEmpty(t, all, line)
		last := len(all) - 1
		all[last] = append(all[last], instruction{name, strings.TrimSpace(rest)})
	}
	require.Len(t, all, 2)
	return all[0], all[1]
}

// buildImage carries out the stage that builds. Its folder /out is the one that
// buildImage returns.
func buildImage(t *testing.T, stage []instruction) (out string) {
	t.Helper()
	dir, out := t.TempDir(), t.TempDir()
	runs := 0
	for _, i := range stage {
		switch i.name {
		case "COPY":
			names := strings.Fields(i.rest)
			to, folder := names[len(names)-1], strings.HasSuffix(i.rest, "/")
			for _, name := range names[:len(names)-1] {
				target := to
				if folder {
					target = path.Join(to, name)
				}
				copyTo(t, name, filepath.Join(dir, filepath.FromSlash(target)))
			}
		case "RUN":
			command := exec.Command("sh", "-c", strings.ReplaceAll(i.rest, "/out", out))
			command.Dir = dir
			command.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+runtime.GOARCH, "VERSION=v9.8.7")
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s\n%s", i.rest, output)
			runs++
		}
	}
	require.Positive(t, runs)
	return out
}

// assertServesOtherMachines runs the program as the image does, but on a free
// port, and asks it from an address that is not loopback, if this machine has one.
func assertServesOtherMachines(t *testing.T, program string, flags []string) {
	t.Helper()
	port := freePort(t)
	command := exec.CommandContext(t.Context(), program, append([]string{"-addr", "0.0.0.0:" + port}, flags...)...)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })

	url := "http://" + net.JoinHostPort(outerAddress(t), port)
	var answer *http.Response
	require.Eventually(t, func() bool {
		var err error
		answer, err = http.Get(url + "/_sandbox/clock")
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	for path, status := range map[string]int{"/": http.StatusOK, "/v1/orders": http.StatusUnauthorized} {
		answer, err := http.Get(url + path)
		require.NoError(t, err)
		answer.Body.Close()
		assert.Equal(t, status, answer.StatusCode, path)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// outerAddress returns an address of this machine that is not loopback. Without a
// network there is none.
func outerAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.To4() != nil && !ip.IsLoopback() {
			return ip.String()
		}
	}
	t.Log("this machine has no address but loopback, so nothing asks from another")
	return "127.0.0.1"
}
