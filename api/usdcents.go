package api

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

// USDCents is an amount of money in whole US cents, such as the total price of an
// order, a quote or a checkout session. Arithmetic, comparisons and conversions are
// those of int64. It is printed in dollars.
//
// Prices per kilogram may have fractions of a cent, so they are float64.
type USDCents int64

// maxUSDCents is 2^53, the largest amount up to which every JSON implementation can
// represent all whole numbers exactly.
const maxUSDCents = 1 << 53

// String formats c in dollars, for example as $0.20, $1,234.56 or -$5.00. With the
// verb %d, package fmt prints the number of cents. For CSV and spreadsheets, see
// [USDCents.Decimal].
func (c USDCents) String() string {
	sign, dollars, cents := c.split()
	for i := len(dollars) - 3; i > 0; i -= 3 {
		dollars = dollars[:i] + "," + dollars[i:]
	}
	return sign + "$" + dollars + cents
}

// Decimal returns c in dollars as a plain number, which spreadsheets and other
// programs read: 0.20, 1234.56, -5.00.
func (c USDCents) Decimal() string {
	sign, dollars, cents := c.split()
	return sign + dollars + cents
}

// split returns the parts of an amount in dollars, such as "-", "1234" and ".56".
func (c USDCents) split() (sign, dollars, cents string) {
	abs := uint64(c)
	if c < 0 {
		sign, abs = "-", -abs
	}
	return sign, strconv.FormatUint(abs/100, 10), fmt.Sprintf(".%02d", abs%100)
}

// UnmarshalJSON decodes a JSON number in any notation, so that an order that was paid
// for can be read whether its price is written as 20, 20.0 or 2e1. It rounds a
// fraction of a cent up, as the API does with totals. Null leaves c unchanged. Strings
// and amounts beyond 2^53 cents give a [json.UnmarshalTypeError].
func (c *USDCents) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	cents, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		cents, err = roundUp(string(text))
	}
	if err != nil || cents < -maxUSDCents || cents > maxUSDCents {
		return &json.UnmarshalTypeError{Value: fmt.Sprintf("%.60s", text), Type: reflect.TypeFor[USDCents]()}
	}
	*c = USDCents(cents)
	return nil
}

// roundUp rounds a decimal number up to a whole number. If that does not fit an int64,
// it returns the nearest int64.
func roundUp(decimal string) (int64, error) {
	// With this mode, digits beyond the precision are rounded up, too.
	exact, _, err := big.ParseFloat(decimal, 10, 128, big.ToPositiveInf)
	if err != nil {
		return 0, err
	}
	whole, side := exact.Int64()
	if side == big.Below && whole <= maxUSDCents {
		whole++
	}
	return whole, nil
}
