package release

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// root is the root of the repository.
const root = "../.."

// all makes the tests build the programs as a release does ("make test-more"), which
// compiles the standard library once more for each platform.
var all = flag.Bool("all", false, "build the programs of a release, and the one of the container")

func skipUnlessAll(t *testing.T) {
	t.Helper()
	if !*all {
		t.Skip("the programs are built only by make test-more")
	}
}

// TestReleaseWorkflowPublishesBinaries runs the steps of the workflow as they are,
// for this platform and another.
func TestReleaseWorkflowPublishesBinaries(t *testing.T) {
	skipUnlessAll(t)
	host := runtime.GOOS + "/" + runtime.GOARCH
	foreign := "linux/arm64"
	if host == foreign {
		foreign = "linux/amd64"
	}
	dist, gh := runWorkflow(t, "v9.8.7-rc.1", "PLATFORMS="+host+" "+foreign)

	for _, platform := range []string{host, foreign} {
		assertBinary(t, filepath.Join(dist, binaryName(platform)), platform)
	}
	assertVersion(t, filepath.Join(dist, binaryName(host)), "v9.8.7-rc.1")
	assertChecksums(t, dist, 2)
	assert.Equal(t, []string{"release", "create", "v9.8.7-rc.1", "--verify-tag", "--prerelease", "--title", "v9.8.7-rc.1", "--notes-file"}, gh[:8])
	notes, err := os.ReadFile(gh[8])
	require.NoError(t, err)
	assert.Equal(t, "### Added\n\n- What 9.8.7-rc.1 brings.\n", strings.Trim(string(notes), "\n")+"\n")
}

// TestReleaseWorkflowBuildsEveryPlatform has a go command that builds nothing.
func TestReleaseWorkflowBuildsEveryPlatform(t *testing.T) {
	tool := script(t, "go", `while [ "$1" != -o ]; do shift; done; echo "$GOOS/$GOARCH" > "$2"`)
	dist, gh := runWorkflow(t, "v9.8.7", "GO="+tool)

	assert.Contains(t, gh, "--latest")
	assert.NotContains(t, gh, "--prerelease")
	want := []string{filepath.Join(dist, "SHA256SUMS")}
	for _, platform := range []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64"} {
		file := filepath.Join(dist, binaryName(platform))
		built, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, platform+"\n", string(built))
		want = append(want, file)
	}
	assert.Equal(t, want, gh[9:], "all that is published")
	assertChecksums(t, dist, 5)
}

func TestReleaseNeedsASectionOfTheChangelog(t *testing.T) {
	command := exec.Command("make", "-s", "release-notes", "VERSION=v9.8")
	command.Dir = checkout(t)
	out, err := command.CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(out), "CHANGELOG.md has no section for v9.8")
}

// runWorkflow runs the commands of the job binaries for a tag, in a checkout of
// its own. It returns the folder of the binaries and the arguments of gh.
func runWorkflow(t *testing.T, tag string, env ...string) (dist string, gh []string) {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	readYAML(t, ".github/workflows/release.yml", &workflow)
	temp, dir := t.TempDir(), checkout(t)
	recorded := filepath.Join(temp, "gh")
	fake := script(t, "gh", `printf '%s\n' "$@" > "`+recorded+`"`)
	for _, step := range workflow.Jobs["binaries"].Steps {
		if step.Run == "" {
			continue
		}
		command := exec.Command("bash", "-e", "-c", step.Run)
		command.Dir = dir
		command.Env = append(os.Environ(), "GITHUB_REF_NAME="+tag, "RUNNER_TEMP="+temp,
			"PATH="+filepath.Dir(fake)+string(os.PathListSeparator)+os.Getenv("PATH"))
		command.Env = append(command.Env, env...)
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s\n%s", step.Run, out)
	}
	arguments, err := os.ReadFile(recorded)
	require.NoError(t, err, "the workflow calls gh")
	return filepath.Join(temp, "dist"), strings.Split(strings.TrimSpace(string(arguments)), "\n")
}

// checkout copies what a release is built from, with a changelog that has it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "Makefile", "api", "wrapper"} {
		copyTo(t, name, filepath.Join(dir, name))
	}
	const changelog = "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n" +
		"## [9.8.7] - 2030-01-02\n\n- What 9.8.7 brings.\n\n" +
		"## [9.8.7-rc.1] - 2030-01-01\n\n### Added\n\n- What 9.8.7-rc.1 brings.\n\n## [0.1.0]\n\n- The first.\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(changelog), 0o644))
	return dir
}

// copyTo copies a file or folder of the repository.
func copyTo(t *testing.T, name, to string) {
	t.Helper()
	from := filepath.Join(root, filepath.FromSlash(name))
	info, err := os.Stat(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	if info.IsDir() {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		return
	}
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o644))
}

// script writes a program of that name into a folder of its own.
func script(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return file
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, into))
}

func binaryName(platform string) string {
	name := "cnaught-sandbox_" + strings.ReplaceAll(platform, "/", "_")
	if strings.HasPrefix(platform, "windows/") {
		name += ".exe"
	}
	return name
}

// assertBinary checks how a program was built, and that it needs no library.
func assertBinary(t *testing.T, file, platform string) {
	t.Helper()
	info, err := buildinfo.ReadFile(file)
	require.NoError(t, err)
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	assert.Equal(t, platform, settings["GOOS"]+"/"+settings["GOARCH"])
	assert.Equal(t, "0", settings["CGO_ENABLED"])
	assert.Equal(t, "true", settings["-trimpath"])
	if !strings.HasPrefix(platform, "linux/") {
		return
	}
	program, err := elf.Open(file)
	require.NoError(t, err)
	defer program.Close()
	for _, part := range program.Progs {
		assert.NotContains(t, []elf.ProgType{elf.PT_INTERP, elf.PT_DYNAMIC}, part.Type, "%s is not static", file)
	}
	assert.Nil(t, program.Section(".symtab"), "the symbols are left out")
}

func assertVersion(t *testing.T, file, version string) {
	t.Helper()
	out, err := exec.Command(file, "-version").Output()
	require.NoError(t, err)
	assert.Regexp(t, `^cnaught-sandbox \Q`+version+`\E go1\.\d+`, string(out))
}

func assertChecksums(t *testing.T, dist string, files int) {
	t.Helper()
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(sums)), "\n")
	assert.Len(t, lines, files)
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		data, err := os.ReadFile(filepath.Join(dist, name))
		require.NoError(t, err)
		actual := sha256.Sum256(data)
		assert.Equal(t, hex.EncodeToString(actual[:]), sum, name)
	}
}
