package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/merge"
)

// maxNames is the number of names in the report. The others are in remembered.yaml.
const maxNames = 10

// remembered writes what has another name in the published description, and what is
// kept although it is not published.
func (r *Report) remembered(w *writer) {
	if len(r.Names) > 0 {
		w.heading(fmt.Sprintf("Renamed in %s, with our names kept", plural(len(r.Names), "place")))
		w.line("| our name | published at |\n|---|---|")
		ours, theirs := byName(r.Names)
		for i, name := range ours {
			if i == maxNames && len(ours) > maxNames+1 {
				w.line("\nand %d more, in internal/spec/remembered.yaml", len(ours)-i)
				break
			}
			w.line("| `%s` | %s |", name, cell(list(theirs[name], 1)))
		}
	}
	if len(r.Kept) > 0 {
		w.heading("Known but not published, so kept until confirmed")
		for i, kept := range r.Kept {
			if i == maxNames && len(r.Kept) > maxNames+1 {
				w.line("- and %d more, in internal/spec/remembered.yaml", len(r.Kept)-i)
				break
			}
			what := ""
			switch {
			case kept.Null:
				what = ": may be null"
			case strings.HasSuffix(kept.At, ".required") || strings.HasSuffix(kept.At, ".enum"):
				var values []string
				for _, value := range kept.Value.Content {
					values = append(values, value.Value)
				}
				what = ": " + strings.Join(values, ", ")
			}
			w.line("- `%s`%s", kept.At, what)
		}
	}
}

// byName returns the vendor's places for each of our names. Renamed components come
// first, because inline schemas, which have no name, tell the reader less.
func byName(names []merge.Name) (ours []string, theirs map[string][]string) {
	theirs = map[string][]string{}
	for _, name := range names {
		place := "`" + name.At + "`"
		if strings.HasPrefix(name.At, "components.") && strings.Count(name.At, ".") == 2 {
			theirs[name.Name] = append([]string{place}, theirs[name.Name]...)
		} else {
			theirs[name.Name] = append(theirs[name.Name], place)
		}
		if !slices.Contains(ours, name.Name) {
			ours = append(ours, name.Name)
		}
	}
	isComponent := func(name string) int {
		if strings.HasPrefix(theirs[name][0], "`components.") && strings.Count(theirs[name][0], ".") == 2 {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(ours, func(a, b string) int { return isComponent(a) - isComponent(b) })
	return ours, theirs
}
