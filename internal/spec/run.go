package spec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/source/upgrade"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// The files and folders of the repository that an update uses.
const (
	descriptionFile = "openapi.yaml"
	overlayFile     = "api/overlay.yaml"
	changelogFile   = "CHANGELOG.md"
	publishedFolder = "internal/spec/published"
)

// Options configures an update.
type Options struct {
	Root string // the repository
	From string // an OpenAPI file, a page or a folder of pages
	// Source is the name of the source in the report. If it is empty, From is used.
	Source string
	// ReportOnly says that only the report is wanted: nothing is built or written.
	ReportOnly bool
	// Show is called with the report before anything is written. It may be nil.
	Show func(*report.Report)

	// before are the packages of the repository, if they are already loaded.
	before *goapi.Snapshot
	// untested and unbuilt say that the copy is not tested and not built.
	untested, unbuilt bool
	// folder is where the copy is made and kept. If it is empty, a new one is used.
	folder string
	// generator generates the code in a folder. If it is nil, go generate is used.
	generator func(ctx context.Context, dir string) error
}

// Run updates the repository, or only reports what an update would do. All failures
// are in the report, and its field Applied tells whether files were written.
func Run(ctx context.Context, o Options) *report.Report {
	r := &run{Options: o, report: &report.Report{Source: cmp.Or(o.Source, o.From)}}
	switch err := r.do(ctx); {
	case err == nil || errors.Is(err, errDecide):
	case ctx.Err() != nil:
		r.report.Reason = "The update was interrupted."
	default:
		r.report.Reason = r.clean(err.Error())
	}
	if r.work != nil {
		r.work.remove()
	}
	return r.report
}

// The exit codes of the command.
const (
	ExitOK       = 0
	ExitDecision = 1
	ExitFailed   = 2
)

// ExitCode returns the exit code of the command. With reportOnly, it also returns
// ExitDecision for a breaking change, because a person has to decide whether to
// adopt it.
func ExitCode(r *report.Report, reportOnly bool) int {
	switch verdict := r.Verdict(); {
	case verdict == report.Failed:
		return ExitFailed
	case verdict == report.Decision, verdict == report.Breaking && reportOnly:
		return ExitDecision
	}
	return ExitOK
}

// errDecide ends a run whose report names what a person has to decide.
var errDecide = errors.New("a person has to decide")

type run struct {
	Options
	report *report.Report
	work   *workspace

	source        *source.Source
	current, next *apichange.Description
	formatted     []byte // the text of next
	overlay       []byte
	overlaidNext  *apichange.Description // nil if the overlay cannot be applied
	remembered    *merge.Remembered
	after         *goapi.Snapshot
}

// clean removes the path of the copy from messages, so that their positions are
// relative to the repository.
func (r *run) clean(text string) string {
	if r.work != nil {
		text = strings.ReplaceAll(text, r.work.dir+string(filepath.Separator), "")
	}
	return text
}

// step runs one part of the update and records how long it takes.
func (r *run) step(name string, part func() error) error {
	start := time.Now()
	err := part()
	r.report.Timings = append(r.report.Timings, report.Timing{Step: name, Duration: time.Since(start)})
	return err
}

func (r *run) do(ctx context.Context) error {
	if err := r.step("read, merge, validate, compare", r.prepare); err != nil {
		return err
	}
	if len(r.report.Conflicts) > 0 {
		return errDecide
	}
	if err := r.step("generate in a copy", func() error { return r.generate(ctx) }); err != nil {
		return err
	}
	if err := r.step("type-check, compare the Go API", func() error { return r.compareGo(ctx) }); err != nil {
		return err
	}
	edits, err := r.work.edits()
	if err != nil {
		return err
	}
	if !r.ReportOnly && !r.untested && changesCode(edits) && r.report.Verdict() != report.Decision {
		err := r.step("test api and wrapper in the copy", func() error {
			failed, err := r.test(ctx)
			r.report.Conflicts = append(r.report.Conflicts, failed...)
			return err
		})
		if err != nil {
			return err
		}
	}
	decision := r.report.Verdict() == report.Decision
	for _, e := range edits {
		if !decision {
			r.report.Written = append(r.report.Written, e.file)
		}
	}
	if r.Show != nil {
		r.Show(r.report)
	}
	if decision {
		return errDecide
	}
	if r.ReportOnly {
		return nil
	}
	if err := r.step("build", func() error { return r.build(ctx, edits) }); err != nil {
		return err
	}
	if err := r.step("replace the files", func() error { return apply(r.Root, edits) }); err != nil {
		return err
	}
	r.report.Applied = true
	return nil
}

