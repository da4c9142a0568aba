package live

import (
	"fmt"
	"strings"
)

// Markdown returns the report as Markdown that can be pasted into an issue.
func (r *Report) Markdown() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# Does the API answer as openapi.yaml says?\n\n%s\n", r.Summary())
	if r.Stopped != "" {
		fmt.Fprintf(b, "\nThe run ended early: %s.\n", r.Stopped)
	}
	r.differences(b)
	r.facts(b)
	r.headers(b)
	r.asked(b)
	b.WriteString("\nThe run sent only quotes and reads, so nothing was bought or changed. The report does not contain ids, names, addresses or the key.\n")
	return b.String()
}

// table writes a heading and a table. It writes nothing if there are no rows.
func table(b *strings.Builder, title, header string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	columns := strings.Split(header, "|")
	fmt.Fprintf(b, "\n## %s\n\n| %s |\n|%s\n", title, strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, row := range rows {
		for i := range row {
			row[i] = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;").Replace(row[i])
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
}

func (r *Report) differences(b *strings.Builder) {
	var rows [][]string
	for _, d := range r.Differences {
		rows = append(rows, []string{
			code(d.Operation), fmt.Sprint(d.Status), code(d.Member), d.Expected, d.Seen, fmt.Sprint(d.Answers), d.What,
		})
	}
	table(b, "Differences", "operation|status|member|described|seen|answers|first request", rows)
}

func (r *Report) facts(b *strings.Builder) {
	var rows [][]string
	for _, f := range r.Facts {
		settled, seen := "yes", f.Seen
		if seen == "" {
			settled, seen = "no", "nothing in this run"
		}
		rows = append(rows, []string{code(f.About), f.Question, settled, seen})
	}
	table(b, "Open facts (x-note)", "about|question|settled|seen", rows)
	fmt.Fprintf(b, "\nOnly a purchase or a change can settle the open facts about %s.\n", strings.Join(costly, ", "))
}

func (r *Report) headers(b *strings.Builder) {
	var rows [][]string
	for _, h := range r.Headers {
		rows = append(rows, []string{code(h.Name), fmt.Sprint(h.Answers), code(h.Value)})
	}
	table(b, "Headers that are not described", "header|answers|value", rows)
}

func (r *Report) asked(b *strings.Builder) {
	var rows [][]string
	for _, a := range r.Asked {
		answer := fmt.Sprint(a.Status)
		if a.Failure != "" {
			answer = "none: " + a.Failure
		}
		rows = append(rows, []string{code(a.Operation), a.What, answer})
	}
	table(b, "Requests", "operation|request|answer", rows)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}
