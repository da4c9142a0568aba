package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec"
)

func execute(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), arguments, &out, &err)
	return code, out.String(), err.String()
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		code      int
		want      string
	}{
		"help":                {[]string{"-h"}, spec.ExitOK, "-from file"},
		"not found":           {[]string{"-from", notFound(t)}, spec.ExitFailed, "404 Not Found: there is no description at this address"},
		"unknown flag":        {[]string{"-to", "x"}, spec.ExitFailed, "not defined: -to"},
		"source without flag": {[]string{"-from", "a.yaml", "b.yaml"}, spec.ExitFailed, `unexpected argument "b.yaml"`},
		"source missing":      {[]string{"-from", "/nowhere.yaml"}, spec.ExitFailed, "cnaught: update-spec: stat /nowhere.yaml: no such file or directory"},
		"wrong repository":    {[]string{"-root", t.TempDir(), "-from", "x.yaml"}, spec.ExitFailed, "openapi.yaml: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := execute(t, test.arguments...)
			assert.Equal(t, test.code, code)
			assert.Contains(t, stderr, test.want)
		})
	}
}

// notFound returns a URL that is answered with 404.
func notFound(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL + "/openapi.yaml"
}

func TestFailureIsReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "petstore.yaml")
	require.NoError(t, os.WriteFile(file, []byte("openapi: 3.1.0\nservers: [{url: 'https://pets.example.org'}]\npaths: {}\n"), 0o644))
	for _, arguments := range [][]string{{"-from", file}, {"-from", file, "-report"}} {
		code, stdout, stderr := execute(t, arguments...)
		assert.Equal(t, spec.ExitFailed, code)
		assert.Contains(t, stdout, "Verdict: **failed**. Nothing was written.")
		assert.Contains(t, stdout, "petstore.yaml describes another API")
		assert.Contains(t, stderr, "cnaught: update-spec: petstore.yaml describes another API")
		assert.Regexp(t, `total +\d+\.\d s`, stderr, "the time is printed")
	}
}

func TestSourceName(t *testing.T) {
	for from, want := range map[string]string{
		"": "what the vendor publishes", "-": "the standard input", "https://example.com/x.yaml": "https://example.com/x.yaml",
	} {
		assert.Equal(t, want, sourceName(from))
	}
}

func TestResolve(t *testing.T) {
	root, err := filepath.Abs("../../../..")
	require.NoError(t, err)
	options, err := resolve("", "openapi.yaml")
	require.NoError(t, err)
	assert.Equal(t, root, options.Root, "found from a subfolder")
	assert.Equal(t, filepath.Join(root, "openapi.yaml"), options.From, "relative to the repository")

	options, err = resolve(root, "main.go")
	require.NoError(t, err)
	assert.Equal(t, "main.go", options.From, "relative to the current folder")

	t.Chdir(t.TempDir())
	_, err = resolve("", "x.yaml")
	assert.ErrorContains(t, err, "name the repository with -root")
}
