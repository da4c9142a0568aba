package report

import (
	"fmt"
	"strings"
	"time"
)

// Markdown returns the whole report.
func (r *Report) Markdown() string { return r.Body() + r.Ending() }

// Body returns the part of the report that is known before any file is written.
func (r *Report) Body() string {
	w := &writer{}
	w.line("# New API description: %s", r.Source)
	w.line("")
	step := ""
	if r.Verdict() != Failed && r.Compared {
		step = " " + r.stepLine()
	}
	w.line("Verdict: **%s**. %s%s", r.Verdict(), r.summary(), step)
	if r.Reason != "" {
		w.line("")
		w.line("%s", r.Reason)
	}
	r.decisions(w)
	r.remembered(w)
	r.changes(w)
	r.overlay(w)
	r.methods(w)
	if len(r.Notes) > 0 {
		w.heading("Notes")
		for _, note := range r.Notes {
			w.line("- %s", note)
		}
	}
	if entry := r.Changelog(); entry != "" && r.Compared {
		w.heading("Entry for CHANGELOG.md")
		w.line("```markdown\n%s\n```", entry)
	}
	return w.b.String()
}

// Ending returns the part that names the files that were written, or would be.
func (r *Report) Ending() string {
	w := &writer{}
	switch {
	case r.Verdict() == Failed || len(r.Written) == 0:
		return ""
	case r.Applied:
		w.line("\nFiles written: `%s`.", strings.Join(r.Written, "`, `"))
	default:
		w.line("\nFiles that an update would write: `%s`.", strings.Join(r.Written, "`, `"))
	}
	return w.b.String()
}

// Times returns a table of how long each step took, with the total.
func Times(timings []Timing) string {
	var b strings.Builder
	var total time.Duration
	for _, t := range timings {
		total += t.Duration
		fmt.Fprintf(&b, "%-34s %6.1f s\n", t.Step, t.Duration.Seconds())
	}
	fmt.Fprintf(&b, "%-34s %6.1f s\n", "total", total.Seconds())
	return b.String()
}

type writer struct{ b strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) heading(title string) { w.line("\n## %s\n", title) }

func (r *Report) summary() string {
	switch r.Verdict() {
	case Nothing:
		return "The description is the same as ours."
	case Failed:
		return "Nothing was written."
	}
	parts := []string{plural(len(r.Changes), "change"), fmt.Sprintf("%d breaking for the API", r.breaksAPI())}
	if r.Compared {
		parts = append(parts, plural(r.breaksGo(), "Go symbol")+" breaking for programs")
	}
	if r.Wording > 0 {
		parts = append(parts, "wording or examples in "+plural(r.Wording, "place"))
	}
	text := strings.Join(parts, ", ") + "."
	if r.Verdict() == Decision {
		text += " Nothing was written."
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (r *Report) decisions(w *writer) {
	if r.Verdict() != Decision {
		return
	}
	w.heading("What a person has to decide")
	var lines []string
	for _, conflict := range r.Conflicts {
		lines = append(lines, cell(conflict))
	}
	for _, f := range r.Overlay {
		if f.Blocks() {
			lines = append(lines, fmt.Sprintf("`api/overlay.yaml:%d`: %s: `%s`%s", f.Line, f.Verdict, f.Target, detail(f.Detail)))
		}
	}
	for _, c := range r.causes() {
		lines = append(lines, c.String())
	}
	for i, line := range lines {
		if i == maxDecisions {
			w.line("- and %d more: run the report again after these are decided", len(lines)-i)
			break
		}
		w.line("- %s", line)
	}
}

func (r *Report) changes(w *writer) {
	if all := rows(r.Changes); len(all) > 0 {
		w.heading("What changed")
		w.line("| where | what | Go |\n|---|---|---|")
		for i, row := range all {
			if i == maxRows {
				w.line("\nand %d more, in the diff of openapi.yaml", len(all)-i)
				break
			}
			what := cell(row.text())
			if api, _ := row.breaks(); api {
				what = "**breaks the API:** " + what
			}
			w.line("| %s | %s | %s |", cell(r.places(row)), what, cell(r.symbols(row)))
		}
	}
	var other []string
	for _, c := range r.Other {
		if strings.Contains(c.Text, "invalid type") {
			continue // the code does not compile, and the report names the cause
		}
		mark := ""
		if c.Breaking {
			mark = "**breaking:** "
		}
		other = append(other, fmt.Sprintf("- %s`%s`: %s", mark, c.Symbol, became(Symbol{Text: c.Text})))
	}
	if len(other) > 0 {
		w.heading("Other Go symbols")
		w.line("%s", lines(other))
	}
}

// lines joins the first maxRows lines and counts the rest.
func lines(all []string) string {
	if len(all) <= maxRows+1 {
		return strings.Join(all, "\n")
	}
	return fmt.Sprintf("%s\n- and %d more", strings.Join(all[:maxRows], "\n"), len(all)-maxRows)
}

// cell escapes a text for a cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", "\\|")
}

func (r *Report) overlay(w *writer) {
	var lines []string
	for _, f := range r.Overlay {
		if f.Blocks() || f.Before {
			continue // listed as a decision, or not caused by this description
		}
		lines = append(lines, fmt.Sprintf("- `api/overlay.yaml:%d`: %s: `%s`%s. Its reason was: %s",
			f.Line, f.Verdict, cell(f.Target), detail(f.Detail), cell(f.Description)))
	}
	if len(lines) > 0 {
		w.heading("Overlay")
		w.line("%s", strings.Join(lines, "\n"))
	}
}

func detail(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return ": " + strings.Join(items, ", ")
}

func (r *Report) methods(w *writer) {
	for _, m := range r.Methods {
		if !m.New {
			continue
		}
		w.heading(fmt.Sprintf("No method yet for %s (`%s`)", m.Operation, m.Request))
		text := "It works through `Client.Raw()`."
		if !m.Classed {
			text += " Set `x-retry` in `api/overlay.yaml` to say whether it may be repeated. Until then, this depends on its method, as in RFC 9110, or it is keyed if it takes an Idempotency-Key."
		}
		if m.Draft == "" {
			w.line("%s There is no draft, because its request or its answer has no Go type.", text)
			continue
		}
		w.line("%s A draft for package wrapper:\n\n```go\n%s```", text, m.Draft)
	}
}
