package goapi

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUpdate(t *testing.T) {
	known := []RawOnly{{"Deprecated", "because"}, {"Gone", "because"}, {"HasMethodNow", NewReason}}
	got := UpdateRawOnly(known, []string{"New", "Deprecated", "Another"})
	assert.Equal(t, []RawOnly{{"Another", NewReason}, {"Deprecated", "because"}, {"New", NewReason}}, got)
	assert.Len(t, known, 3)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.yaml")
	entries, err := ReadRawOnly(path)
	require.NoError(t, err)
	assert.Empty(t, entries, "a missing file is an empty list")

	for _, want := range [][]RawOnly{nil, {{"A", "Deprecated: \"B\" takes its place."}, {"C", NewReason}}} {
		text, err := FormatRawOnly(want)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o644))
		got, err := ReadRawOnly(path)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, got)
	}

	require.NoError(t, os.WriteFile(path, []byte("- operation: A\n  why: x\n"), 0o644))
	_, err = ReadRawOnly(path)
	assert.ErrorContains(t, err, path)
}
