//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

// lockFile keeps a second sandbox off the same state file. The lock ends with
// the process, however that ends. The file stays: removing it would let two
// processes lock two files of one name.
func lockFile(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // the error that counts is the lock's
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("is in use by another sandbox")
		}
		return nil, err
	}
	return func() { _ = file.Close() }, nil // closing unlocks
}
