// Package postgres starts a PostgreSQL server for a test, in a folder of its own.
package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// ErrMissing says that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed: apt-get install postgresql (Debian, Ubuntu), or put initdb and pg_ctl on the PATH")

// Server is a running server. It listens only on a socket in its folder, and trusts
// everybody who can reach that.
type Server struct {
	dir, bin string
	options  string
	as       *syscall.SysProcAttr
}

// Start makes a database and starts a server for it. PostgreSQL does not run as
// root, so root starts it as postgres or nobody. A durable server syncs each commit
// to the disk, which only matters if the machine loses power.
func Start(durable bool) (*Server, error) {
	bin, err := findBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cnaught-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, options: "-c listen_addresses= -c max_connections=200 -c unix_socket_directories=" + dir}
	if !durable {
		s.options += " -c fsync=off"
	}
	if err := s.dropRoot(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.run("initdb", "-D", s.data(), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// URL returns the data source of the server's database.
func (s *Server) URL() string {
	return "postgres:///postgres?" + url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}.Encode()
}

// Crash stops the server at once, in the middle of its work, and starts it again.
func (s *Server) Crash() error {
	if err := s.run("pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-w"); err != nil {
		return err
	}
	return s.start()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	return errors.Join(s.run("pg_ctl", "stop", "-D", s.data(), "-m", "fast", "-w"), os.RemoveAll(s.dir))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) start() error {
	return s.run("pg_ctl", "start", "-D", s.data(), "-w", "-l", filepath.Join(s.dir, "log"), "-o", s.options)
}

func (s *Server) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	// The server inherits the output, so the output must not be a pipe, for whose end
	// Run would wait.
	out, err := os.Create(filepath.Join(s.dir, "out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("%s: %w: %s%s", name, err, said, log)
	}
	return nil
}

func (s *Server) dropRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, int(uid), int(gid))
}

// findBin finds Debian's newest server, or one on the PATH.
func findBin() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", ErrMissing
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // 0 comes last
	return n
}
