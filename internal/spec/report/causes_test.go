package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/merge"
)

// removed returns the change that removes a member of a schema.
func removed(schema, member, symbol string) Change {
	return Change{
		Change: apichange.Change{
			ID: "response-optional-property-removed", Text: "removed the optional property `" + member + "`",
			Old: []string{"components", "schemas", schema, "properties", member},
		},
		Symbols: []Symbol{{Name: symbol, Text: "removed", Breaking: true}},
	}
}

// A removed schema takes one line, regardless of how many lines of code used it.
func TestLinesOfCodeAreGroupedByCause(t *testing.T) {
	r := &Report{Compared: true, Other: []goapi.Change{
		{Symbol: "api.OrderState", Kind: goapi.Removed, Text: "removed", Breaking: true},
		{Symbol: "api.OrderStatePlaced", Kind: goapi.Removed, Text: "removed", Breaking: true},
		{Symbol: "cnaught.Client.GetOrder", Kind: goapi.Changed, Text: "`func()` becomes `func() invalid type`", Breaking: true},
	}}
	for i := range 6 {
		name := fmt.Sprintf("m%d", i)
		r.Changes = append(r.Changes, removed("Order", name, "api.Order.M"+name[1:]))
	}
	r.Changes = append(r.Changes, removed("Quote", "kg", "api.Quote.Kg"))
	r.Renamed = []merge.Name{{At: "components.schemas.QuoteDto", Name: "Quote"}}
	line := func(file string, n int, message string) {
		r.Problems = append(r.Problems, goapi.Problem{File: file, Line: n, Message: message})
	}
	for i := range 50 {
		line("wrapper/orders.go", i+1, fmt.Sprintf("o.M%d undefined (type *api.Order has no field or method M%d)", i%6, i%6))
	}
	for i := range 11 {
		line("wrapper/orders_test.go", i+1, fmt.Sprintf("unknown field M%d in struct literal of type api.Order", i%6))
	}
	line("wrapper/orders.go", 1, "not enough arguments in call\n\thave (unknown type)")
	line("wrapper/wait.go", 7, "undefined: api.OrderStatePlaced")
	line("wrapper/wait.go", 8, "undefined: api.OrderState")
	line("wrapper/quotes.go", 9, "q.Kg undefined (type *api.Quote has no field or method Kg)")
	line("wrapper/webhook.go", 3, "missing return")

	text := r.Markdown()
	decide := text[strings.Index(text, "## What a person"):strings.Index(text, "## What changed")]
	assert.Equal(t, "## What a person has to decide\n\n"+
		"- `Order.m0`, `Order.m1`, `Order.m2` and 3 more: removed the optional property: 61 lines do not compile: "+
		"`wrapper/orders.go:1`, `wrapper/orders.go:2`, `wrapper/orders.go:3`, `wrapper/orders.go:4`, `wrapper/orders.go:5`, `wrapper/orders.go:6` and 44 more, and 11 lines of tests\n"+
		"- `api.OrderState`: removed: 2 lines do not compile: `wrapper/wait.go:7`, `wrapper/wait.go:8`\n"+
		"- `wrapper/quotes.go:9`: `Quote.kg` (published as `QuoteDto`): removed the optional property `kg`\n"+
		"- `wrapper/webhook.go:3`: missing return\n\n", decide)
	assert.Contains(t, text, "| `Order.m0`, `Order.m1`, `Order.m2` and 4 more | removed the optional property | **breaking:** `api.Order.M0`, `api.Order.M1`, `api.Order.M2` and 4 more: removed |")
	assert.NotContains(t, text, "invalid type", "consequences are not repeated")
}

func TestMessagesOfTheCompilerHaveACause(t *testing.T) {
	header := Change{
		Change:  apichange.Change{Text: "added the header", New: []string{"paths", "/orders", "get"}},
		Symbols: []Symbol{{Name: "api.ListParams.XRegion", Text: "added"}},
	}
	gone := Change{
		Change:  apichange.Change{Text: "operation removed", Old: []string{"paths", "/quotes/train", "post"}},
		Symbols: []Symbol{{Name: "api.Client.Train", Text: "removed", Breaking: true}, {Name: "api.NewTrainRequest", Text: "removed", Breaking: true}},
	}
	typed := removed("Order", "kg", "api.Order.AmountKg")
	typed.Text, typed.Symbols[0].Text = "type changed", "`float64` becomes `string`"
	r := &Report{Changes: []Change{header, gone, typed}}
	for message, want := range map[string]string{
		"type *demandingOperation[api.OrderList] of opList does not match inferred type *operation[api.OrderList]": "added the header",
		"undefined: opTrain":             "operation removed",
		"undefined: api.NewTrainRequest": "operation removed",
		"invalid operation: total += order.AmountKg (mismatched types float64 and string)": "type changed",
		"missing return": "",
	} {
		got, known := r.changeBehind(message)
		assert.Equal(t, want, got.Text, message)
		assert.Equal(t, want != "", known, message)
	}
}

// A change without a place has its operations instead, so that no cell is empty.
func TestEveryRowHasAPlace(t *testing.T) {
	r := &Report{Compared: true}
	assert.Equal(t, "`GET /orders`", r.places(row{[]Change{{Change: apichange.Change{Operations: []string{"GET /orders"}}}}}))
	assert.Equal(t, "the description", r.places(row{[]Change{{}}}))
}

// The limits on the length of a report hold for any number of changes.
func TestLongReportsAreBounded(t *testing.T) {
	r := &Report{Compared: true}
	for i := range 300 {
		r.Conflicts = append(r.Conflicts, fmt.Sprintf("conflict %d", i))
		r.Names = append(r.Names, merge.Name{At: fmt.Sprintf("components.schemas.Dto%d", i), Name: fmt.Sprintf("Name%d", i)})
		r.Kept = append(r.Kept, merge.Kept{At: fmt.Sprintf("components.schemas.Name%d", i), Null: true})
		c := removed("Order", "m", "api.Order.M")
		c.Text = fmt.Sprintf("another text %d", i)
		r.Changes = append(r.Changes, c)
	}
	parts := strings.Split(r.Markdown(), "\n## ")
	for _, part := range parts {
		assert.LessOrEqual(t, strings.Count(part, "\n"), 50, part)
	}
	assert.Contains(t, parts[1], "- and 260 more: run the report again after these are decided")
}
