package spec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// workspace is a copy of the repository in which an update is tested.
type workspace struct {
	root string // the repository
	dir  string // the copy
	// before are the contents of the copied files by path.
	before map[string][]byte
	kept   bool // whether the folder is used again
}

// newWorkspace copies the files of the repository: those that git tracks, and new
// ones that it does not ignore. Outside of a git repository, it copies all files. The
// copy is in a new folder or, if dir is not empty, in dir, where an older copy is
// replaced.
func newWorkspace(ctx context.Context, root, dir string) (*workspace, error) {
	files, err := repositoryFiles(ctx, root)
	if err != nil {
		return nil, err
	}
	kept := dir != ""
	if !kept {
		if dir, err = os.MkdirTemp("", "cnaught-update-spec-"); err != nil {
			return nil, err
		}
	}
	// The go command reports positions without symbolic links.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	w := &workspace{root: root, dir: dir, before: map[string][]byte{}, kept: kept}
	for _, file := range files {
		if err := w.copyIn(file); err != nil {
			w.remove()
			return nil, fmt.Errorf("copy the repository: %w", err)
		}
	}
	if kept {
		return w, w.removeOthers()
	}
	return w, nil
}

// remove removes the copy, unless its folder is used again.
func (w *workspace) remove() {
	if !w.kept {
		_ = os.RemoveAll(w.dir)
	}
}

// removeOthers removes files of an older copy that are not in the repository.
func (w *workspace) removeOthers() error {
	files, err := walkFiles(w.dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, known := w.before[file]; !known {
			if err := os.Remove(w.path(file)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workspace) copyIn(file string) error {
	from := filepath.Join(w.root, filepath.FromSlash(file))
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil // deleted but not committed yet, or a symbolic link
	}
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	w.before[file] = data
	if older, err := os.ReadFile(w.path(file)); w.kept && err == nil && bytes.Equal(older, data) {
		return nil // making a file takes much longer than reading it
	}
	return writeFile(filepath.Join(w.dir, filepath.FromSlash(file)), data, info.Mode().Perm())
}

func writeFile(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, mode)
}

func repositoryFiles(ctx context.Context, root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		return walkFiles(root)
	}
	command := exec.CommandContext(ctx, "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the files of the repository: %w", withOutput(err, nil))
	}
	files := strings.Split(strings.Trim(string(out), "\x00"), "\x00")
	slices.Sort(files)
	return slices.Compact(files), nil
}

func walkFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if entry.Type().IsRegular() {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(relative))
		}
		return nil
	})
	return files, err
}

func (w *workspace) path(file string) string {
	return filepath.Join(w.dir, filepath.FromSlash(file))
}

func (w *workspace) write(file string, data []byte) error {
	return writeFile(w.path(file), data, 0o644)
}

// edit is one file that an update changes. If after is nil, the file is removed.
type edit struct {
	file          string
	before, after []byte
}

// edits returns the files of the copy that differ from the repository.
func (w *workspace) edits() ([]edit, error) {
	files, err := walkFiles(w.dir)
	if err != nil {
		return nil, err
	}
	var out []edit
	for _, file := range files {
		data, err := os.ReadFile(w.path(file))
		if err != nil {
			return nil, err
		}
		if before, known := w.before[file]; !known || !bytes.Equal(before, data) {
			out = append(out, edit{file: file, before: before, after: data})
		}
	}
	for file, before := range w.before {
		if !slices.Contains(files, file) {
			out = append(out, edit{file: file, before: before})
		}
	}
	slices.SortFunc(out, func(a, b edit) int { return strings.Compare(a.file, b.file) })
	return out, nil
}

// withOutput adds the output of a command to its error.
func withOutput(err error, output []byte) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(output) == 0 {
		output = exit.Stderr
	}
	if text := strings.TrimSpace(string(output)); text != "" {
		return fmt.Errorf("%w\n%s", err, text)
	}
	return err
}
