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

// A state file is written anew, without its history, when it has at least
// minRewrite bytes and rewriteFactor times those it began with.
const (
	minRewrite    = 16 << 20
	rewriteFactor = 4
)

// journal is the state file: one JSON line for each committed change, in order.
// A change counts once its whole line is in the file. Each line goes to the
// operating system in one write before the request is answered, so killing the
// process loses nothing that was answered. Only if the machine itself stops may
// the latest lines be lost.
type journal struct {
	path   string
	file   *os.File
	unlock func()
	size   int64 // of the lines that count
	base   int64 // size after the last rewrite
	failed error // non-nil means that nothing more is written
}

// openJournal passes each change in the state file to apply and makes the file
// ready for more. fresh reports that there was no such file.
func openJournal(path string, apply func(*Change)) (j *journal, fresh bool, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, false, fmt.Errorf("state file %s is a directory", path)
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
	j = &journal{path: path, file: file, unlock: unlock}
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

// stateFileError names the state file that the user gave, not the lock file beside
// it.
func stateFileError(path string, err error) error {
	var inner *os.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("state file %s: %w", path, err)
}

var errNotStateFile = errors.New("is not a state file of this sandbox")

// readJournal applies each line and returns the size of those that count. A last
// line that was cut off does not count: its request was never answered.
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
				return 0, fmt.Errorf("line %d can't be read: it holds null for a record", n)
			}
			apply(&c)
		}
		size += int64(len(line))
	}
}

// toEnd truncates the file to the lines that count and seeks to its end.
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

// write appends one line. It removes a line that could not be written whole; if
// that fails too, nothing more is written to the file.
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

// grown reports that the file is due to be written without its history.
func (j *journal) grown() bool {
	return j.size >= minRewrite && j.size >= rewriteFactor*j.base
}

// rewrite replaces the file with one that holds the state and no history. It
// writes a second file beside it, which takes the name once it is complete.
func (j *journal) rewrite(snapshot func(emit func(*Change) error) error) error {
	// The name is always the same, so that killed processes leave one file at most.
	temp, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	next := &journal{path: j.path, file: temp, unlock: j.unlock}
	if err := next.fill(snapshot); err != nil {
		_ = temp.Close()           // The first error is the one to report.
		_ = os.Remove(temp.Name()) // So it is here.
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
	// The whole file must be on disk before it takes the name.
	if err := j.file.Sync(); err != nil {
		return err
	}
	return os.Rename(j.file.Name(), j.path)
}

// close flushes the file to disk, so that it survives the machine stopping.
func (j *journal) close() error {
	defer j.unlock()
	return errors.Join(j.file.Sync(), j.file.Close())
}
