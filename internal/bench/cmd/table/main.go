// Command table runs the benchmarks, keeps their lines in a file, and prints
// the tables of ratios. It fails if the client misses one of its bounds.
//
//	go run ./cmd/table -out results/bench.txt
//	go run ./cmd/table -node node -out results/node.txt
//	go run ./cmd/table -show results/bench.txt
//
// With -readme it also puts the ratios into that file, into the part for the Node SDK
// if -node is set.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/bench"
	"github.com/cnaught-go/cnaught/internal/bench/table"
)

type options struct {
	out, show, groups, node, command, readme string
	rounds                                   int
	serve                                    bool
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", "", "keep the benchmark lines in this `file`")
	flag.StringVar(&o.show, "show", "", "measure nothing, show this `file`")
	flag.StringVar(&o.groups, "groups", "Call,Page,Throughput", "what to measure")
	flag.StringVar(&o.node, "node", "", "measure the vendor's Node SDK, installed in this `folder`")
	flag.StringVar(&o.readme, "readme", "", "put the ratios into this `file`")
	flag.StringVar(&o.command, "command", "", "the command that the file names")
	flag.IntVar(&o.rounds, "rounds", 100, "slices of time for each client")
	flag.BoolVar(&o.serve, "serve", false, "be the server of -node; used by the command itself")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.serve {
		return serve()
	}
	name := o.show
	var lines []byte
	var err error
	if o.show != "" {
		lines, err = os.ReadFile(o.show)
	} else {
		name = "measurement"
		lines, err = measure(ctx, o)
	}
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(o.out, lines, 0o644); err != nil {
			return err
		}
	}
	t, err := table.Read(bytes.NewReader(lines), name)
	if err != nil {
		return err
	}
	if o.readme != "" {
		if err := updateReadme(o, t); err != nil {
			return err
		}
	}
	return printTables(os.Stdout, t)
}

func updateReadme(o options, t *table.Table) error {
	section := table.Bench
	if o.node != "" {
		section = table.BenchNode
	}
	readme, err := os.ReadFile(o.readme)
	if err != nil {
		return err
	}
	text, err := table.Replace(string(readme), section, t.Readme(section))
	if err != nil {
		return fmt.Errorf("%s: %w", o.readme, err)
	}
	return os.WriteFile(o.readme, []byte(text), 0o644)
}

func printTables(w io.Writer, t *table.Table) error {
	if err := t.WriteMarkdown(w); err != nil {
		return err
	}
	if broken := t.Broken(); len(broken) > 0 {
		return errors.New("bounds missed:\n  " + strings.Join(broken, "\n  "))
	}
	return nil
}

func measure(ctx context.Context, o options) ([]byte, error) {
	var lines bytes.Buffer
	fmt.Fprintf(&lines, "goos: %s\ngoarch: %s\ngo: %s\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	if o.command != "" {
		fmt.Fprintf(&lines, "command: %s\n", o.command)
	}
	if o.node != "" {
		groups, err := nodeGroups(ctx, o.node)
		for _, g := range groups {
			err = errors.Join(err, interleave(ctx, &lines, g, o.rounds))
		}
		return lines.Bytes(), err
	}
	wanted := strings.Split(o.groups, ",")
	for _, b := range bench.Builders {
		if !slices.Contains(wanted, b.Name) {
			continue
		}
		g, err := b.Build()
		if err != nil {
			return nil, err
		}
		if err := interleave(ctx, &lines, g, o.rounds); err != nil {
			return nil, err
		}
	}
	return lines.Bytes(), nil
}

func interleave(ctx context.Context, w io.Writer, g bench.Group, rounds int) error {
	defer g.Close()
	fmt.Fprintf(os.Stderr, "%s: %d subjects, %d rounds of %v each\n", g.Name, len(g.Subjects), rounds, g.Slice)
	return errors.Join(bench.Interleave(w, rounds, g), ctx.Err())
}
