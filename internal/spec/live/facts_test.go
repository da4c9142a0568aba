package live

import (
	"path"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noted returns the operations, webhooks and schemas of the description, and
// whether each has an x-note.
func noted(t *testing.T) map[string]bool {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../openapi.yaml")
	require.NoError(t, err)
	all := make(map[string]bool)
	items := doc.Paths.Map()
	for name, item := range doc.Webhooks {
		items["webhook "+name] = item
	}
	for _, item := range items {
		for _, op := range item.Operations() {
			all[op.OperationID] = op.Extensions["x-note"] != nil
		}
	}
	for name, schema := range doc.Components.Schemas {
		all[name] = schema.Value.Extensions["x-note"] != nil
	}
	return all
}

func TestEveryNoteHasAQuestion(t *testing.T) {
	about := func(name string) bool {
		return slices.ContainsFunc(questions, func(q question) bool {
			matches, err := path.Match(q.about, name)
			require.NoError(t, err)
			return matches
		})
	}
	all := noted(t)
	for name, isNoted := range all {
		if isNoted {
			assert.True(t, about(name) || slices.Contains(costly, name), "the x-note of %s needs a question, or an entry in costly", name)
		}
	}
	for _, q := range questions {
		found := false
		for name := range all {
			matches, _ := path.Match(q.about, name)
			found = found || matches
		}
		assert.True(t, found, "%s is not described", q.about)
	}
	for _, name := range costly {
		assert.Contains(t, all, name)
	}
}

func TestFactsAreSettled(t *testing.T) {
	cn := filled(t)
	unchanged := runAt(t, cn.URL())
	const page = `GET /v1/orders`
	for name, c := range map[string]struct {
		question string
		change   tamper
		want     string
	}{
		"a page of 20":            {"How many orders does a page have without limit, 20 or 100?", nil, "20"},
		"orders of subaccounts":   {"Does the list without X-Subaccount-Id contain the orders of subaccounts?", nil, "yes"},
		"older orders":            {"Does starting_after lead to older orders?", nil, "yes"},
		"newer orders":            {"Does starting_after lead to older orders?", replace(page+`\?limit=2&starting.*`, `(?s).*`, `{"data":[]}`), "no: there is nothing after the newest order"},
		"limits":                  {"Are limits of 1 and 100 allowed?", nil, "limit=1: 200; limit=100: 200"},
		"a limit that is refused": {"Are limits of 1 and 100 allowed?", answer(page+`\?limit=100`, 200, 400, asProblem, `{"title":"Too many","status":400}`), "limit=1: 200; limit=100: 400, Too many"},
		"a hidden order":          {"Is an order hidden from a subaccount that it does not belong to?", nil, otherOwner + ": 404, not-found, Could not find order"},
		"whole amounts":           {"Are there amounts with a fraction?", nil, ""},
		"a fraction":              {"Are there amounts with a fraction?", replace(page, `"amount_kg": ?10,`, `"amount_kg":10.5,`), "yes"},
		"digits":                  {"Is the order number hexadecimal?", nil, "0 with a letter from a to f, 25 with only digits"},
		"hexadecimal":             {"Is the order number hexadecimal?", replace(page+`.*`, `"order_number": ?"[^"]*"`, `"order_number":"4772a-5323f"`), "25 with a letter from a to f, 0 with only digits"},
		"another number":          {"Is the order number hexadecimal?", replace(page+`.*`, `"order_number": ?"[^"]*"`, `"order_number":"XYZ"`), "neither hexadecimal nor decimal: 25"},
		"cancelled":               {"Is the state spelled cancelled?", nil, "cancelled"},
		"canceled":                {"Is the state spelled cancelled?", replace(page+`.*`, `"cancelled"`, `"canceled"`), "canceled"},
		"no subaccount_id":        {"Do orders have the member subaccount_id?", replace(page+`.*`, `,"subaccount_id": ?[^,}]*`, ``), "0 with it, 25 without"},
		"homes":                   {"Is the member called homes_annual_energy_usage?", nil, "yes"},
		"another name for homes":  {"Is the member called homes_annual_energy_usage?", replace(`GET /v1/impact/data.*`, `energy_usage`, `energy usages`), "no"},
		"detail":                  {"Is the longer text in detail or in details?", nil, "2 with detail, 0 with details"},
		"names in errors":         {"Does errors use the names of the members of the request?", nil, "yes: distance_km"},
		"other names in errors":   {"Does errors use the names of the members of the request?", replace(`POST /v1/quotes/.*`, `distance_km`, `DistanceKm`), "no: DistanceKm for distance_km"},
		"refused quotes":          {"Is every invalid quote refused, and how?", answer(`POST /v1/quotes/train`, 400, 422, asProblem, `{"title":"No","status":422}`), "6 of 7: 400, invalid-parameters, Your request parameters didn't validate; 1 of 7: 422, No"},
		"a quote that is gone":    {"Is the deprecated quote still answered?", answer(`POST /v1/quotes/ride`, 200, 410, asProblem, `{"title":"Gone","status":410}`), "a ride: 410, Gone"},
		"articles":                {"How is published_on written?", replace(`GET /v1/projects/[^/?]+`, `"news_articles": ?[^,}]*`, `"news_articles":[{"title":"a","url":"b","author":"c","published_on":"March 3, 2024"}]`), "aaaaa 0, 0000"},
		"an unknown project":      {"What is the answer to an unknown id?", nil, "an unknown id: 404, not-found, Could not find subaccount"},
	} {
		t.Run(name, func(t *testing.T) {
			report := unchanged
			if c.change != nil {
				report = runAt(t, between(t, cn, nil, c.change))
			}
			i := slices.IndexFunc(report.Facts, func(f Fact) bool { return f.Question == c.question })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, c.want, report.Facts[i].Seen)
		})
	}
}
