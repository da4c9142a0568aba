package books

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
)

// header is the first line of a state file.
const header = `{"format":"cnaught-sandbox-state","version":1}`

// A state file is rewritten without its history when it has at least minRewrite bytes
// and at least rewriteFactor times its size after the last rewrite.
const (
	minRewrite    = 16 << 20
	rewriteFactor = 4
)

// journal is the state file. It has one line of JSON for each committed change, in
// order. A change is committed once its whole line is in the file. Each line is passed
// to the operating system in one write before the request is answered, so that killing
// the process loses no change that was answered. Only a crash of the whole machine can
// lose the latest lines.
type journal struct {
	path   string
	file   *os.File
	unlock func()
	size   int64 // the size of all complete lines
	base   int64 // the size after the last rewrite
	least  int64 // the size below which it is not rewritten: minRewrite
	failed error // if not nil, the file can no longer be written
}

// openJournal passes each change in the state file to apply and prepares the file for
// more changes. fresh reports whether the file is new.
func openJournal(path string, apply func(*Change)) (j *journal, fresh bool, err error) {
	switch info, err := os.Stat(path); {
	case err != nil: // Opening the file reports the error, unless the file is only missing.
	case info.IsDir():
		return nil, false, fmt.Errorf("state file %s is a directory", path)
	case !info.Mode().IsRegular(): // A device or a pipe might be read without end.
		return nil, false, fmt.Errorf("state file %s is not a regular file", path)
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, false, stateFileError(path, err)
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, stateFileError(path, err)
	}
	j = &journal{path: path, file: file, unlock: unlock, least: minRewrite}
	defer func() {
		if err != nil {
			_ = file.Close() // The first error is the one to report.
		}
	}()
	if j.size, err = readJournal(file, apply); err != nil {
		return nil, false, fmt.Errorf("state file %s: %w", path, err)
	}
	j.base = j.size
	fresh = j.size == 0
	if err = j.toEnd(); err == nil && fresh {
		err = j.write([]byte(header))
	}
	return j, fresh, err
}

// stateFileError returns an error that names the state file, even if err is about its
// lock file, which the user does not know.
func stateFileError(path string, err error) error {
	var inner *os.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("state file %s: %w", path, err)
}

var errNotStateFile = errors.New("is not a state file of this sandbox")

// readJournal applies each line and returns the size of all complete lines. It ignores
// a last line that was cut off, because its request was never answered.
func readJournal(file io.Reader, apply func(*Change)) (size int64, err error) {
	r := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			if n == 1 && !strings.HasPrefix(header, string(line)) {
				return 0, errNotStateFile
			}
			return size, nil
		}
		if err != nil {
			return 0, err
		}
		if n == 1 {
			if string(bytes.TrimSpace(line)) != header {
				return 0, errNotStateFile
			}
		} else {
			var c Change
			if err := json.Unmarshal(line, &c); err != nil {
				return 0, fmt.Errorf("line %d can't be read: %w", n, err)
			}
			if c.holdsNull() {
				return 0, fmt.Errorf("line %d can't be read: a record is null", n)
			}
			apply(&c)
		}
		size += int64(len(line))
	}
}

// toEnd truncates the file to its complete lines and seeks to its end.
func (j *journal) toEnd() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

func (j *journal) append(c *Change) error {
	if j.failed != nil {
		return j.failed
	}
	line, err := apijson.Encode(c)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	return j.write(line)
}

// write appends one line. If it fails, it removes the part of the line that was
// written; if that fails, too, it sets failed.
func (j *journal) write(line []byte) error {
	n, err := j.file.Write(append(line, '\n'))
	if err == nil {
		j.size += int64(n)
		return nil
	}
	err = fmt.Errorf("state file: %w", err)
	if undo := j.toEnd(); undo != nil {
		j.failed = errors.Join(err, undo)
	}
	return err
}

// grown reports whether the file is large enough to be rewritten.
func (j *journal) grown() bool {
	return j.size >= j.least && j.size >= rewriteFactor*j.base
}

// rewrite replaces the file with one that has the same data but no history. It writes
// a second file, and renames it when it is complete.
func (j *journal) rewrite(snapshot func(emit func(*Change) error) error) error {
	// The name is always the same, so that killed processes leave at most one file.
	temp, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	next := &journal{path: j.path, file: temp, unlock: j.unlock, least: j.least}
	if err := next.fill(snapshot); err != nil {
		// Errors here are ignored because the first error is the one to report.
		_ = temp.Close()
		_ = os.Remove(temp.Name())
		return fmt.Errorf("state file: %w", err)
	}
	old := j.file
	*j = *next
	_ = old.Close() // The old file is not needed any more.
	return nil
}

// fill writes the header and the snapshot, and gives the file its final name.
func (j *journal) fill(snapshot func(emit func(*Change) error) error) error {
	w := bufio.NewWriterSize(j.file, 1<<20)
	line := func(text []byte) error {
		j.size += int64(len(text)) + 1
		_, err := w.Write(append(text, '\n'))
		return err
	}
	if err := line([]byte(header)); err != nil {
		return err
	}
	err := snapshot(func(c *Change) error {
		text, err := apijson.Encode(c)
		if err != nil {
			return err
		}
		return line(text)
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	j.base = j.size
	// The whole file must be on disk before it replaces the old one.
	if err := j.file.Sync(); err != nil {
		return err
	}
	return os.Rename(j.file.Name(), j.path)
}

// close writes the file to disk, so that it survives a crash of the machine, and
// closes it.
func (j *journal) close() error {
	defer j.unlock()
	return errors.Join(j.file.Sync(), j.file.Close())
}
