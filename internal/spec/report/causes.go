package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/goapi"
)

// The report names at most maxDecisions decisions, and at most maxLines lines of code
// for each cause.
const (
	maxDecisions = 40
	maxLines     = 6
)

// cause is the reason why lines of code do not compile: changes of one schema or
// operation or, if no such change is known, the compiler's message.
type cause struct {
	text     string
	problems []goapi.Problem
}

// causes groups the lines that do not compile by their cause. The causes with the
// most lines come first.
func (r *Report) causes() []cause {
	groups := map[string]*cause{}
	changed := map[string][]Change{} // by the key of the cause
	ofLine := map[string]string{}    // the key of the first cause of a line
	var order []string
	add := func(key string, p goapi.Problem) {
		if groups[key] == nil {
			groups[key] = &cause{}
			order = append(order, key)
		}
		groups[key].problems = append(groups[key].problems, p)
	}
	var rest []goapi.Problem
	for _, p := range r.Problems {
		c, known := r.changeBehind(p.Message)
		if symbol := r.otherBehind(p.Message); !known && symbol != "" {
			add("`"+symbol+"`: removed", p)
			ofLine[fmt.Sprint(p.File, p.Line)] = "`" + symbol + "`: removed"
			continue
		}
		if !known {
			rest = append(rest, p)
			continue
		}
		key := owner(c) + " " + kind(c)
		add(key, p)
		if !slices.ContainsFunc(changed[key], func(o Change) bool { return o.Place().String() == c.Place().String() }) {
			changed[key] = append(changed[key], c)
		}
		ofLine[fmt.Sprint(p.File, p.Line)] = key
	}
	for _, p := range rest {
		if key, known := ofLine[fmt.Sprint(p.File, p.Line)]; known { // it is a consequence of the other error
			add(key, p)
		} else {
			add(p.Message, p)
		}
	}
	var out []cause
	for _, key := range order {
		groups[key].text = key
		if changes := changed[key]; len(changes) > 0 {
			groups[key].text = r.title(changes)
		}
		out = append(out, *groups[key])
	}
	slices.SortStableFunc(out, func(a, b cause) int { return len(b.problems) - len(a.problems) })
	return out
}

// owner returns the schema or the operation that contains a change.
func owner(c Change) string {
	if place := c.Place(); len(place) >= 3 {
		return strings.Join(place[:3], " ")
	}
	return strings.Join(c.Operations, " ")
}

// title describes changes of one kind in a line.
func (r *Report) title(changes []Change) string {
	if len(changes) == 1 {
		return r.places(row{changes}) + ": " + changes[0].Text
	}
	var names []string
	for _, c := range changes {
		names = append(names, "`"+shortPlace(c.Place())+"`")
	}
	return list(names, maxPlaces) + ": " + withoutName(changes[0])
}

// The messages of the compiler about a symbol that was removed or has another type.
var (
	noMember  = regexp.MustCompile(`type \*?(?:api\.)?(\w+) has no field or method (\w+)`)
	noField   = regexp.MustCompile(`unknown field (\w+) in struct literal of type (?:api\.)?(\w+)`)
	undefined = regexp.MustCompile(`undefined: (?:api\.)?(\w+)$`)
	operation = regexp.MustCompile(`\bop([A-Z]\w*)`)
	selector  = regexp.MustCompile(`\.([A-Z]\w*)\b`)
)

// changeBehind returns the change that caused a message of the compiler.
func (r *Report) changeBehind(message string) (Change, bool) {
	var symbols []string
	if found := noMember.FindStringSubmatch(message); found != nil {
		symbols = append(symbols, "api."+found[1]+"."+found[2], "api."+found[1])
	}
	if found := noField.FindStringSubmatch(message); found != nil {
		symbols = append(symbols, "api."+found[2]+"."+found[1], "api."+found[2])
	}
	if found := undefined.FindStringSubmatch(message); found != nil {
		symbols = append(symbols, "api."+found[1])
	}
	for _, found := range operation.FindAllStringSubmatch(message, -1) {
		symbols = append(symbols, "api.Client."+found[1])
		inParams := func(s Symbol) bool { return s.Text != "" && strings.HasPrefix(s.Name, "api."+found[1]+"Params.") }
		if c, known := r.changeOf(inParams); known {
			return c, true
		}
	}
	for _, symbol := range symbols {
		if c, known := r.changeOf(func(s Symbol) bool { return s.Name == symbol && s.Text != "" }); known {
			return c, true
		}
	}
	// If the type of a member has changed, the message names the member but not
	// always the type that contains it.
	for _, found := range selector.FindAllStringSubmatch(message, -1) {
		member := func(s Symbol) bool {
			return s.Breaking && strings.Count(s.Name, ".") == 2 && strings.HasSuffix(s.Name, "."+found[1])
		}
		if c, known := r.changeOf(member); known {
			return c, true
		}
	}
	return Change{}, false
}

// otherBehind returns the removed symbol that caused a message, if no change of the
// description removed it directly. The type of an enum, for instance, is removed
// together with its values.
func (r *Report) otherBehind(message string) string {
	found := undefined.FindStringSubmatch(message)
	if found == nil {
		return ""
	}
	shortest := ""
	for _, c := range r.Other {
		if c.Kind == goapi.Removed && strings.HasPrefix("api."+found[1], c.Symbol) && (shortest == "" || len(c.Symbol) < len(shortest)) {
			shortest = c.Symbol
		}
	}
	return shortest
}

func (r *Report) changeOf(is func(Symbol) bool) (Change, bool) {
	for _, c := range r.Changes {
		if slices.ContainsFunc(c.Symbols, is) {
			return c, true
		}
	}
	return Change{}, false
}

// String returns one line, which says what changed, how many lines of code are
// affected, and where. Lines of tests are named only if there are no others.
func (c cause) String() string {
	var code, tests []string
	for _, p := range c.problems {
		place := fmt.Sprintf("`%s:%d`", p.File, p.Line)
		switch {
		case slices.Contains(code, place) || slices.Contains(tests, place):
		case strings.HasSuffix(p.File, "_test.go"):
			tests = append(tests, place)
		default:
			code = append(code, place)
		}
	}
	count := len(code) + len(tests)
	text := cell(c.text)
	switch {
	case count == 1:
		return append(code, tests...)[0] + ": " + text
	case len(code) == 0:
		return fmt.Sprintf("%s: %d lines of tests do not compile: %s", text, count, list(tests, maxLines))
	}
	text = fmt.Sprintf("%s: %d lines do not compile: %s", text, count, list(code, maxLines))
	if len(tests) > 0 {
		text += ", and " + plural(len(tests), "line") + " of tests"
	}
	return text
}
