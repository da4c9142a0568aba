package contract

import (
	"fmt"
	"maps"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// examplesOf returns the examples of a media type by name.
func examplesOf(media *openapi3.MediaType) map[string]any {
	found := map[string]any{}
	if media.Example != nil {
		found["example"] = media.Example
	}
	for name, example := range media.Examples {
		found[name] = example.Value.Value
	}
	return found
}

// example is an example in the description with its schema.
type example struct {
	schema *openapi3.Schema
	value  any
}

// walker collects all examples of a description by their places.
type walker struct {
	found map[string]example
	seen  map[*openapi3.Schema]bool
}

func allExamples(doc *openapi3.T) map[string]example {
	w := walker{found: map[string]example{}, seen: map[*openapi3.Schema]bool{}}
	w.components(doc)
	items := doc.Paths.Map()
	maps.Copy(items, doc.Webhooks)
	for path, item := range items {
		for _, parameter := range item.Parameters {
			w.parameter(path, parameter)
		}
		for method, op := range item.Operations() {
			w.operation(method+" "+path, op)
		}
	}
	return w.found
}

func (w *walker) components(doc *openapi3.T) {
	for name, schema := range doc.Components.Schemas {
		w.schema("schemas "+name, schema)
	}
	for name, parameter := range doc.Components.Parameters {
		w.parameter("parameters "+name, parameter)
	}
	for name, response := range doc.Components.Responses {
		w.response("responses "+name, response)
	}
	for name, header := range doc.Components.Headers {
		w.schema("headers "+name, header.Value.Schema)
	}
}

func (w *walker) operation(at string, op *openapi3.Operation) {
	for _, parameter := range op.Parameters {
		w.parameter(at, parameter)
	}
	if op.RequestBody != nil {
		w.content(at+" request", op.RequestBody.Value.Content)
	}
	for status, response := range op.Responses.Map() {
		w.response(at+" "+status, response)
	}
}

func (w *walker) parameter(at string, ref *openapi3.ParameterRef) {
	at += " parameter " + ref.Value.Name
	w.schema(at, ref.Value.Schema)
	if ref.Value.Example != nil {
		w.add(at, ref.Value.Schema, ref.Value.Example)
	}
	for name, value := range ref.Value.Examples {
		w.add(at+" "+name, ref.Value.Schema, value.Value.Value)
	}
}

func (w *walker) response(at string, ref *openapi3.ResponseRef) {
	w.content(at, ref.Value.Content)
	for name, header := range ref.Value.Headers {
		w.schema(at+" header "+name, header.Value.Schema)
	}
}

func (w *walker) content(at string, content openapi3.Content) {
	for name, media := range content {
		w.schema(at+" "+name, media.Schema)
		for key, value := range examplesOf(media) {
			w.add(at+" "+name+" "+key, media.Schema, value)
		}
	}
}

// schema collects the examples in a schema and in the schemas inside it.
func (w *walker) schema(at string, ref *openapi3.SchemaRef) {
	if ref == nil || w.seen[ref.Value] {
		return
	}
	w.seen[ref.Value] = true
	schema := ref.Value
	if schema.Example != nil {
		w.add(at, ref, schema.Example)
	}
	for i, value := range schema.Examples {
		w.add(fmt.Sprintf("%s example %d", at, i), ref, value)
	}
	for name, property := range schema.Properties {
		w.schema(at+"."+name, property)
	}
	w.schema(at+"[]", schema.Items)
	for _, list := range []openapi3.SchemaRefs{schema.AllOf, schema.OneOf, schema.AnyOf} {
		for _, member := range list {
			w.schema(at, member)
		}
	}
}

func (w *walker) add(at string, ref *openapi3.SchemaRef, value any) {
	w.found[at] = example{ref.Value, value}
}

func check(e example) error {
	return e.schema.VisitJSON(e.value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation(), openapi3.MultiErrors())
}

func TestExamplesAreValid(t *testing.T) {
	examples := allExamples(overlaid(t))
	require.NotEmpty(t, examples)
	for at, e := range examples {
		assert.NoError(t, check(e), at)
	}
}

// Transcribed examples are also valid without the overlay. Published examples need
// not be, because the overlay corrects mistakes of the vendor.
func TestTranscribedExamplesAreValidWithoutOverlay(t *testing.T) {
	w := walker{found: map[string]example{}, seen: map[*openapi3.Schema]bool{}}
	for _, op := range operations(description(t)) {
		if transcribed(op) {
			w.operation(op.OperationID, op.Operation)
		}
	}
	for at, e := range w.found {
		assert.NoError(t, check(e), at)
	}
}

// TestInvalidExamplesAreNoticed checks that the tests above can fail.
func TestInvalidExamplesAreNoticed(t *testing.T) {
	raw, seen := description(t), overlaid(t)
	order := func(change func(map[string]any)) map[string]any {
		value := raw.Components.Examples["PlacedOrder"].Value.Value
		changed := maps.Clone(value.(map[string]any))
		change(changed)
		return changed
	}
	tests := map[string]struct {
		doc    *openapi3.T
		schema string
		value  any
		ok     bool
	}{
		"order":                {seen, "Order", order(func(map[string]any) {}), true},
		"unknown member":       {seen, "Order", order(func(o map[string]any) { o["new"] = 1.0 }), true},
		"null where allowed":   {seen, "Order", order(func(o map[string]any) { o["metadata"] = nil }), true},
		"null where not":       {seen, "Order", order(func(o map[string]any) { o["id"] = nil }), false},
		"wrong type":           {seen, "Order", order(func(o map[string]any) { o["amount_kg"] = "10" }), false},
		"unknown state":        {seen, "Order", order(func(o map[string]any) { o["state"] = "lost" }), false},
		"missing member":       {seen, "Order", order(func(o map[string]any) { delete(o, "id") }), false},
		"not a timestamp":      {seen, "Order", order(func(o map[string]any) { o["created_on"] = "today" }), false},
		"wrong element":        {seen, "Order", order(func(o map[string]any) { o["project_allocations"] = []any{1.0} }), false},
		"by amount":            {raw, "OrderCreate", map[string]any{"amount_kg": 10.0}, true},
		"by price":             {raw, "OrderCreate", map[string]any{"total_price_usd_cents": 10.0}, true},
		"null notification":    {raw, "OrderCreate", map[string]any{"amount_kg": 10.0, "notification_config": nil}, true},
		"both amounts":         {raw, "OrderCreate", map[string]any{"amount_kg": 10.0, "total_price_usd_cents": 10.0}, false},
		"no amount":            {raw, "OrderCreate", map[string]any{"metadata": "x"}, false},
		"amount of nothing":    {raw, "OrderCreate", map[string]any{"amount_kg": 0.0}, false},
		"negative distance":    {raw, "FlightQuoteRequest", map[string]any{"distance_km": -1.0}, false},
		"unknown quote source": {raw, "FlightQuoteRequest", map[string]any{"distance_km": 1.0, "source": "web"}, false},
		"null quote source":    {raw, "FlightQuoteRequest", map[string]any{"distance_km": 1.0, "source": nil}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := check(example{test.doc.Components.Schemas[test.schema].Value, test.value})
			if test.ok {
				assert.NoError(t, err)
			} else {
				assert.Error(t, err)
			}
		})
	}
}
