package spec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
)

// generate writes the new description into a copy of the repository and generates
// the code there. At the same time, it loads the current packages.
func (r *run) generate(ctx context.Context) error {
	var (
		wait      sync.WaitGroup
		beforeErr error
	)
	wait.Go(func() {
		if r.before == nil {
			r.before, beforeErr = load(ctx, r.Root)
		}
	})
	err := r.generateInCopy(ctx)
	wait.Wait()
	return errors.Join(err, beforeErr)
}

func (r *run) generateInCopy(ctx context.Context) (err error) {
	if r.work, err = newWorkspace(ctx, r.Root, r.folder); err != nil {
		return err
	}
	if err := r.work.write(descriptionFile, r.formatted); err != nil {
		return err
	}
	if lines := r.blocked(); len(lines) > 0 {
		// Leave out the actions that need a decision and continue with the others,
		// so that one report lists all problems.
		rest, err := overlaycheck.Without(r.overlay, lines)
		if err != nil {
			return err
		}
		if err := r.work.write(overlayFile, rest); err != nil {
			return err
		}
	}
	if err := r.keepPublished(); err != nil {
		return err
	}
	generator := r.generator
	if generator == nil {
		generator = func(ctx context.Context, dir string) error { return r.command(ctx, dir, "generate", "./...") }
	}
	if err := generator(ctx, r.work.dir); err != nil {
		return fmt.Errorf("the code could not be generated from the description: %w", err)
	}
	return nil
}

// environment returns the environment of go commands. It keeps workspace files and
// version control systems outside the copy from affecting the build.
func environment() []string {
	flags := strings.TrimSpace(os.Getenv("GOFLAGS") + " -buildvcs=false")
	return append(os.Environ(), "GOWORK=off", "GOFLAGS="+flags)
}

// command runs the go command in a folder.
func (r *run) command(ctx context.Context, dir string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	command.Env = append(environment(), "PWD="+dir)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(arguments, " "), withOutput(err, output))
	}
	return nil
}
