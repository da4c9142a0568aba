package table

import (
	"fmt"
	"strings"
)

// line is one row of a table in the README. Its cells are the settings or the units of
// one client.
type line struct{ label, setting, client string }

// These sections of the README are named after the commands that write them.
const (
	Bench     = "make bench"
	BenchNode = "make bench-node"
)

var (
	calls = []line{
		{"this client, one call in memory", "Call", "cnaught"},
		{"the bare generated client, the same", "Call", "generated"},
		{"go-retryablehttp, the same", "Call", "retryablehttp"},
		{"openai-go's `client.Get`, the same", "Call", "openai-go"},
		{"this client, a page of 100 fulfilled orders, 1 MB", "Page/length=known", "cnaught"},
		{"this client, that page without a Content-Length", "Page/length=unknown", "cnaught"},
	}
	loopback = []line{
		{"this client", "Throughput", "cnaught"},
		{"by hand on net/http's default transport", "Throughput", "hand-default"},
	}
	node = []line{
		{"this client, server in the benchmark's process", "Node/server=within", "cnaught"},
		{"this client, server in a process of its own", "Node/server=apart", "cnaught"},
		{"bare bytes and no client, the same", "Node/server=apart", "wire"},
	}
)

// Readme returns the tables of a section, which have nothing but ratios.
func (t *Table) Readme(section string) string {
	var b strings.Builder
	if section == BenchNode {
		t.writeLoads(&b, "calls per second, in times of the vendor's Node SDK", node)
		return b.String()
	}
	b.WriteString("| in times of the same by hand | time | bytes | allocations |\n| --- | ---: | ---: | ---: |\n")
	for _, l := range calls {
		fmt.Fprintf(&b, "| %s |", l.label)
		for _, unit := range []string{unitTime, unitBytes, unitAllocs} {
			fmt.Fprintf(&b, " %s |", t.ratioFigure(row{l.setting, l.client}, unit))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	t.writeLoads(&b, "calls per second over loopback, in times of the same by hand on as many connections", loopback)
	return b.String()
}

func (t *Table) writeLoads(b *strings.Builder, title string, lines []line) {
	fmt.Fprintf(b, "| %s | 1 at a time | 8 | 64 |\n| --- | ---: | ---: | ---: |\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "| %s |", l.label)
		for _, load := range []string{"1", "8", "64"} {
			fmt.Fprintf(b, " %s |", t.ratioFigure(row{l.setting + "/goroutines=" + load, l.client}, unitRate))
		}
		b.WriteString("\n")
	}
}

// Replace replaces the text between the marks of a section.
func Replace(document, section, text string) (string, error) {
	begin, end := "<!-- "+section+" -->\n", "<!-- end of "+section+" -->\n"
	before, rest, found := strings.Cut(document, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("the document has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + text + "\n" + end + after, nil
}
