package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
	"github.com/cnaught-go/cnaught/internal/spec/page"
	"github.com/cnaught-go/cnaught/internal/spec/source"
)

// generate writes the new description into a copy and generates the code
// there, while the packages as they are now are read from the repository.
func (r *run) generate(ctx context.Context) error {
	var (
		wait      sync.WaitGroup
		beforeErr error
	)
	wait.Go(func() {
		r.before, beforeErr = load(r.Root, ".")
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
	if err := r.keepPages(); err != nil {
		return err
	}
	if err := r.command(ctx, r.work.dir, "generate", "./..."); err != nil {
		return fmt.Errorf("no code can be generated from the description: %w", err)
	}
	return nil
}

// keepPages stores the pages that were merged as the record of what was
// published, in the place of older pages of the same operations, and drops the
// stored pages that the new description contradicts.
func (r *run) keepPages() error {
	kept := map[string]bool{}
	for _, document := range r.source.Documents {
		if document.Markdown == nil {
			continue
		}
		name := r.pageName(document)
		kept[name] = true
		if err := r.work.write(name, document.Markdown); err != nil {
			return err
		}
	}
	for _, name := range r.storedPages() {
		stored, err := readPage(name, r.work.before[name])
		if err != nil || kept[name] {
			continue
		}
		for _, document := range stored {
			if differences := merge.Differences(r.next.Root, document); len(differences) > 0 {
				r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was removed: the new description differs from it at `%s`.", name, differences[0]))
				if err := os.Remove(r.work.path(name)); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

func (r *run) storedPages() []string {
	var out []string
	for name := range r.work.before {
		if path.Dir(name) == publishedFolder && strings.HasSuffix(name, ".md") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func readPage(name string, markdown []byte) ([]source.Document, error) {
	roots, err := page.Extract(name, markdown)
	if err != nil {
		return nil, err
	}
	var out []source.Document
	for _, root := range roots {
		out = append(out, source.Document{Name: name, Root: root})
	}
	return out, nil
}

// pageName is where a page is stored: in the place of the page that has one of
// its operations, or under its own name.
func (r *run) pageName(document source.Document) string {
	wanted := merge.Operations(document.Root)
	for _, name := range r.storedPages() {
		stored, err := readPage(name, r.work.before[name])
		if err != nil {
			continue
		}
		for _, other := range stored {
			if slices.ContainsFunc(merge.Operations(other.Root), func(operation string) bool { return slices.Contains(wanted, operation) }) {
				return name
			}
		}
	}
	return path.Join(publishedFolder, strings.ReplaceAll(document.Name, "/", "-"))
}

// environment is what go commands run with: nothing around the copy, neither a
// workspace file nor a version control system, has a say in the build.
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
