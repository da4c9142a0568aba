package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
)

func added(place ...string) Change {
	return Change{Change: apichange.Change{ID: "response-optional-property-added", Text: "added `x`", New: place}}
}

func TestVerdict(t *testing.T) {
	breaking := added("components", "schemas", "A")
	breaking.Breaking = true
	breaksGo := added("components", "schemas", "A")
	breaksGo.Symbols = []Symbol{{Name: "api.A", Text: "removed", Breaking: true}}
	tests := map[string]struct {
		report  Report
		verdict Verdict
		step    Step
	}{
		"nothing":            {Report{}, Nothing, NoStep},
		"wording":            {Report{Wording: 1}, Additive, Patch},
		"additive":           {Report{Changes: []Change{added("a")}}, Additive, Minor},
		"only Go":            {Report{Other: []goapi.Change{{Symbol: "api.A"}}}, Additive, Minor},
		"breaking API":       {Report{Changes: []Change{breaking}}, Breaking, Minor},
		"breaking Go":        {Report{Changes: []Change{breaksGo}}, Breaking, Major},
		"breaking other Go":  {Report{Other: []goapi.Change{{Symbol: "api.A", Breaking: true}}}, Breaking, Major},
		"problem":            {Report{Problems: []goapi.Problem{{}}}, Decision, NoStep},
		"conflict":           {Report{Conflicts: []string{"a"}, Reason: "x"}, Decision, NoStep},
		"overlay gone":       {Report{Overlay: []overlaycheck.Finding{{Verdict: overlaycheck.NoTarget}}}, Decision, NoStep},
		"overlay not needed": {Report{Overlay: []overlaycheck.Finding{{Verdict: overlaycheck.Superfluous}}, Wording: 1}, Additive, Patch},
		"failed":             {Report{Reason: "x", Changes: []Change{breaking}}, Failed, Minor},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.verdict, test.report.Verdict())
			assert.Equal(t, test.step, test.report.Step())
		})
	}
}

func TestVersions(t *testing.T) {
	assert.Equal(t, "1.2.3", NewestVersion("# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-01\n\n## [1.2.2]\n"))
	assert.Equal(t, "0.1.0", NewestVersion("## v0.1.0\n"))
	assert.Empty(t, NewestVersion("## Unreleased\n"))
	for _, test := range []struct {
		version string
		step    Step
		want    string
	}{
		{"1.2.3", Major, "2.0.0"}, {"1.2.3", Minor, "1.3.0"}, {"1.2.3", Patch, "1.2.4"}, {"1.2.3", NoStep, "1.2.3"},
		{"0.2.3", Major, "0.3.0"}, {"0.2.3", Minor, "0.3.0"}, {"", Major, ""}, {"1.x.3", Minor, ""},
	} {
		assert.Equal(t, test.want, NextVersion(test.version, test.step), test)
	}
}

func TestLink(t *testing.T) {
	changes := []apichange.Change{
		{ID: "a", Text: "changed", Old: []string{"components", "schemas", "A"}, New: []string{"components", "schemas", "A"}},
		{ID: "endpoint-added", Text: "operation added", New: []string{"paths", "/x", "get"}},
	}
	goChanges := []goapi.Change{
		{Symbol: "api.A.B", Kind: goapi.Changed, Text: "`*string` becomes `string`", Breaking: true},
		{Symbol: "api.Client.GetX", Kind: goapi.Added, Text: "added"},
		{Symbol: "api.GetXResponse", Kind: goapi.Added, Text: "added"},
		{Symbol: "api.NewGetXRequest", Kind: goapi.Added, Text: "added"},
		{Symbol: "api.GetXY", Kind: goapi.Added, Text: "added"},
	}
	linked, other := Link(changes, goChanges,
		func(c apichange.Change) []string {
			if c.ID == "a" {
				return []string{"api.A.B", "api.A.C"}
			}
			return []string{"api.Client.GetX"}
		},
		func(c apichange.Change) string {
			if c.ID == "endpoint-added" {
				return "GetX"
			}
			return ""
		})
	assert.Equal(t, []Symbol{{"api.A.B", "`*string` becomes `string`", true}, {Name: "api.A.C"}}, linked[0].Symbols)
	assert.Equal(t, []Symbol{{"api.Client.GetX", "added", false}, {"api.GetXResponse", "added", false}, {"api.NewGetXRequest", "added", false}}, linked[1].Symbols)
	assert.Equal(t, goChanges[4:], other)
}

