package spec

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// TestWatch runs the steps of the workflow spec-watch against a vendor whose
// description is the same as ours, has additions, needs a decision or is missing.
func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWatch(t)
	w.repo.skipAfterArrival(t)

	w.answer = w.repo.files[descriptionFile]
	require.NoError(t, w.run(t))
	assert.Empty(t, w.calls(t), "nothing changed")

	unnamed := w.repo.description(t)
	set(t, unnamed, newOperation, "paths", "/retirements/{id}")
	drop(t, unnamed, "paths", "/retirements/{id}", "get", "operationId")
	w.answer = text(t, unnamed)
	require.NoError(t, w.run(t))
	assert.Equal(t, []string{"label create api-description", "issue list --label api-description", "issue create --label api-description --title The API's description changed and needs a decision"}, w.calls(t))
	assert.Contains(t, w.body(t), "Verdict: **a person has to decide**")
	assert.Contains(t, w.body(t), "`GET /retirements/{id}` has no operationId")
	w.open = "7"
	require.NoError(t, w.run(t))
	assert.Equal(t, []string{"label create api-description", "issue list --label api-description", "issue edit 7"}, w.calls(t))

	w.answer = nil
	assert.ErrorContains(t, w.run(t), "exit status 2", "the workflow fails, so that the failure is noticed")
	assert.Empty(t, w.calls(t))
	assert.Empty(t, w.repo.changed(t))
	assert.Empty(t, w.git(t, "branch", "--list", "spec-update-*"))

	if !*all {
		return // the next run updates the repository
	}

	w.open = ""
	more := w.repo.description(t)
	// It does not change Go code, so the update does not run tests.
	set(t, more, "{X-Request-Id: {schema: {type: string}}}", "paths", "/orders/{id}", "get", "responses", "200", "headers")
	w.answer = text(t, more)
	require.NoError(t, w.run(t))
	branch := w.git(t, "branch", "--show-current")
	assert.Regexp(t, `^spec-update-[0-9a-f]{12}$`, branch)
	assert.Equal(t, []string{
		"pr list --head " + branch, "pr create --head " + branch + " --title The API's description changed",
		"workflow run ci.yml --ref " + branch,
	}, w.calls(t))
	assert.Contains(t, w.body(t), "# New API description: "+w.vendor.URL+"/openapi.yaml\n\nVerdict: **additive**")
	assert.Contains(t, w.body(t), "X-Request-Id")
	assert.Equal(t, w.git(t, "rev-parse", "HEAD"), w.git(t, "--git-dir", w.remote, "rev-parse", branch), "the branch is pushed")
	assert.Equal(t, descriptionFile, w.git(t, "show", "--name-only", "--format=", "HEAD"))

	w.git(t, "switch", "--quiet", "main")
	w.open = "8"
	require.NoError(t, w.run(t))
	assert.Equal(t, []string{"pr list --head " + branch}, w.calls(t), "one pull request for one change")
	assert.Equal(t, "main", w.git(t, "branch", "--show-current"))
}

// ownGit keeps git from using the settings of the user, such as signatures.
const ownGit = "GIT_CONFIG_GLOBAL=/dev/null"

// watch is a clone of the repository with a vendor and a fake GitHub.
type watch struct {
	repo    *fixture
	remote  string
	vendor  *httptest.Server
	answer  []byte // the published description; nil causes a 404
	open    string // the issue or pull request that gh lists
	gh      string // the folder of a gh that records its arguments
	command string // the steps of the workflow
}

func newWatch(t *testing.T) *watch {
	t.Helper()
	w := &watch{repo: wholeRepository(t, "watch"), remote: t.TempDir(), gh: t.TempDir()}
	w.vendor = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.answer == nil {
			http.NotFound(out, r)
			return
		}
		_, _ = out.Write(w.answer)
	}))
	t.Cleanup(w.vendor.Close)
	w.git(t, "init", "--quiet", "--bare", w.remote)
	w.git(t, "init", "--quiet", "--initial-branch", "main")
	w.git(t, "remote", "add", "origin", w.remote)
	w.git(t, "add", "--all")
	w.git(t, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "All")

	const gh = `#!/bin/sh
echo "$*" >>"$RECORD/calls"
if [ "$2" = list ]; then echo "$OPEN"; fi
while [ $# -gt 0 ]; do
	if [ "$1" = --body-file ]; then cp "$2" "$RECORD/body"; fi
	shift
done
`
	require.NoError(t, os.WriteFile(filepath.Join(w.gh, "gh"), []byte(gh), 0o755))
	var workflow struct {
		Jobs map[string]struct{ Steps []struct{ Run string } }
	}
	require.NoError(t, yaml.Unmarshal(w.repo.read(t, ".github/workflows/spec-watch.yml"), &workflow))
	for _, step := range workflow.Jobs["watch"].Steps {
		w.command += step.Run + "\n"
	}
	return w
}

// run runs the steps of the workflow, as GitHub does.
func (w *watch) run(t *testing.T) error {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-e", "-c", w.command)
	command.Dir = w.repo.dir
	command.Env = append(os.Environ(), ownGit, "FROM="+w.vendor.URL+"/openapi.yaml", "OPEN="+w.open, "RECORD="+w.gh,
		"PATH="+w.gh+string(os.PathListSeparator)+os.Getenv("PATH"))
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	return err
}

// calls returns the calls of gh since the last time, without the options that set
// the format of the answer.
func (w *watch) calls(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(w.gh, "calls")
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	require.NoError(t, os.Remove(file))
	var calls []string
	for line := range strings.Lines(string(data)) {
		for _, option := range []string{" --body-file", " --state", " --force"} {
			line, _, _ = strings.Cut(line, option)
		}
		calls = append(calls, strings.TrimSpace(line))
	}
	return calls
}

// body returns the last text that was passed to gh.
func (w *watch) body(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.gh, "body"))
	require.NoError(t, err)
	return string(data)
}

// git runs git in the clone.
func (w *watch) git(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = w.repo.dir
	command.Env = append(os.Environ(), ownGit)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "git %s\n%s", strings.Join(arguments, " "), output)
	return strings.TrimSpace(string(output))
}
