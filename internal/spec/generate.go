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

// generate writes the new description into a copy and generates the code
// there, while the packages as they are now are read from the repository.
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
	if r.work, err = newWorkspace(ctx, r.Root); err != nil {
		return err
	}
	if err := r.work.write(descriptionFile, r.formatted); err != nil {
		return err
	}
	if lines := r.blocked(); len(lines) > 0 {
		// Without the actions that are to be decided about, the rest can be
		// tried, so that one report names everything.
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
		return fmt.Errorf("no code can be generated from the description: %w", err)
	}
	return nil
}

// environment is what go commands run with: nothing around the copy, neither a
// workspace file nor a version control system, has a say in the build.
func environment() []string {
	flags := strings.TrimSpace(os.Getenv("GOFLAGS") + " -buildvcs=false -trimpath")
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
