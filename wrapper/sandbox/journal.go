package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// journalHeader is the first line of a state file.
const journalHeader = `{"format":"cnaught-sandbox-state","version":1}`

// A state file is written anew, without its history, when it has at least
// minRewrite bytes and rewriteFactor times those it began with.
const (
	minRewrite    = 16 << 20
	rewriteFactor = 4
)

// journal is the state file: one JSON line for each committed change, in
// order. A change stands when its line is there whole. A line goes to the
// operating system in one write before anything is answered, so killing the
// process loses nothing that was answered; only when the machine itself stops
// may the latest lines be lost.
type journal struct {
	path   string
	file   *os.File
	unlock func()
	size   int64 // of the lines that stand
	base   int64 // size after the last rewrite
	failed error // once set, nothing more is written
}

// openJournal reads the state file into apply and makes it ready to be
// appended to. fresh reports that there was none.
func openJournal(path string, apply func(*change)) (j *journal, fresh bool, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, false, fmt.Errorf("state file %s is a folder", path)
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, false, fmt.Errorf("state file %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	j = &journal{path: path, file: file, unlock: unlock}
	defer func() {
		if err != nil {
			_ = file.Close() // the error that counts is the first
		}
	}()
	if j.size, err = readJournal(file, apply); err != nil {
		return nil, false, fmt.Errorf("state file %s: %w", path, err)
	}
	j.base = j.size
	fresh = j.size == 0
	if err = j.toEnd(); err == nil && fresh {
		err = j.write([]byte(journalHeader))
	}
	return j, fresh, err
}

var errNotOurs = errors.New("is not a state file of this sandbox")

// readJournal applies each line and returns the size of what stands: a last
// line that was cut off was never answered, and is dropped.
func readJournal(file io.Reader, apply func(*change)) (size int64, err error) {
	r := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			if n == 1 && !strings.HasPrefix(journalHeader, string(line)) {
				return 0, errNotOurs
			}
			return size, nil
		}
		if err != nil {
			return 0, err
		}
		if n == 1 {
			if string(bytes.TrimSpace(line)) != journalHeader {
				return 0, errNotOurs
			}
		} else {
			var c change
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

// toEnd cuts off what does not stand and goes to the end.
func (j *journal) toEnd() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

func (j *journal) append(c *change) error {
	if j.failed != nil {
		return j.failed
	}
	line, err := encode(c)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	return j.write(line)
}

// write appends one line. A line that could not be written whole is taken back;
// if that fails too, the file is left alone from then on.
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

func (j *journal) grown() bool {
	return j.size >= minRewrite && j.size >= rewriteFactor*j.base
}

// rewrite replaces the file by one that holds the state and no history: a
// second file beside it takes its name when it is complete.
func (j *journal) rewrite(snapshot func(emit func(*change) error) error) error {
	// One name, so that a killed process leaves one file at most.
	temp, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	next := &journal{path: j.path, file: temp, unlock: j.unlock}
	if err := next.fill(snapshot); err != nil {
		_ = temp.Close()           // the error that counts is the first
		_ = os.Remove(temp.Name()) // likewise
		return fmt.Errorf("state file: %w", err)
	}
	old := j.file
	*j = *next
	_ = old.Close() // nothing of it is needed any more
	return nil
}

func (j *journal) fill(snapshot func(emit func(*change) error) error) error {
	w := bufio.NewWriterSize(j.file, 1<<20)
	line := func(text []byte) error {
		j.size += int64(len(text)) + 1
		_, err := w.Write(append(text, '\n'))
		return err
	}
	if err := line([]byte(journalHeader)); err != nil {
		return err
	}
	err := snapshot(func(c *change) error {
		text, err := encode(c)
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
	// Before the new file takes the name, it must be there whole.
	if err := j.file.Sync(); err != nil {
		return err
	}
	return os.Rename(j.file.Name(), j.path)
}

// close makes the file safe from the machine's end too.
func (j *journal) close() error {
	defer j.unlock()
	return errors.Join(j.file.Sync(), j.file.Close())
}
