package report

import (
	"fmt"
	"slices"
	"strings"
)

// row is one line of the report: a change, or several of the same kind.
type row struct{ changes []Change }

// Bounds of what a person reads at once.
const (
	minGroup   = 3  // changes of one kind that share a row
	maxPlaces  = 3  // places that a row names
	maxRows    = 20 // rows of a table
	maxSymbols = 3  // symbols of one change; an operation brings about ten
)

// rows puts changes of the same kind into one row, in the place of the first.
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

// kind is the same for changes that differ only in the member that they are
// about.
func kind(c Change) string {
	var became []string
	for _, s := range c.Symbols {
		became = append(became, s.Text)
	}
	slices.Sort(became)
	return fmt.Sprint(c.ID, c.Breaking, len(c.Place()) > 2 && c.Place()[0] == "components", withoutName(c), slices.Compact(became))
}

// withoutName is the text of a change without the name of what it is about,
// which is named beside it.
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

// places names where a change is and the operations that it reaches.
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

// theirs is what the vendor calls the component at a place, if that is not what
// Go callers know it as.
func (r *Report) theirs(place []string) string {
	if len(place) < 3 || place[0] != "components" {
		return ""
	}
	for _, name := range r.Renamed {
		if other, is := strings.CutPrefix(name.At, "components."+place[1]+"."); is && name.Name == place[2] && !strings.ContainsAny(other, "[") {
			return " (theirs: `" + other + "`)"
		}
	}
	return ""
}

// list joins the first items, and counts the rest.
func list(items []string, most int) string {
	if len(items) <= most+1 {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(items[:most], ", "), len(items)-most)
}

// symbols says what becomes of the Go symbols of a row.
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

// became is what became of a symbol. Signatures are longer than a line.
func became(s Symbol) string {
	switch {
	case s.Text == "":
		return "unchanged"
	case strings.HasPrefix(s.Text, "`func("):
		return "another signature"
	}
	return s.Text
}
