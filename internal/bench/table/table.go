// Package table makes tables of ratios from benchmark lines, and holds the
// client to its bounds.
package table

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"
)

// Units of the benchmark lines, as package benchfmt normalizes them.
const (
	unitTime   = "sec/op"
	unitRate   = "calls/s"
	unitBytes  = "B/op"
	unitAllocs = "allocs/op"
)

// Table has the benchmark lines of a file, in the file's order.
type Table struct {
	rows    []row
	samples map[sample][]float64
}

// row is one client in one setting, such as "hand" in "Page/length=known".
type row struct{ setting, client string }

type sample struct {
	row
	unit string
}

// Read reads benchmark lines; see https://golang.org/design/14313-benchmark-format.
func Read(r io.Reader, name string) (*Table, error) {
	t := &Table{samples: map[sample][]float64{}}
	lines := benchfmt.NewReader(r, name)
	for lines.Scan() {
		switch line := lines.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, line
		case *benchfmt.Result:
			at := split(line.Name)
			if at.client == "" {
				return nil, fmt.Errorf("%s: benchmark %s names no client", name, line.Name)
			}
			if !slices.Contains(t.rows, at) {
				t.rows = append(t.rows, at)
			}
			for _, v := range line.Values {
				s := sample{at, v.Unit}
				t.samples[s] = append(t.samples[s], v.Value)
			}
		}
	}
	return t, lines.Err()
}

// split separates the client from the rest of a benchmark's name, without GOMAXPROCS.
func split(n benchfmt.Name) row {
	base, parts := n.Parts()
	at := row{setting: string(base)}
	for _, part := range parts {
		text := string(part)
		if client, ok := strings.CutPrefix(text, "/client="); ok {
			at.client = client
		} else if !strings.HasPrefix(text, "-") {
			at.setting += text
		}
	}
	return at
}

// underLoad reports whether the calls of a setting are concurrent. Calls per second
// then say more than the time of one call, and the allocations include those of the
// server.
func (r row) underLoad() bool { return strings.Contains(r.setting, "/goroutines=") }

// baseline returns the client that the others of a setting are compared with.
func (r row) baseline() row {
	if strings.HasPrefix(r.setting, "Node/") {
		return row{r.setting, "node-sdk"}
	}
	return row{r.setting, "hand"}
}

func (t *Table) median(at row, unit string) (benchmath.Summary, bool) {
	values := t.samples[sample{at, unit}]
	if len(values) == 0 {
		return benchmath.Summary{}, false
	}
	return summarize(slices.Clone(values)), true
}

// summarize returns the median and its confidence interval. It sorts the values.
func summarize(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// ratio returns the median of each round's ratio to the baseline. The slices of one
// round are close together in time, so the machine was equally busy for both.
func (t *Table) ratio(at row, unit string) (float64, bool) {
	ours, theirs := t.samples[sample{at, unit}], t.samples[sample{at.baseline(), unit}]
	rounds := min(len(ours), len(theirs))
	ratios := make([]float64, 0, rounds)
	for i := range rounds {
		if theirs[i] != 0 {
			ratios = append(ratios, ours[i]/theirs[i])
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	return summarize(ratios).Center, true
}

// WriteMarkdown writes medians, with 95% confidence intervals where they are
// measured in time, and ratios to the baseline of each setting.
func (t *Table) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	t.write(&b, false, []string{"Time per call", "Bytes", "Allocations"}, []string{unitTime, unitBytes, unitAllocs})
	t.write(&b, true, []string{"Calls per second"}, []string{unitRate})
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

func (t *Table) write(b *strings.Builder, underLoad bool, titles, units []string) {
	begun := false
	for _, at := range t.rows {
		if at.underLoad() != underLoad {
			continue
		}
		if !begun {
			begun = true
			b.WriteString("\n| Benchmark | Client | " + strings.Join(titles, " | Ratio | ") + " | Ratio |\n")
			b.WriteString("| --- | --- |" + strings.Repeat(" ---: | ---: |", len(units)) + "\n")
		}
		fmt.Fprintf(b, "| %s | %s |", at.setting, at.client)
		for _, unit := range units {
			fmt.Fprintf(b, " %s | %s |", t.figure(at, unit), t.ratioFigure(at, unit))
		}
		b.WriteString("\n")
	}
}

func (t *Table) figure(at row, unit string) string {
	s, ok := t.median(at, unit)
	switch {
	case !ok:
		return "-"
	case unit == unitTime:
		return benchunit.Scale(s.Center, benchunit.Decimal) + "s ± " + s.PctRangeString()
	case unit == unitRate:
		return fmt.Sprintf("%.0f ± %s", s.Center, s.PctRangeString())
	default:
		return fmt.Sprintf("%.0f", s.Center)
	}
}

func (t *Table) ratioFigure(at row, unit string) string {
	r, ok := t.ratio(at, unit)
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.2f", r)
}
