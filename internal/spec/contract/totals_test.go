package contract

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// New totals are whole cents, like the existing ones. Prices per kilogram and members
// that are not numbers are not.
func TestNewTotalsAreUSDCents(t *testing.T) {
	const quote = "\n    Quote:\n      type: object\n      description: The mass of emissions and what carbon credits for it cost\n      properties:\n"
	text := string(readFile(t, root+"/openapi.yaml"))
	require.Equal(t, 1, strings.Count(text, quote))
	input := filepath.Join(t.TempDir(), "openapi.yaml")
	require.NoError(t, os.WriteFile(input, []byte(strings.Replace(text, quote, quote+`
        a_usd_cents: {type: number}
        b_usd_cents: {type: integer}
        c_usd_cents: {type: [number, 'null']}
        d_usd_cents: {type: ['null', integer]}
        e_per_kg_usd_cents: {type: number}
        f_usd_cents: {type: string}
`, 1)), 0o600))

	code := generate(t, "config.yaml", input, func(map[string]any) {})
	declared := map[string]string{}
	for _, line := range regexp.MustCompile("(?m)^\t\\w+ +(\\S+) +`json:\"(\\w+)").FindAllStringSubmatch(code, -1) {
		declared[line[2]] = line[1]
	}
	for member, want := range map[string]string{
		"a_usd_cents": "*USDCents", "b_usd_cents": "*USDCents", "c_usd_cents": "*USDCents", "d_usd_cents": "*USDCents",
		"e_per_kg_usd_cents": "*float64", "f_usd_cents": "*string",
		"price_usd_cents": "USDCents",
	} {
		assert.Equal(t, want, declared[member], member)
	}
}
