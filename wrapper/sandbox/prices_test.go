package sandbox

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPricesCanBeSet(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithPrice("oH5hlq", 1.1, 1.6))
	cents := func(path, body string) any { return post(t, s, path, body).object(t)["price_usd_cents"] }
	assert.Equal(t, 11.0, cents("/quotes", `{"amount_kg":10}`))
	assert.Equal(t, 16.0, cents("/quotes", `{"amount_kg":10,"source":"checkout"}`))
	assert.Equal(t, 20.0, cents("/quotes", `{"amount_kg":10,"portfolio_id":"ixmZSK"}`), "other portfolios must keep their prices")
	assert.Equal(t, 33.0, cents("/orders", `{"amount_kg":30}`), "the price must be computed exactly, without rounding 1.1 * 30 up to 34")
	assert.Equal(t, 160.0, cents("/checkout/sessions", sessionBody))
	shown := get(t, s, "/portfolios/oH5hlq").object(t)
	assert.Equal(t, 1.1, shown["api_price_per_kg_usd_cents"])
	assert.Equal(t, 1.6, shown["checkout_price_per_kg_usd_cents"])

	// The price changes between the quote and the order.
	session := post(t, s, "/checkout/sessions", sessionBody).id(t)
	s.SetPrice("oH5hlq", 3, 4)
	assert.Equal(t, 30.0, cents("/orders", `{"amount_kg":10}`))
	o := post(t, s, "/orders", `{"total_price_usd_cents":100}`).object(t)
	assert.Equal(t, 33.0, o["amount_kg"])
	assert.Equal(t, 99.0, o["price_usd_cents"])
	assert.Equal(t, 160.0, get(t, s, "/checkout/sessions/"+session).object(t)["price_usd_cents"], "an open session must keep its price")
}

// At such prices, a total pays for more kilograms than a float64 or even an int64 holds
// exactly.
func TestTotalsThatPayForTooMuchAreRefused(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	for price, total := range map[float64]string{0.5: "9007199254740992", 1e-18: "100", 1e-320: "100"} {
		s.SetPrice("oH5hlq", price, price)
		r := post(t, s, "/orders", `{"total_price_usd_cents":`+total+`}`)
		r.assertRefused(t, "total_price_usd_cents")
		assert.Contains(t, string(r.body), "is too large")
	}
	assert.Zero(t, s.OrderCount())
}

func TestPricesOverHTTP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path)
	r := control(t, s, "PUT", "/portfolios/oH5hlq/price", `{"api_price_per_kg_usd_cents":2.5,"checkout_price_per_kg_usd_cents":3}`)
	assert.Equal(t, 204, r.status, "%s", r.body)
	control(t, s, "PUT", "/portfolios/nope/price", `{"api_price_per_kg_usd_cents":1,"checkout_price_per_kg_usd_cents":1}`).
		assertProblem(t, 404, "not-found", "Could not find portfolio")
	for _, body := range []string{`{}`, `{"api_price_per_kg_usd_cents":1}`, `{"api_price_per_kg_usd_cents":-1,"checkout_price_per_kg_usd_cents":1}`, `{"price":1}`} {
		control(t, s, "PUT", "/portfolios/oH5hlq/price", body).assertRefused(t, "body")
	}
	require.NoError(t, s.Close())
	s = openState(t, path)
	require.NoError(t, s.Close())
	s = openState(t, path)
	assert.Equal(t, 2.5, get(t, s, "/portfolios/oH5hlq").object(t)["api_price_per_kg_usd_cents"], "the state file must keep the price")
}

func TestInvalidPrices(t *testing.T) {
	s := New(WithoutListener())
	defer s.Close()
	for _, price := range []float64{0, -1, math.NaN(), math.Inf(1), 2e6} {
		assert.Panics(t, func() { s.SetPrice("oH5hlq", price, 1) })
		assert.Panics(t, func() { s.SetPrice("oH5hlq", 1, price) })
		_, err := Open(WithPrice("oH5hlq", 1, price))
		assert.ErrorContains(t, err, "cnaught: sandbox: WithPrice: a price must be more than 0")
	}
	assert.Panics(t, func() { s.SetPrice("nope", 1, 1) })
	_, err := Open(WithPrice("nope", 1, 1))
	assert.ErrorIs(t, err, ErrNotFound)
}
