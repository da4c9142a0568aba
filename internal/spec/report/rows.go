package report

import (
	"fmt"
	"slices"
	"strings"
)

// row is one row of the report: one change, or several of the same kind.
type row struct{ changes []Change }

// Limits that keep the report readable.
const (
	minGroup   = 3  // changes of one kind from which on they share a row
	maxPlaces  = 3  // places in a row
	maxRows    = 20 // rows in a table
	maxSymbols = 3  // symbols in a row; a new operation adds about ten
)

// rows puts changes of the same kind into one row, at the position of the first.
func rows(changes []Change) []row {
	members := map[string][]Change{}
	for _, c := range changes {
		members[kind(c)] = append(members[kind(c)], c)
	}
	var out []row
	for _, c := range changes {
		switch alike := members[kind(c)]; {
		case len(alike) < minGroup:
			out = append(out, row{[]Change{c}})
		case alike[0].Place().String() == c.Place().String():
			out = append(out, row{alike})
		}
	}
	return out
}

// kind returns a key that is the same for changes that differ only in the member
// that they affect.
func kind(c Change) string {
	var became []string
	for _, s := range c.Symbols {
		became = append(became, s.Text)
	}
	slices.Sort(became)
	return fmt.Sprint(c.ID, c.Breaking, len(c.Place()) > 2 && c.Place()[0] == "components", withoutName(c), slices.Compact(became))
}

// withoutName returns the text of a change without the name of the changed member,
// because the row gives the name in another column.
func withoutName(c Change) string {
	text := c.Text
	if place := c.Place(); len(place) > 0 && strings.HasSuffix(shortPlace(place), "."+place[len(place)-1]) {
		text = strings.ReplaceAll(text, "`"+place[len(place)-1]+"`", "")
	}
	return strings.Join(strings.Fields(text), " ")
}

// breaks reports whether a row breaks callers of the API, and whether it breaks
// programs.
func (r row) breaks() (api, programs bool) {
	for _, c := range r.changes {
		api = api || c.Breaking
		programs = programs || slices.ContainsFunc(c.Symbols, func(s Symbol) bool { return s.Breaking })
	}
	return api, programs
}

func (r row) text() string {
	if len(r.changes) == 1 {
		return r.changes[0].Text
	}
	return withoutName(r.changes[0])
}

// places returns where the changes of a row are, with the operations that use a
// single one.
func (r *Report) places(row row) string {
	var places []string
	for _, c := range row.changes {
		places = append(places, "`"+shortPlace(c.Place())+"`"+r.theirs(c.Place()))
	}
	if len(places) > 1 {
		return list(places, maxPlaces)
	}
	c := row.changes[0]
	var operations []string
	for _, operation := range c.Operations {
		if operation != shortPlace(c.Place()) {
			operations = append(operations, "`"+operation+"`")
		}
	}
	switch {
	case c.Place() == nil && len(operations) > 0:
		return list(operations, maxPlaces)
	case c.Place() == nil:
		return "the description"
	case len(operations) > maxPlaces:
		return places[0] + " in " + plural(len(operations), "operation")
	case len(operations) > 0:
		return places[0] + " in " + strings.Join(operations, ", ")
	}
	return places[0]
}

// theirs returns the vendor's name of the component at a place, in parentheses, if
// it differs from ours.
func (r *Report) theirs(place []string) string {
	if len(place) < 3 || place[0] != "components" {
		return ""
	}
	for _, name := range r.Renamed {
		if other, is := strings.CutPrefix(name.At, "components."+place[1]+"."); is && name.Name == place[2] && !strings.ContainsAny(other, "[") {
			return " (published as `" + other + "`)"
		}
	}
	return ""
}

// list joins the first items and counts the rest.
func list(items []string, most int) string {
	if len(items) <= most+1 {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(items[:most], ", "), len(items)-most)
}

// symbols describes the changes of the Go symbols in a row.
func (r *Report) symbols(row row) string {
	if !r.Compared {
		return "not compared"
	}
	var texts []string
	if len(row.changes) == 1 {
		for _, s := range row.changes[0].Symbols {
			texts = append(texts, fmt.Sprintf("`%s`: %s", s.Name, became(s)))
		}
	} else {
		for _, c := range row.changes {
			for _, s := range c.Symbols {
				texts = append(texts, "`"+s.Name+"`")
			}
		}
	}
	if len(texts) == 0 {
		return "none"
	}
	text := list(texts, maxSymbols)
	if len(row.changes) > 1 {
		text += ": " + became(row.changes[0].Symbols[0])
	}
	if _, programs := row.breaks(); programs {
		return "**breaking:** " + text
	}
	return text
}

// became describes the change of a symbol. It leaves out signatures, which would be
// too long.
func became(s Symbol) string {
	switch {
	case s.Text == "":
		return "unchanged"
	case strings.HasPrefix(s.Text, "`func("):
		return "another signature"
	}
	return s.Text
}
