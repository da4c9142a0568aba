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
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Files of the repository.
const (
	descriptionFile = "openapi.yaml"
	overlayFile     = "api/overlay.yaml"
	changelogFile   = "CHANGELOG.md"
	publishedFolder = "internal/spec/published"
)

// Options say what to do.
type Options struct {
	Root string // the repository
	From string // an OpenAPI file, a page, or a folder of pages
	// Source is what the report calls the source; empty means From.
	Source string
	// ReportOnly writes nothing and does not build.
	ReportOnly bool
	// Show is called with the report before anything is written; may be nil.
	Show func(*report.Report)

	// before are the packages of the repository, for those who have loaded them
	// already.
	before *goapi.Snapshot
	// untested leaves out the tests in the copy.
	untested bool
	// generator is what generates the code in a folder; nil is go generate.
	generator func(ctx context.Context, dir string) error
}

// Run updates the repository, or only reports. Whatever goes wrong is in the
// report: its verdict says whether anything was written.
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

// Exit codes of the command.
const (
	ExitOK       = 0
	ExitDecision = 1
	ExitFailed   = 2
)

// ExitCode is what the command ends with. A report alone also ends with
// ExitDecision for a breaking change, since it is for a person to decide
// whether to take it.
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
	formatted     []byte // next, as it will be written
	overlay       []byte
	remembered    *merge.Remembered
	after         *goapi.Snapshot
}

// clean removes the name of the copy from messages, so that positions are
// those of the repository.
func (r *run) clean(text string) string {
	if r.work != nil {
		text = strings.ReplaceAll(text, r.work.dir+string(filepath.Separator), "")
	}
	return text
}

// step runs one part and takes its time.
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

// prepare does all that needs no generated code.
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
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was skipped: it has no OpenAPI description.", name))
	}
	for _, name := range r.source.Unread {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was not read: the pages beside it were taken. Name the file to take it instead.", name))
	}
	for _, document := range r.source.Documents {
		if document.Older != "" {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s is OpenAPI %s. It was read as %s: what 3.0 calls nullable is a list of types there.", document.Name, document.Older, source.Version))
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
	if overlaid, err := r.overlaid(r.next); err == nil { // else the check of the overlay says why
		r.report.Conflicts = unusableNames(operations(overlaid))
	}
	r.report.Conflicts = append(r.report.Conflicts, merged.Unsure...)
	return nil
}

// blocked are the lines of the overlay's actions that cannot be applied.
func (r *run) blocked() []int {
	var lines []int
	for _, f := range r.report.Overlay {
		if f.Blocks() {
			lines = append(lines, f.Line)
		}
	}
	return lines
}

// overlaid returns a description as the generator sees it.
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
