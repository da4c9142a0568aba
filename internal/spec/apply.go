package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// apply writes all edits to the repository, or none. It first writes the new files
// next to the old ones and then replaces the old ones. If that fails for one of
// them, the others are restored.
func apply(root string, edits []edit) error {
	if err := unchanged(root, edits); err != nil {
		return err
	}
	return applyAll(root, edits)
}

func applyAll(root string, edits []edit) (err error) {
	var done []edit
	modes := map[string]fs.FileMode{}
	for _, e := range edits {
		modes[e.file] = modeOf(root, e)
	}
	defer func() {
		for _, e := range edits {
			_ = os.Remove(staged(root, e))
		}
		if err == nil {
			return
		}
		for _, e := range done {
			if back := restore(root, e, modes[e.file]); back != nil {
				err = errors.Join(err, fmt.Errorf("restore %s: %w", e.file, back))
			}
		}
	}()
	for _, e := range edits {
		if e.after == nil {
			continue
		}
		if err := writeFile(staged(root, e), e.after, modes[e.file]); err != nil {
			return fmt.Errorf("write %s: %w", e.file, err)
		}
	}
	for _, e := range edits {
		place := filepath.Join(root, filepath.FromSlash(e.file))
		if e.after == nil {
			err = os.Remove(place)
		} else {
			err = os.Rename(staged(root, e), place)
		}
		if err != nil {
			return fmt.Errorf("replace %s: %w", e.file, err)
		}
		done = append(done, e)
	}
	return nil
}

// staged returns the path of the temporary file with the new contents of a file.
func staged(root string, e edit) string {
	folder, name := filepath.Split(filepath.Join(root, filepath.FromSlash(e.file)))
	return filepath.Join(folder, "."+name+".update-spec")
}

func modeOf(root string, e edit) fs.FileMode {
	if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(e.file))); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// unchanged returns an error if one of the files was edited while the update ran.
func unchanged(root string, edits []edit) error {
	for _, e := range edits {
		now, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.file)))
		if errors.Is(err, fs.ErrNotExist) && e.before == nil {
			continue
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(now, e.before) {
			return fmt.Errorf("%s was changed while the update ran", e.file)
		}
	}
	return nil
}

func restore(root string, e edit, mode fs.FileMode) error {
	place := filepath.Join(root, filepath.FromSlash(e.file))
	if e.before == nil {
		return os.Remove(place)
	}
	if err := writeFile(place, e.before, mode); err != nil {
		return err
	}
	return os.Chmod(place, mode) // the current file may have another mode
}
