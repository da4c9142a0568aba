package report

import (
	"fmt"
	"strings"
)

// section is a heading of the change log and the lines below it.
type section struct {
	title string
	lines []string
}

// Changelog writes the entry for CHANGELOG.md, as https://keepachangelog.com
// has it.
func (r *Report) Changelog() string {
	added, changed, removed := section{title: "Added"}, section{title: "Changed"}, section{title: "Removed"}
	for _, c := range r.Changes {
		into := &changed
		switch {
		case strings.Contains(c.ID, "added") || strings.HasPrefix(c.ID, "new-"):
			into = &added
		case strings.Contains(c.ID, "removed"):
			into = &removed
		}
		into.lines = append(into.lines, entry(c))
	}
	for _, c := range r.Other {
		if c.Breaking {
			changed.lines = append(changed.lines, fmt.Sprintf("- **Breaking:** `%s`: %s.", c.Symbol, c.Text))
		}
	}
	if len(added.lines)+len(changed.lines)+len(removed.lines) == 0 && r.Wording > 0 {
		changed.lines = append(changed.lines, "- Texts and examples of the API description.")
	}
	var b strings.Builder
	for _, s := range []section{added, changed, removed} {
		if len(s.lines) > 0 {
			fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.title, strings.Join(s.lines, "\n"))
		}
	}
	return strings.TrimSpace(b.String())
}

// entry is one line of the change log: the change, then the Go symbols in it
// that differ.
func entry(c Change) string {
	line := "- "
	breaking := c.Breaking
	var symbols []string
	for i, s := range c.Symbols {
		breaking = breaking || s.Breaking
		switch {
		case i >= maxSymbols:
		case s.Text == "" || s.Text == "added" || s.Text == "removed":
			symbols = append(symbols, "`"+s.Name+"`")
		default:
			symbols = append(symbols, fmt.Sprintf("`%s`: %s", s.Name, s.Text))
		}
	}
	if breaking {
		line += "**Breaking:** "
	}
	line += where(c) + c.Text
	if len(symbols) > 0 {
		line += " (" + strings.Join(symbols, ", ") + ")"
	}
	return line + "."
}

// where says what the text of a change is about, unless it says so itself.
func where(c Change) string {
	ofOperation := c.ID == "endpoint-added" || strings.HasPrefix(c.ID, "api-") || c.Place() == nil
	switch {
	case ofOperation && len(c.Operations) > 0:
		return "`" + strings.Join(c.Operations, "`, `") + "`: "
	case c.Place() == nil: // the text names it
		return ""
	}
	return fmt.Sprintf("`%s`: ", shortPlace(c.Place()))
}

// shortPlace names a place as people do: Order.callback_url, or the operation.
func shortPlace(place []string) string {
	if len(place) >= 3 && place[0] == "components" {
		name := []string{place[2]}
		for i := 3; i < len(place); i++ {
			switch place[i] {
			case "properties":
			case "enum":
				return strings.Join(name, ".")
			default:
				name = append(name, place[i])
			}
		}
		return strings.Join(name, ".")
	}
	if len(place) >= 3 && place[0] == "webhooks" {
		return "webhook " + place[1]
	}
	if len(place) >= 3 && place[0] == "paths" {
		if place[2] == "parameters" {
			return place[1]
		}
		return strings.ToUpper(place[2]) + " " + place[1]
	}
	return strings.Join(place, ".")
}

// maxSymbols is how many symbols of one change are named; an operation brings
// about ten.
const maxSymbols = 3
