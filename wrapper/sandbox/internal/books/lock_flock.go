//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package books

import (
	"errors"
	"os"
	"syscall"
)

// lockFile prevents a second sandbox from opening the same state file. The lock is
// released when the process ends, even if it is killed. The lock file itself is not
// removed, because then two processes could lock two different files with this name.
func lockFile(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // The lock's error is the one to report.
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("is in use by another sandbox")
		}
		return nil, err
	}
	return func() { _ = file.Close() }, nil // Closing the file unlocks it.
}
