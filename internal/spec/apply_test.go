package spec

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// folder returns a repository with the given files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, writeFile(filepath.Join(dir, name), []byte(text), 0o640))
	}
	return dir
}

// contents returns all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := walkFiles(dir)
	require.NoError(t, err)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		out[name] = string(data)
	}
	return out
}

func TestApply(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1", "b/c": "2", "gone": "3", "kept": "4"})
	require.NoError(t, apply(dir, []edit{
		{file: "a", before: []byte("1"), after: []byte("one")},
		{file: "b/c", before: []byte("2"), after: []byte("")},
		{file: "gone", before: []byte("3")},
		{file: "new/d", after: []byte("5")},
	}))
	assert.Equal(t, map[string]string{"a": "one", "b/c": "", "new/d": "5", "kept": "4"}, contents(t, dir))
	info, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode().Perm(), "the mode is kept")
}

func TestApplyRefusesChangedFiles(t *testing.T) {
	files := map[string]string{"a": "1", "b": "changed meanwhile"}
	for name, edits := range map[string][]edit{
		"changed":           {{file: "a", before: []byte("1"), after: []byte("x")}, {file: "b", before: []byte("2"), after: []byte("y")}},
		"removed":           {{file: "a", before: []byte("1"), after: []byte("x")}, {file: "c", before: []byte("2"), after: []byte("y")}},
		"made by another":   {{file: "a", after: []byte("x")}},
		"to be removed too": {{file: "b", before: []byte("2")}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, files)
			require.Error(t, apply(dir, edits))
			assert.Equal(t, files, contents(t, dir))
		})
	}
}

// After a failure, the files that were already replaced are restored.
func TestApplyIsAllOrNothing(t *testing.T) {
	files := map[string]string{"a": "1", "gone": "2", "z/file": "3"}
	dir := folder(t, files)
	// A new file cannot replace a folder that is not empty.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "m", "inside"), 0o755))
	edits := []edit{
		{file: "a", before: []byte("1"), after: []byte("one")},
		{file: "added", after: []byte("new")},
		{file: "gone", before: []byte("2")},
		{file: "m", after: []byte("x")},
		{file: "z/file", before: []byte("3"), after: []byte("three")},
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "a"), 0o600))
	require.ErrorContains(t, applyAll(dir, edits), "replace m")
	assert.Equal(t, files, contents(t, dir))
	info, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
