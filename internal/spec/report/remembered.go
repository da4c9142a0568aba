package report

import (
	"fmt"
	"strings"
)

// maxNames is how many names are written out; the rest stands in the file.
const maxNames = 10

// remembered writes what is called otherwise in what was published, and what is
// kept although it is not published.
func (r *Report) remembered(w *writer) {
	if len(r.Names) > 0 {
		w.heading(fmt.Sprintf("Called otherwise: %s, with our names kept", plural(len(r.Names), "place")))
		for i, name := range r.Names {
			if i == maxNames && len(r.Names) > maxNames+1 {
				w.line("- and %d more, in internal/spec/remembered.yaml", len(r.Names)-i)
				break
			}
			w.line("- `%s` is `%s`", name.Name, name.At)
		}
	}
	if len(r.Kept) > 0 {
		w.heading("Known, but not published: kept, to be confirmed")
		for _, kept := range r.Kept {
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