// prepare runs the part of the update that does not need generated code.
func (r *run) prepare() error {
	data, err := os.ReadFile(filepath.Join(r.Root, descriptionFile))
	if err != nil {
		return err
	}
	if r.overlay, err = os.ReadFile(filepath.Join(r.Root, filepath.FromSlash(overlayFile))); err != nil {
		return err
	}
	if changelog, err := os.ReadFile(filepath.Join(r.Root, changelogFile)); err == nil {
		r.report.Version = report.NewestVersion(string(changelog))
	}
	if r.current, err = apichange.Read(descriptionFile, data); err != nil {
		return err
	}
	if r.source, err = source.Load(r.From); err != nil {
		return err
	}
	r.source.Ours = sameFile(r.From, filepath.Join(r.Root, descriptionFile))
	for _, name := range r.source.Skipped {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was skipped, because it contains no OpenAPI description.", name))
	}
	for _, name := range r.source.Unread {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was not read, because the pages in its folder were. To use the file instead, name it as the source.", name))
	}
	for _, document := range r.source.Documents {
		if document.Older != "" {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s is OpenAPI %s. It was read as %s, in which nullable is expressed by a list of types.", document.Name, document.Older, upgrade.Version))
		}
	}
	return r.mergeAndCompare()
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func (r *run) mergeAndCompare() error {
	before, err := merge.ReadRemembered(filepath.Join(r.Root, filepath.FromSlash(merge.RememberedFile)))
	if err != nil {
		return err
	}
	merged, err := merge.Merge(r.current.Root, r.source, before)
	if err != nil {
		return err
	}
	r.remembered = merged.Remembered
	for _, conflict := range merged.Conflicts {
		r.report.Conflicts = append(r.report.Conflicts, conflict.String())
	}
	if len(merged.Conflicts) > 0 {
		return nil
	}
	r.report.Remember(before, merged.Remembered)
	r.report.Notes = append(r.report.Notes, merged.Notes...)
	if r.formatted, err = tree.Format(merged.Root, r.current.Root); err != nil {
		return err
	}
	if r.next, err = apichange.Read(r.From, r.formatted); err != nil {
		return err
	}
	if err := r.next.Validate(filepath.Base(r.From)); err != nil {
		return err
	}
	changes, wording, err := apichange.Compare(r.current, r.next)
	if err != nil {
		return err
	}
	for _, c := range changes {
		r.report.Changes = append(r.report.Changes, report.Change{Change: c})
	}
	r.report.Wording = wording
	current, err := tree.Format(r.current.Root, r.current.Root)
	if err != nil {
		return err
	}
	if r.report.Overlay, err = overlaycheck.Check(current, r.formatted, r.overlay); err != nil {
		return err
	}
	if overlaid, err := r.overlaid(r.next); err == nil { // otherwise, the check of the overlay reports the error
		r.report.Conflicts = unusableNames(operations(overlaid))
		r.overlaidNext = overlaid
	}
	r.report.Conflicts = append(r.report.Conflicts, merged.Unsure...)
	return nil
}

// blocked returns the lines of the overlay's actions that cannot be applied.
func (r *run) blocked() []int {
	var lines []int
	for _, f := range r.report.Overlay {
		if f.Blocks() {
			lines = append(lines, f.Line)
		}
	}
	return lines
}

// overlaid returns a description with the overlay applied, as the generator reads it.
func (r *run) overlaid(d *apichange.Description) (*apichange.Description, error) {
	data, err := tree.Format(d.Root, nil)
	if err != nil {
		return nil, err
	}
	applied, err := overlaycheck.Apply(data, r.overlay)
	if err != nil {
		return nil, err
	}
	return apichange.Read(descriptionFile, applied)
}