func TestMarkdown(t *testing.T) {
	c := added("components", "schemas", "Order", "properties", "callback_url")
	c.ID, c.Text, c.Breaking = "response-property-became-not-nullable", "a | b", true
	c.Operations = []string{"GET /orders"}
	c.Symbols = []Symbol{{"api.Order.CallbackURL", "`*string` becomes `string`", true}}
	r := &Report{
		Source: "page.md", Compared: true, Version: "0.4.1", Changes: []Change{c},
		Overlay: []overlaycheck.Finding{
			{Line: 7, Target: "$.a", Description: "Because.", Verdict: overlaycheck.Superfluous},
			{Line: 9, Target: "$.b", Verdict: overlaycheck.Superfluous, Before: true},
		},
		Methods: []Method{
			{Operation: "New", Request: "GET /new", Draft: "func New() {}\n", Classed: true, New: true},
			{Operation: "Send", Request: "POST /send", New: true},
			{Operation: "Old", Request: "GET /old"},
		},
		Written: []string{"openapi.yaml"},
	}
	assert.Equal(t, "# New API description: page.md\n"+`
Verdict: **breaking**. 1 change, 1 breaking for the API, 1 Go symbol breaking for programs. Version step: **major** (0.4.1 becomes 0.5.0); before 1.0.0, a breaking change increases the minor version.

## What changed

| where | what | Go |
|---|---|---|
| `+"`Order.callback_url` in `GET /orders` | **breaks the API:** a \\| b | **breaking:** `api.Order.CallbackURL`: `*string` becomes `string`"+` |

## Overlay

- `+"`api/overlay.yaml:7`: not needed: `$.a`"+`. Its reason was: Because.

## No method yet for New (`+"`GET /new`"+`)

It works through `+"`Client.Raw()`"+`. A draft for package wrapper:

`+"```go"+`
func New() {}
`+"```"+`

## No method yet for Send (`+"`POST /send`"+`)

It works through `+"`Client.Raw()`. Set `x-retry` in `api/overlay.yaml` to say whether it may be repeated."+` Until then, this depends on its method, as in RFC 9110, or it is keyed if it takes an Idempotency-Key. There is no draft, because its request or its answer has no Go type.

## Entry for CHANGELOG.md

`+"```markdown"+`
### Changed

- **Breaking:** `+"`Order.callback_url`: a | b (`api.Order.CallbackURL`: `*string` becomes `string`)"+`.
`+"```"+`

Files that an update would write: `+"`openapi.yaml`"+`.
`, r.Markdown())
}

func TestMarkdownOfDecision(t *testing.T) {
	r := &Report{
		Source:    "x.yaml",
		Conflicts: []string{"two pages differ"},
		Problems:  []goapi.Problem{{File: "wrapper/quotes.go", Line: 12, Message: "undefined: api.Quote"}},
		Overlay:   []overlaycheck.Finding{{Line: 3, Target: "$.a", Verdict: overlaycheck.NoTarget}},
	}
	text := r.Markdown()
	for _, want := range []string{
		"Verdict: **a person has to decide**", "Nothing was written.",
		"- two pages differ", "- `api/overlay.yaml:3`: matches nothing: `$.a`", "- `wrapper/quotes.go:12`: undefined: api.Quote",
	} {
		assert.Contains(t, text, want)
	}
}

func TestChangelogSections(t *testing.T) {
	operation := Change{Change: apichange.Change{ID: "endpoint-added", Text: "operation added", Operations: []string{"GET /new"}, New: []string{"paths", "/new", "get"}}}
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		operation.Symbols = append(operation.Symbols, Symbol{Name: "api." + name, Text: "added"})
	}
	removed := added("components", "schemas", "Order", "properties", "x")
	removed.ID, removed.Text = "response-optional-property-removed", "removed `x`"
	removed.Symbols = []Symbol{{"api.Order.X", "removed", true}}
	r := &Report{Changes: []Change{operation, removed}, Other: []goapi.Change{{Symbol: "api.Y", Text: "removed", Breaking: true}, {Symbol: "api.Z", Text: "added"}}}
	assert.Equal(t, "### Added\n\n- `GET /new`: operation added (`api.A`, `api.B`, `api.C` and 2 more).\n\n"+
		"### Changed\n\n- **Breaking:** `api.Y`: removed.\n\n"+
		"### Removed\n\n- **Breaking:** `Order.x`: removed `x` (`api.Order.X`).", r.Changelog())
	assert.Equal(t, "### Changed\n\n- Texts and examples of the API description.", (&Report{Wording: 2}).Changelog())
	assert.Empty(t, (&Report{}).Changelog())
}

func TestChangelogOfASchema(t *testing.T) {
	schema := Change{Change: apichange.Change{ID: "api-schema-removed", Text: "removed the schema `OrderEvent`", Breaking: true}}
	assert.Equal(t, "### Removed\n\n- **Breaking:** removed the schema `OrderEvent`.", (&Report{Changes: []Change{schema}}).Changelog())
}

func TestTimes(t *testing.T) {
	text := Times([]Timing{{"a", time.Second}, {"b", 500 * time.Millisecond}})
	assert.Contains(t, text, "1.0 s\n")
	assert.Regexp(t, `total +1\.5 s\n$`, text)
}

func TestShortPlace(t *testing.T) {
	for want, place := range map[string][]string{
		"Order.state":          {"components", "schemas", "Order", "properties", "state", "enum", "1"},
		"Order.lines.items.id": {"components", "schemas", "Order", "properties", "lines", "items", "properties", "id"},
		"GET /orders":          {"paths", "/orders", "get", "responses", "200"},
		"/orders":              {"paths", "/orders", "parameters", "0"},
		"webhook paid":         {"webhooks", "paid", "post"},
		"info.version":         {"info", "version"},
	} {
		assert.Equal(t, want, shortPlace(place))
	}
}
