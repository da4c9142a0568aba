package sandbox

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPortfoliosMatchObservedValues(t *testing.T) {
	s := Run(t)
	var page struct {
		Data []struct {
			ID, Name, Summary, Description string
			PrimaryImageURL                *string `json:"primary_image_url"`
		}
	}
	require.NoError(t, json.Unmarshal(get(t, s, "/portfolios").body, &page))
	require.Len(t, page.Data, 2)
	assert.Equal(t, "oH5hlq", page.Data[0].ID)
	assert.Equal(t, "Sandbox", page.Data[0].Name)
	assert.NotEmpty(t, page.Data[0].Summary)
	assert.Equal(t, page.Data[0].Summary, page.Data[0].Description)
	assert.Nil(t, page.Data[0].PrimaryImageURL)
	assert.Equal(t, "ixmZSK", page.Data[1].ID)
	assert.Equal(t, "Alternative Sandbox", page.Data[1].Name)

	for _, id := range []string{"oH5hlq", "ixmZSK", "mHvNvWbq", "eWvNvC12"} {
		p := get(t, s, "/portfolios/"+id).object(t)
		assert.Equal(t, id, p["id"])
		assert.Equal(t, 2.0, p["api_price_per_kg_usd_cents"])
		assert.Equal(t, 2.0, p["checkout_price_per_kg_usd_cents"])
		allocations := p["category_allocations"].([]any)
		require.Len(t, allocations, 4)
		sum := 0.0
		for i, a := range allocations {
			sum += a.(map[string]any)["allocated_fraction"].(float64)
			category := a.(map[string]any)["category"].(map[string]any)
			assert.Equal(t, "Sandbox Project Category "+string(rune('A'+i)), category["name"])
			assert.Len(t, category["projects"], 1)
		}
		assert.InDelta(t, 1, sum, 1e-9)
	}
	get(t, s, "/portfolios/nope").assertProblem(t, 404, "not-found", "Could not find portfolio")
}

func TestCategoryAndProjectMatchObservedValues(t *testing.T) {
	s := Run(t)
	c := get(t, s, "/project-categories/hkgyn3").object(t)
	assert.Equal(t, "Sandbox Project Category A", c["name"])
	assert.Equal(t, "https://assets.cnaught.com/64fd900fcf6f93409fc7ff21/67466d461956d2f8b3ccb4bb_64cabe99f9ba36af8ecb171c_impact-portfolio.webp", c["primary_image_url"])
	assert.Len(t, c["projects"], 1)
	get(t, s, "/project-categories/nope").assertProblem(t, 404, "not-found", "Could not find project category")

	p := get(t, s, "/projects/I0UbDH").object(t)
	for name, want := range map[string]any{
		"id": "I0UbDH", "name": "Sandbox Project A", "type": "Reforestation",
		"activity_types": []any{"Reforestation", "Improved Forest Management"}, "developer": "Sandbox Project Developer",
		"registry_name": "None", "registry_id": nil, "registry_url": nil, "location_name": "Pacific Northwest, USA",
		"location_latitude": 47.6062, "location_longitude": -122.3321, "un_sdg_goals": []any{1.0, 4.0, 6.0},
		"methodology": "Verified Carbon Standard (VCS)", "verifier": "Sandbox Verification Services", "permanence": "100+ years",
		"lifetime": map[string]any{"start_year": 2022.0, "end_year": 2052.0}, "impact_type": "Removal",
		"primary_image_url": "https://assets.cnaught.com/64fd900fcf6f93409fc7ff21/67466d4c5dac34242677eb4b_64cabf485b8978f04658185f_pexels-symeon-ekizoglou-2880801.webp",
		"credit_issuances": []any{
			map[string]any{"vintage_year": 2022.0, "total_amount": 5000.0},
			map[string]any{"vintage_year": 2023.0, "total_amount": 7500.0},
			map[string]any{"vintage_year": 2024.0, "total_amount": 10000.0},
		},
	} {
		assert.Equal(t, want, p[name], name)
	}
	get(t, s, "/projects/nope").assertProblem(t, 404, "not-found", "Could not find project")
	inOrder := get(t, s, "/orders/2FhU3B0F36_sandbox").object(t)["project_allocations"].([]any)[0].(map[string]any)["project"]
	assert.NotContains(t, inOrder, "credit_issuances", "orders must show projects without issuances")
}
