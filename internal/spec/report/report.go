// Package report describes what a new description means for the users of this
// client. It says what changed, which Go symbols are affected, which part of the
// version has to be increased, and what a person has to decide.
package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
)

// Verdict is the result of an update in a few words.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Nothing  Verdict = "nothing changed"
	Additive Verdict = "additive"
	Breaking Verdict = "breaking"
	// Decision means that a person has to decide something before code can be
	// generated and built.
	Decision Verdict = "a person has to decide"
	// Failed means that the source could not be used or that a tool failed.
	Failed Verdict = "failed"
)

// Report is the result of an update.
type Report struct {
	Source string
	// Reason says why the verdict is Decision or Failed.
	Reason    string
	Conflicts []string
	Changes   []Change
	// Other are changes of the Go API that do not follow from a single change of
	// the description, for instance because the generator gave something a new
	// name.
	Other   []goapi.Change
	Overlay []overlaycheck.Finding
	// Names and Kept are the entries that remembered.yaml has now and did not have
	// before.
	Names []merge.Name
	Kept  []merge.Kept
	// Renamed are all names for which the published description uses others.
	Renamed []merge.Name
	// Problems are the places in hand-written code that no longer compile.
	Problems []goapi.Problem
	Methods  []Method
	Notes    []string
	// Wording is the number of places where only texts or examples changed.
	Wording int
	// Compared reports whether the Go API was compared. It is false if no code
	// could be generated.
	Compared bool
	// Version is the newest version in CHANGELOG.md, without "v", or "" if there
	// is none.
	Version string
	// Written are the files that were changed, or would be.
	Written []string
	// Applied reports whether the files in Written were changed.
	Applied bool
	Timings []Timing
}

// Remember adds what remembered.yaml contains now and did not contain before.
func (r *Report) Remember(before, now *merge.Remembered) {
	r.Renamed = now.Names
	for _, name := range now.Names {
		if !slices.Contains(before.Names, name) {
			r.Names = append(r.Names, name)
		}
	}
	for _, kept := range now.Kept {
		if !slices.ContainsFunc(before.Kept, func(k merge.Kept) bool { return k.At == kept.At }) {
			r.Kept = append(r.Kept, kept)
		}
	}
}

// Change is one change of the description with the Go symbols that it affects.
type Change struct {
	apichange.Change
	Symbols []Symbol
}

// Symbol is a Go symbol with its change. Text is empty if the symbol is unchanged.
type Symbol struct {
	Name     string
	Text     string
	Breaking bool
}

// Method is an operation without a method in package wrapper.
type Method struct {
	Operation string // operationId
	Request   string // GET /orders
	Draft     string // Go code, or "" if no method could be drafted
	Classed   bool   // whether the overlay says if it may be repeated
	New       bool   // whether it was not in raw-only.yaml before
}

// Timing is how long a step took.
type Timing struct {
	Step     string
	Duration time.Duration
}

// Verdict returns the verdict that follows from the findings.
func (r *Report) Verdict() Verdict {
	switch {
	case len(r.Conflicts) > 0 || len(r.Problems) > 0 || slices.ContainsFunc(r.Overlay, overlaycheck.Finding.Blocks):
		return Decision
	case r.Reason != "":
		return Failed
	case r.breaksAPI() > 0 || r.breaksGo() > 0:
		return Breaking
	case len(r.Changes) > 0 || len(r.Other) > 0 || r.Wording > 0:
		return Additive
	}
	return Nothing
}

func (r *Report) breaksAPI() int {
	return count(r.Changes, func(c Change) bool { return c.Breaking })
}

// BrokenSymbols returns the Go symbols whose changes break programs, sorted.
func (r *Report) BrokenSymbols() []string {
	broken := map[string]bool{}
	for _, c := range r.Changes {
		for _, s := range c.Symbols {
			if s.Breaking {
				broken[s.Name] = true
			}
		}
	}
	for _, c := range r.Other {
		if c.Breaking {
			broken[c.Symbol] = true
		}
	}
	return slices.Sorted(maps.Keys(broken))
}

func (r *Report) breaksGo() int { return len(r.BrokenSymbols()) }

func count[T any](list []T, is func(T) bool) int {
	n := 0
	for _, item := range list {
		if is(item) {
			n++
		}
	}
	return n
}

// operationNames returns the names that the generator derives from the name of an
// operation, such as those of the request builders and of the response type.
func operationNames(goName string) []string {
	return []string{
		goName, goName + "WithBody", goName + "WithResponse", goName + "WithBodyWithResponse",
		"New" + goName + "Request", "New" + goName + "RequestWithBody",
		"Parse" + goName + "Response", goName + "Response", goName + "Params",
		goName + "JSONRequestBody", goName + "JSONBody", goName + "MultipartRequestBody", goName + "MultipartBody", goName + "FormdataRequestBody",
	}
}

// belongsTo reports whether a changed symbol is generated for the operation.
func belongsTo(symbol, goName string) bool {
	parts := strings.Split(symbol, ".")
	names := operationNames(goName)
	for _, part := range parts[1:] {
		if slices.Contains(names, part) {
			return true
		}
	}
	return false
}

// Link attaches the changes of the Go API to the changes of the description. It
// also returns those that it could not attach. The function symbolsOf returns the
// symbols that a change affects, and operationOf returns the Go name of the
// operation that contains the change, or "".
func Link(changes []apichange.Change, goChanges []goapi.Change, symbolsOf func(apichange.Change) []string, operationOf func(apichange.Change) string) (linked []Change, other []goapi.Change) {
	used := make([]bool, len(goChanges))
	for _, change := range changes {
		out := Change{Change: change}
		for _, symbol := range symbolsOf(change) {
			out.Symbols = append(out.Symbols, symbolAfter(symbol, goChanges, used)...)
		}
		linked = append(linked, out)
	}
	// The other symbols of an operation are attached to the first change in it.
	for i, change := range changes {
		goName := operationOf(change)
		if goName == "" {
			continue
		}
		for j, found := range goChanges {
			if !used[j] && belongsTo(found.Symbol, goName) {
				used[j] = true
				linked[i].Symbols = append(linked[i].Symbols, Symbol{Name: found.Symbol, Text: found.Text, Breaking: found.Breaking})
			}
		}
	}
	for j, found := range goChanges {
		if !used[j] {
			other = append(other, found)
		}
	}
	return linked, other
}

// symbolAfter returns the changes of a symbol and of its parts, or the unchanged
// symbol if there are none.
func symbolAfter(symbol string, goChanges []goapi.Change, used []bool) []Symbol {
	var out []Symbol
	for j, found := range goChanges {
		if found.Symbol == symbol || strings.HasPrefix(found.Symbol, symbol+", ") {
			used[j] = true
			out = append(out, Symbol{Name: found.Symbol, Text: found.Text, Breaking: found.Breaking})
		}
	}
	if len(out) == 0 {
		out = append(out, Symbol{Name: symbol})
	}
	return out
}
