// Command update-spec updates the repository to a new description of the API, or
// reports what the update would change.
//
//	update-spec -from openapi.yaml           # a whole description replaces ours
//	update-spec -from get-order.md           # a published page is merged
//	update-spec -from pages/                 # so is a folder of pages (*.md)
//	update-spec -from https://example.com/x.yaml  # fetches a file, a page or an index (llms.txt)
//	update-spec -from -                      # the standard input
//	update-spec                              # what the vendor publishes
//	update-spec -from pages/ -report         # only reports
//
// The report is Markdown. It is printed to the standard output before any file is
// written, and the time of each step is printed to the standard error. Files are
// written only if the description is valid, the overlay applies, the code can be
// generated and everything builds. A relative path is resolved in the current
// folder, and then in the root of the repository. If the source is the repository's
// own openapi.yaml, it is formatted, which is useful after an edit by hand.
//
// The exit code is
//
//	0  if the files were updated or nothing had changed; with -report, if the
//	   description has not changed or has only additions
//	1  if a person has to decide something; with -report, also if a change
//	   breaks callers
//	2  if the source could not be used or a tool failed
//
// With the codes 1 and 2, and with -report, no file is written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cnaught-go/cnaught/internal/spec"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/report"
	"github.com/cnaught-go/cnaught/internal/spec/source"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("update-spec", flag.ContinueOnError)
	flags.SetOutput(stderr)
	from := flags.String("from", "", "OpenAPI `file` (.yaml, .json), published page (.md), folder of pages, URL, or - (default: what the vendor publishes)")
	reportOnly := flags.Bool("report", false, "report only, write nothing")
	root := flags.String("root", "", "`folder` of the repository (default: the one around the current folder)")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return spec.ExitOK
		}
		return spec.ExitFailed
	}
	named := *from
	fetched, err := os.MkdirTemp("", "cnaught-published-")
	if err == nil {
		defer os.RemoveAll(fetched)
		*from, err = obtain(ctx, *from, fetched)
	}
	var options spec.Options
	if err == nil {
		options, err = resolve(*root, *from)
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: name the source with -from", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(stderr, "cnaught: update-spec:", err)
		return spec.ExitFailed
	}
	options.ReportOnly = *reportOnly
	options.Source = sourceName(named)
	shown := false
	options.Show = func(r *report.Report) {
		shown = true
		fmt.Fprint(stdout, r.Body())
	}
	result := spec.Run(ctx, options)
	switch {
	case !shown:
		fmt.Fprint(stdout, result.Body())
	case result.Verdict() == report.Failed:
		fmt.Fprintf(stdout, "\nFinal verdict: **failed**. Nothing was written.\n\n%s\n", result.Reason)
	}
	fmt.Fprint(stdout, result.Ending())
	fmt.Fprint(stderr, "\n"+report.Times(result.Timings))
	switch result.Verdict() {
	case report.Failed:
		fmt.Fprintln(stderr, "\ncnaught: update-spec:", result.Reason)
	case report.Decision:
		fmt.Fprintln(stderr, "\ncnaught: update-spec: nothing was written, because a person has to make the decisions in the report")
	}
	return spec.ExitCode(result, *reportOnly)
}

// obtain returns the path of the source. It first fetches a source that is a URL or the
// standard input and, if from is empty, what the vendor publishes.
func obtain(ctx context.Context, from, folder string) (string, error) {
	switch {
	case from == "":
		return source.FetchPublished(ctx, source.Published, folder)
	case from == "-":
		return source.ReadFrom(os.Stdin, folder)
	case source.IsURL(from):
		return source.Fetch(ctx, from, folder)
	}
	return from, nil
}

// sourceName returns the name of a source in the report, which for a fetched source
// is not the name of the temporary file.
func sourceName(from string) string {
	switch from {
	case "":
		return "what the vendor publishes"
	case "-":
		return "the standard input"
	}
	return from
}

// resolve finds the repository and the source. A relative path may be in the current
// folder or in the repository.
func resolve(root, from string) (spec.Options, error) {
	var err error
	if root == "" {
		root, err = findRoot()
	} else {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return spec.Options{}, err
	}
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) && !filepath.IsAbs(from) {
		if inRoot := filepath.Join(root, from); exists(inRoot) {
			from = inRoot
		}
	}
	return spec.Options{Root: root, From: from}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// findRoot looks for the go.mod of our module in the current folder and those above.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		module, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil {
			first, _, _ := strings.Cut(string(module), "\n")
			if strings.TrimSpace(first) == "module "+goapi.Module {
				return folder, nil
			}
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("the current folder is not in the repository: name the repository with -root")
		}
		folder = parent
	}
}
