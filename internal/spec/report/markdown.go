package report

import (
	"fmt"
	"strings"
	"time"
)

// Markdown writes the whole report for people.
func (r *Report) Markdown() string { return r.Body() + r.Ending() }

// Body is what can be said before anything is written.
func (r *Report) Body() string {
	w := &writer{}
	w.line("# New API description: %s", r.Source)
	w.line("")
	w.line("Verdict: **%s**. %s", r.Verdict(), r.summary())
	if r.Reason != "" {
		w.line("")
		w.line("%s", r.Reason)
	}
	if r.Verdict() != Failed && r.Compared {
		w.line("")
		w.line("%s", r.stepLine())
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

// Ending says which files were written, or would be.
func (r *Report) Ending() string {
	w := &writer{}
	switch {
	case r.Verdict() == Failed || len(r.Written) == 0:
		return ""
	case r.Applied:
		w.heading("Files written")
	default:
		w.heading("Files that an update would write")
	}
	for _, file := range r.Written {
		w.line("- %s", file)
	}
	return w.b.String()
}

// Times writes how long each step took, and the whole.
func Times(timings []Timing) string {
	var b strings.Builder
	var total time.Duration
	for _, t := range timings {
		total += t.Duration
		fmt.Fprintf(&b, "%-34s %6.1f s\n", t.Step, t.Duration.Seconds())
	}
	fmt.Fprintf(&b, "%-34s %6.1f s\n", "whole", total.Seconds())
	return b.String()
}

type writer struct{ b strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) heading(title string) { w.line("\n## %s\n", title) }

func (r *Report) summary() string {
	switch r.Verdict() {
	case Nothing:
		return "The description says what ours says."
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
	for _, conflict := range r.Conflicts {
		w.line("- %s", conflict)
	}
	for _, f := range r.Overlay {
		if f.Blocks() {
			w.line("- `api/overlay.yaml:%d`: %s: `%s`%s", f.Line, f.Verdict, f.Target, detail(f.Detail))
		}
	}
	for _, p := range r.Problems {
		w.line("- `%s:%d`: %s", p.File, p.Line, p.Message)
	}
}

func (r *Report) changes(w *writer) {
	if len(r.Changes) > 0 {
		w.heading("What changed")
		w.line("| breaks the API | where | what | Go |\n|---|---|---|---|")
		for _, c := range r.Changes {
			breaks := ""
			if c.Breaking {
				breaks = "**yes**"
			}
			w.line("| %s | %s | %s | %s |", breaks, cell(places(c)), cell(c.Text), cell(r.goCell(c)))
		}
	}
	if len(r.Other) > 0 {
		w.heading("Other Go symbols")
		for _, c := range r.Other {
			mark := ""
			if c.Breaking {
				mark = "**breaking:** "
			}
			w.line("- %s`%s`: %s", mark, c.Symbol, c.Text)
		}
	}
}

// places names where a change is and the operations that it reaches.
func places(c Change) string {
	short := shortPlace(c.Place())
	text := "`" + short + "`"
	var operations []string
	for _, operation := range c.Operations {
		if operation != short {
			operations = append(operations, "`"+operation+"`")
		}
	}
	if len(operations) > 0 {
		text += " in " + strings.Join(operations, ", ")
	}
	return text
}

func (r *Report) goCell(c Change) string {
	if !r.Compared {
		return "not compared"
	}
	if len(c.Symbols) == 0 {
		return "none"
	}
	var parts []string
	for i, s := range c.Symbols {
		if i == maxSymbols && len(c.Symbols) > maxSymbols+1 {
			parts = append(parts, fmt.Sprintf("and %d more that are generated with it", len(c.Symbols)-i))
			break
		}
		text := s.Text
		if text == "" {
			text = "unchanged"
		}
		if s.Breaking {
			text = "**breaking:** " + text
		}
		parts = append(parts, fmt.Sprintf("`%s`: %s", s.Name, text))
	}
	return strings.Join(parts, "; ")
}

// cell keeps a text inside one cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", "\\|")
}

func (r *Report) overlay(w *writer) {
	var lines []string
	for _, f := range r.Overlay {
		if f.Blocks() || f.Before {
			continue // named above as a decision, or not this description's doing
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
			text += " Whether it may be repeated is for `api/overlay.yaml` to say (`x-retry`); until then, it is treated as RFC 9110 says of its method, or as keyed if it takes an Idempotency-Key."
		}
		if m.Draft == "" {
			w.line("%s No draft: its request or its answer has no Go type.", text)
			continue
		}
		w.line("%s A draft for package wrapper:\n\n```go\n%s```", text, m.Draft)
	}
}
