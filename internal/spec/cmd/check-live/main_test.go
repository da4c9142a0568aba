package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/internal/spec/live"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func execute(t *testing.T, env map[string]string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), func(name string) string { return env[name] }, 0, &out, &err)
	return code, out.String(), err.String()
}

func TestWithoutKey(t *testing.T) {
	code, stdout, stderr := execute(t, nil)
	assert.Equal(t, live.ExitUnchecked, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "CNAUGHT_API_KEY is not set: get a key from https://app.cnaught.com/apikeys")
}

func TestUnsafeAddress(t *testing.T) {
	code, stdout, stderr := execute(t, map[string]string{"CNAUGHT_API_KEY": "C0-secret", "CNAUGHT_BASE_URL": "http://example.com/v1"})
	assert.Equal(t, live.ExitUnchecked, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "plain http")
	assert.NotContains(t, stderr, "C0-secret")
}

func TestExitCodes(t *testing.T) {
	cn := sandbox.Run(t)
	env := map[string]string{"CNAUGHT_API_KEY": cn.APIKey(), "CNAUGHT_BASE_URL": cn.URL()}

	code, stdout, stderr := execute(t, env)
	assert.Equal(t, live.ExitAsDescribed, code)
	assert.Contains(t, stdout, "**As described**")
	assert.Empty(t, stderr)

	cn.Inject(sandbox.Fault{Operation: "RequestTrainQuote", Status: 500})
	code, stdout, _ = execute(t, env)
	assert.Equal(t, live.ExitDifferent, code)
	assert.Contains(t, stdout, "**Different from the description**: 1 difference")

	env["CNAUGHT_API_KEY"] = "C0-another"
	code, stdout, _ = execute(t, env)
	assert.Equal(t, live.ExitUnchecked, code)
	assert.Contains(t, stdout, "**Could not be checked**")
}
