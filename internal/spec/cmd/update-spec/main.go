// Command update-spec takes a new description of the API into the repository,
// or reports what it would mean.
//
//	update-spec -from openapi.yaml           # a whole description replaces ours
//	update-spec -from get-order.md           # a published page is merged
//	update-spec -from pages/                 # a folder of pages (*.md), too
//	update-spec -from https://example.com/x.yaml  # fetched; an index (llms.txt), too
//	update-spec -from -                      # the standard input
//	update-spec                              # what the vendor publishes
//	update-spec -from pages/ -report         # the report alone, nothing is written
//
// The report is Markdown on the standard output, and comes before anything is
// written; the time of each step goes to the standard error output. Nothing is
// written unless the description is valid, the overlay applies, the code is
// generated and everything builds. A relative source is named from the current
// folder or from the repository. The repository's own openapi.yaml as the
// source brings it into its stable form, after it was edited by hand.
//
// Exit codes:
//
//	0  updated, or nothing to do; with -report: no change, or only additions
//	1  a person has to decide something, which the report names; with -report
//	   also: the change breaks callers
//	2  the source could not be used, or a tool failed; the reason is given
//
// After 1 and 2 the repository is as it was, except that with -report nothing
// is ever written.
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
		fmt.Fprintf(stdout, "\nVerdict after all: **failed**. Nothing was written.\n\n%s\n", result.Reason)
	}
	fmt.Fprint(stdout, result.Ending())
	fmt.Fprint(stderr, "\n"+report.Times(result.Timings))
	switch result.Verdict() {
	case report.Failed:
		fmt.Fprintln(stderr, "\ncnaught: update-spec:", result.Reason)
	case report.Decision:
		fmt.Fprintln(stderr, "\ncnaught: update-spec: nothing was written: the report names what a person has to decide")
	}
	return spec.ExitCode(result, *reportOnly)
}

// obtain fetches a source that is not a file: a URL, the standard input, or,
// where none is named, what the vendor publishes.
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

// sourceName is what the report calls a source. A fetched one is not called as the
// file that it was put into.
func sourceName(from string) string {
	switch from {
	case "":
		return "what the vendor publishes"
	case "-":
		return "the standard input"
	}
	return from
}

// resolve finds the repository and the source. A relative source may be named
// from the current folder or from the repository.
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

// findRoot looks upwards for the go.mod of our module.
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
			return "", errors.New("not inside the repository: name it with -root")
		}
		folder = parent
	}
}
