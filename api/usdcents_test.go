package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"go/ast"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestUSDCentsReadsEveryFormOfANumber(t *testing.T) {
	for text, want := range map[string]api.USDCents{
		"0": 0, "-0": 0, "20": 20, "-20": -20,
		"20.0": 20, "20.000000": 20, "2e1": 20, "2E+1": 20, "0.2e2": 20, "200e-1": 20, "2350.0": 2350,
		"0e999999999": 0, "20e0": 20, "1.5e3": 1500,
		// Fractions are rounded up.
		"20.4": 21, "20.5": 21, "0.1": 1, "1e-320": 1, "1e-999999": 1, "-20.4": -20, "-0.5": 0,
		"409.99999999999994": 410, "20.00000000000000000000000000000000000000000000000001": 21,
		"9007199254740990.5": 9007199254740991, "9007199254740991.5": 9007199254740992,
		// A float32 would lose a cent here.
		"16777217": 16777217, "16777217.0": 16777217, "1.6777217e7": 16777217,
		// These are the largest amounts.
		"9007199254740992": 1 << 53, "9007199254740992.0": 1 << 53, "9.007199254740992e15": 1 << 53,
		"-9007199254740992":                    -1 << 53,
		"0." + strings.Repeat("0", 5000) + "1": 1,
	} {
		var quote api.Quote
		require.NoError(t, json.Unmarshal([]byte(`{"price_usd_cents":`+text+`}`), &quote), "%.60s", text)
		assert.Equal(t, want, quote.PriceUSDCents, "%.60s", text)
	}
}

func TestUSDCentsRefusesInvalidAmounts(t *testing.T) {
	for _, text := range []string{
		`"20"`, `""`, `"$0.20"`, `true`, `[20]`, `{}`,
		"9007199254740993", "9007199254740993.0", "9007199254740992.5", "-9007199254740993",
		"9223372036854775807", "9223372036854775807.5", "9223372036854775808", "1e16", "1e300", "1e999999999", "-1e300",
		strings.Repeat("9", 5000),
	} {
		var quote api.Quote
		err := json.Unmarshal([]byte(`{"price_usd_cents":`+text+`}`), &quote)
		var refused *json.UnmarshalTypeError
		require.ErrorAs(t, err, &refused, "%.60s", text)
		assert.Equal(t, "price_usd_cents", refused.Field)
		assert.Equal(t, "api.USDCents", refused.Type.String())
		assert.Less(t, len(err.Error()), 180, "the message must be short")
		assert.Zero(t, quote.PriceUSDCents, "%.60s", text)
	}
	// These are not JSON numbers, so encoding/json would never pass them on.
	for _, text := range []string{"", " ", "NaN", "Inf", "-Inf", "0x14", "1_000", "20 "} {
		var cents api.USDCents
		require.Error(t, cents.UnmarshalJSON([]byte(text)), text)
		assert.Zero(t, cents)
	}
}

func TestUSDCentsNull(t *testing.T) {
	answer := struct {
		Total    api.USDCents  `json:"total"`
		Nullable *api.USDCents `json:"nullable"`
	}{Nullable: new(api.USDCents)}
	require.NoError(t, json.Unmarshal([]byte(`{"total":null,"nullable":null}`), &answer))
	assert.Zero(t, answer.Total)
	assert.Nil(t, answer.Nullable)

	require.NoError(t, json.Unmarshal([]byte(`{"nullable":2e1}`), &answer))
	assert.Equal(t, api.USDCents(20), *answer.Nullable)
}

func TestUSDCentsWritesAnInteger(t *testing.T) {
	for cents, want := range map[api.USDCents]string{
		1: "1", 410: "410", 2_345_678: "2345678", 1 << 53: "9007199254740992", -5: "-5",
	} {
		body, err := json.Marshal(api.OrderCreate{TotalPriceUSDCents: cents})
		require.NoError(t, err)
		assert.Equal(t, `{"total_price_usd_cents":`+want+`}`, string(body))
	}
	body, err := json.Marshal(api.OrderCreate{AmountKg: 10})
	require.NoError(t, err)
	assert.Equal(t, `{"amount_kg":10}`, string(body))
}

