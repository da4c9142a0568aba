package report

import (
	"fmt"
	"strings"
)

// section is a heading of the changelog with its lines.
type section struct {
	title string
	lines []string
}

// Changelog returns the entry for CHANGELOG.md, in the format of
// https://keepachangelog.com.
func (r *Report) Changelog() string {
	added, changed, removed := section{title: "Added"}, section{title: "Changed"}, section{title: "Removed"}
	for _, row := range rows(r.Changes) {
		c := row.changes[0]
		into := &changed
		switch {
		case strings.Contains(c.ID, "added") || strings.HasPrefix(c.ID, "new-"):
			into = &added
		case strings.Contains(c.ID, "removed"):
			into = &removed
		}
		into.lines = append(into.lines, entry(row))
	}
	for _, c := range r.Other {
		if c.Breaking && !strings.Contains(c.Text, "invalid type") {
			changed.lines = append(changed.lines, fmt.Sprintf("- **Breaking:** `%s`: %s.", c.Symbol, became(Symbol{Text: c.Text})))
		}
	}
	if len(added.lines)+len(changed.lines)+len(removed.lines) == 0 && r.Wording > 0 {
		changed.lines = append(changed.lines, "- Texts and examples of the API description.")
	}
	var b strings.Builder
	for _, s := range []section{added, changed, removed} {
		if len(s.lines) > 0 {
			fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.title, lines(s.lines))
		}
	}
	return strings.TrimSpace(b.String())
}

// entry returns one line of the changelog, with the changes of a row and the Go
// symbols that they affect.
func entry(r row) string {
	line := "- "
	var symbols, places []string
	for _, c := range r.changes {
		places = append(places, "`"+shortPlace(c.Place())+"`")
		for _, s := range c.Symbols {
			switch {
			case s.Text == "" || s.Text == "added" || s.Text == "removed" || len(r.changes) > 1:
				symbols = append(symbols, "`"+s.Name+"`")
			default:
				symbols = append(symbols, fmt.Sprintf("`%s`: %s", s.Name, became(s)))
			}
		}
	}
	if api, programs := r.breaks(); api || programs {
		line += "**Breaking:** "
	}
	if len(r.changes) > 1 {
		line += list(places, maxPlaces) + ": " + r.text()
	} else {
		line += where(r.changes[0]) + r.text()
	}
	if len(symbols) > 0 {
		line += " (" + list(symbols, maxSymbols) + ")"
	}
	return line + "."
}

// where returns the operations or the place that a change affects, or "" if its
// text names them.
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

// shortPlace returns the short name of a place, such as Order.callback_url or
// GET /orders.
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
