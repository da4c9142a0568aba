package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const january = "?from=2024-01-01T00:00:00.000Z&to=2024-02-01T00:00:00.000Z"

func TestImpactMatchesObservedValues(t *testing.T) {
	s := Run(t)
	all := get(t, s, "/impact/data").object(t)
	assert.Equal(t, "CNaught", all["name"])
	assert.Equal(t, "2023-09-26T00:18:51.764508Z", all["since_date"])
	assert.Nil(t, all["to_date"])
	assert.Contains(t, all, "to_date")
	assert.Equal(t, 4571.0, all["total_offset_kgs"], "the total must include the past offsets and the sample order")
	categories := all["categories"].([]any)
	require.Len(t, categories, 1)
	assert.Equal(t, "Emissions reductions", categories[0].(map[string]any)["category"].(map[string]any)["name"])
	for _, name := range []string{"cars_off_the_road", "trees_planted", "homes_annual_energy_usage", "flights_lax_to_nyc"} {
		assert.Positive(t, all["equivalents"].(map[string]any)[name])
	}

	month := get(t, s, "/impact/data"+january).object(t)
	assert.Equal(t, 1571.0, month["total_offset_kgs"])
	assert.Equal(t, "2024-01-01T00:00:00.000000Z", month["since_date"])
	assert.Equal(t, "2024-02-01T00:00:00.000000Z", month["to_date"])
}

func TestImpactCountsFulfilledOrdersInTheirPeriod(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithFractions())
	placed := place(t, s, `{"amount_kg":10.1}`)
	_ = place(t, s, `{"amount_kg":500}`) // This order is never fulfilled.
	cancelled := place(t, s, `{"amount_kg":700}`)
	require.NoError(t, s.FulfillOrder(placed))
	require.NoError(t, s.FulfillOrder(cancelled))
	require.Equal(t, 200, post(t, s, "/orders/"+cancelled+"/cancel", "").status)

	total := func(query string) any { return get(t, s, "/impact/data"+query).object(t)["total_offset_kgs"] }
	assert.Equal(t, 4581.1, total(""))
	at := longAgo()
	const layout = "2006-01-02T15:04:05.000000Z"
	assert.Equal(t, 10.1, total("?from="+at.Format(layout)), "from is inclusive")
	assert.Equal(t, 4571.0, total("?to="+at.Format(layout)), "to is exclusive")
	assert.Equal(t, 10.1, total("?from="+at.Format(layout)+"&to="+at.Add(time.Second).Format(layout)))
	assert.Equal(t, 10.1, total("?from=2026-02-03"), "from may be a date")

	usage := get(t, s, "/impact/data?from=2026-02-03").object(t)["categories"].([]any)[0].(map[string]any)
	assert.Equal(t, 10.1, usage["offset_kgs"])
	sum := 0.0
	for _, p := range usage["projects"].([]any) {
		sum += p.(map[string]any)["offset_kgs"].(float64)
	}
	assert.InDelta(t, 10.1, sum, 1e-9)

	get(t, s, "/impact/data?from=yesterday").assertRefused(t, "from")
	get(t, s, "/impact/data?from=&to=").assertRefused(t, "from", "to")
	get(t, s, "/impact/data?from=2024-02-01&to=2024-01-01").assertRefused(t, "to")
}

func TestImpactOfASubaccount(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	id := newSubaccount(t, s, `{"name":"Acme, Inc"}`)
	empty := get(t, s, "/impact/data", "X-Subaccount-Id", id).object(t)
	assert.Equal(t, "Acme, Inc", empty["name"])
	assert.Equal(t, 0.0, empty["total_offset_kgs"])
	assert.Equal(t, []any{}, empty["categories"])
	assert.Equal(t, "2026-02-03T04:05:06.789012Z", empty["since_date"])

	require.NoError(t, s.FulfillOrder(place(t, s, `{"amount_kg":7}`, "X-Subaccount-Id", id)))
	assert.Equal(t, 7.0, get(t, s, "/impact/data", "X-Subaccount-Id", id).object(t)["total_offset_kgs"])
	assert.Equal(t, 4578.0, get(t, s, "/impact/data").object(t)["total_offset_kgs"])
}

func TestHostedPageConfig(t *testing.T) {
	s := Run(t)
	c := get(t, s, "/impact/hosted-page-config").object(t)
	assert.Equal(t, true, c["enabled"])
	assert.Equal(t, []any{"cars", "homes", "flights", "trees"}, c["enabled_equivalents"])
	assert.Equal(t, strings.TrimSuffix(s.URL(), "/v1")+"/impact", c["url"])
	id := newSubaccount(t, s, `{"name":"a"}`)
	assert.NotEqual(t, c["url"], get(t, s, "/impact/hosted-page-config", "X-Subaccount-Id", id).object(t)["url"])
}

func TestEmptyBooks(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	assert.Empty(t, get(t, s, "/orders").data(t))
	assert.Equal(t, 0.0, get(t, s, "/impact/data").object(t)["total_offset_kgs"])
	get(t, s, "/checkout/sessions/zpQ6QSNRQh").assertProblem(t, 404, "not-found", "Could not find checkout session")
	assert.Equal(t, 200, get(t, s, "/portfolios/oH5hlq").status, "the catalog must not be empty")

	full := Run(t)
	assert.Len(t, get(t, full, "/orders?limit=1").data(t), 1)
}