func TestUSDCentsPrintsDollars(t *testing.T) {
	for cents, want := range map[api.USDCents]string{
		0: "$0.00", 5: "$0.05", 20: "$0.20", 99: "$0.99", 100: "$1.00", 99_999: "$999.99", 100_000: "$1,000.00",
		2_345_678: "$23,456.78", 123_456_789: "$1,234,567.89", -5: "-$0.05", -150: "-$1.50", -100_000: "-$1,000.00",
		math.MaxInt64: "$92,233,720,368,547,758.07", math.MinInt64: "-$92,233,720,368,547,758.08",
	} {
		assert.Equal(t, want, cents.String())
		assert.Equal(t, want, fmt.Sprint(cents))
		assert.Equal(t, want, fmt.Sprintf("%v", cents))
	}
	assert.Equal(t, "2345678", fmt.Sprintf("%d", api.USDCents(2_345_678)))

	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("bought", "price", api.USDCents(20))
	assert.Contains(t, log.String(), "price=$0.20")
}

func TestUSDCentsAsAPlainDecimal(t *testing.T) {
	for cents, want := range map[api.USDCents]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 20: "0.20", 100: "1.00", -100: "-1.00", -150: "-1.50",
		136_000: "1360.00", 123_456_789: "1234567.89", -123_456_789: "-1234567.89",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		assert.Equal(t, want, cents.Decimal())
	}
}

// In the notation that the API uses, decoding a price must not need more allocations
// than decoding an int64.
func TestUSDCentsAllocateNothing(t *testing.T) {
	text := []byte(`{"total":2350}`)
	var money struct{ Total api.USDCents }
	var number struct{ Total int64 }
	read := func(into any) float64 {
		return testing.AllocsPerRun(100, func() {
			if err := json.Unmarshal(text, into); err != nil {
				t.Fatal(err)
			}
		})
	}
	assert.LessOrEqual(t, read(&money), read(&number))
}

// All members in US cents are totals, except prices per kilogram.
func TestTotalsAreUSDCents(t *testing.T) {
	found := map[string]int{}
	ast.Inspect(generated(t), func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || len(field.Names) != 1 || !strings.HasSuffix(field.Names[0].Name, "USDCents") {
			return true
		}
		goType := field.Type
		if pointer, ok := goType.(*ast.StarExpr); ok {
			goType = pointer.X
		}
		want := "USDCents"
		if strings.Contains(field.Names[0].Name, "PerKg") {
			want = "float64"
		}
		assert.Equal(t, want, goType.(*ast.Ident).Name, field.Names[0].Name)
		found[want]++
		return true
	})
	assert.GreaterOrEqual(t, found["USDCents"], 4)
	assert.GreaterOrEqual(t, found["float64"], 2)
}

func ExampleUSDCents() {
	var order api.Order
	if err := json.Unmarshal([]byte(`{"price_usd_cents": 2345678.0}`), &order); err != nil {
		panic(err)
	}
	fmt.Println(order.PriceUSDCents)
	fmt.Printf("%d cents\n", order.PriceUSDCents)

	const limit api.USDCents = 5_00
	fmt.Println(order.PriceUSDCents > limit)
	// Output:
	// $23,456.78
	// 2345678 cents
	// true
}

func ExampleUSDCents_Decimal() {
	sheet := csv.NewWriter(os.Stdout)
	for _, price := range []api.USDCents{136_000, -5} {
		if err := sheet.Write([]string{price.Decimal(), price.String()}); err != nil {
			panic(err)
		}
	}
	sheet.Flush()
	// Output:
	// 1360.00,"$1,360.00"
	// -0.05,-$0.05
}
