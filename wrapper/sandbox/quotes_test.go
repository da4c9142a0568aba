package sandbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQuotesMatchObservedValues(t *testing.T) {
	s := Run(t)
	for _, c := range []struct{ path, body, want string }{
		{"", `{"amount_kg":10}`, `{"amount_kg":10,"price_usd_cents":20}`},
		{"/air-freight", `{"freight_mass_kg":10,"distance_km":100}`, `{"amount_kg":2,"price_usd_cents":4}`},
		{"/flight", `{"distance_km":100}`, `{"amount_kg":10,"price_usd_cents":20}`},
		{"/ground-freight", `{"freight_mass_kg":100,"distance_km":1000}`, `{"amount_kg":14,"price_usd_cents":28}`},
		{"/ground-transport", `{"distance_km":1000,"vehicle_type":"school_bus"}`, `{"amount_kg":745,"price_usd_cents":1490}`},
		{"/office-space", `{"square_footage":1000}`, `{"amount_kg":8600,"price_usd_cents":17200}`},
		{"/train", `{"distance_km":1000}`, `{"amount_kg":38,"price_usd_cents":76}`},
		{"/ride", `{"distance_km":30}`, `{"amount_kg":8,"price_usd_cents":16}`},
		{"/ground-transport", `{"distance_km":30,"vehicle_type":"passenger_car_van_or_suv"}`, `{"amount_kg":8,"price_usd_cents":16}`},
		// The kilograms are computed from exact decimals and rounded up.
		{"", `{"amount_kg":10.1,"source":"checkout","portfolio_id":"ixmZSK"}`, `{"amount_kg":11,"price_usd_cents":22}`},
		{"/train", `{"distance_km":1000.001,"source":"api"}`, `{"amount_kg":39,"price_usd_cents":78}`},
		{"/train", `{"distance_km":0}`, `{"amount_kg":0,"price_usd_cents":0}`},
		{"/office-space", `{"square_footage":1e-300,"source":null}`, `{"amount_kg":1,"price_usd_cents":2}`},
	} {
		r := post(t, s, "/quotes"+c.path, c.body)
		assert.Equal(t, 200, r.status, "%s %s", c.path, c.body)
		assert.Equal(t, c.want, string(r.body), "%s %s", c.path, c.body)
	}
}

func TestEveryVehicleHasAQuote(t *testing.T) {
	s := Run(t)
	last := 0.0
	for _, vehicle := range []string{"passenger_car_van_or_suv", "small_bus", "school_bus", "coach_bus"} {
		kg := post(t, s, "/quotes/ground-transport", `{"distance_km":1000,"vehicle_type":"`+vehicle+`"}`).object(t)["amount_kg"].(float64)
		assert.Greater(t, kg, last, vehicle)
		last = kg
	}
}

func TestInvalidQuotes(t *testing.T) {
	s := Run(t)
	for _, c := range []struct {
		path, body string
		members    []string
	}{
		{"", `{"amount_kg":-1}`, []string{"amount_kg"}},
		{"/air-freight", `{"freight_mass_kg":-10,"distance_km":-100}`, []string{"freight_mass_kg", "distance_km"}},
		{"/flight", `{"distance_km":-100}`, []string{"distance_km"}},
		{"/ground-freight", `{"freight_mass_kg":-1,"distance_km":1}`, []string{"freight_mass_kg"}},
		{"/ground-freight", `{"freight_mass_kg":9e15,"distance_km":9e15}`, []string{"freight_mass_kg"}},
		{"/ground-transport", `{"distance_km":-1,"vehicle_type":"school_bus"}`, []string{"distance_km"}},
		{"/ground-transport", `{"distance_km":1,"vehicle_type":"bike"}`, []string{"vehicle_type"}},
		{"/ground-transport", `{"distance_km":1}`, []string{"vehicle_type"}},
		{"/office-space", `{"square_footage":-1}`, []string{"square_footage"}},
		{"/office-space", `{"square_footage":9e15}`, []string{"square_footage"}},
		{"/train", `{"distance_km":-1}`, []string{"distance_km"}},
		{"/ride", `{"distance_km":-1}`, []string{"distance_km"}},
		{"/train", `{"distance_km":1,"source":"web","portfolio_id":"nope"}`, []string{"source", "portfolio_id"}},
		{"/train", `{"distance_km":"1"}`, []string{"distance_km"}},
		{"/train", `{}`, []string{"distance_km"}},
	} {
		post(t, s, "/quotes"+c.path, c.body).assertRefused(t, c.members...)
	}
}
