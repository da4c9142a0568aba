package api

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

// USDCents is an amount of money in whole US cents: the total price of an
// order, a quote or a checkout session. It counts, compares and converts as the
// int64 that it is, and prints as dollars.
//
// Prices per kilogram have fractions of a cent, so they are float64.
type USDCents int64

// maxUSDCents is the largest amount that every JSON implementation holds to the
// cent, 2^53.
const maxUSDCents = 1 << 53

// String returns c in dollars, as people in the United States write them:
// $0.20, $1,234.56, -$5.00. The verb %d prints the number of cents.
// For CSV and spreadsheets, see [USDCents.Decimal].
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

// UnmarshalJSON reads a JSON number in any notation: 20, 20.0 and 2e1 are the
// same price, so that an order that was paid for stays readable. A fraction of a
// cent is rounded up, as the API does with totals. A null changes nothing.
// Strings and amounts beyond 2^53 cents give a [json.UnmarshalTypeError].
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

// roundUp returns the smallest whole number that is not below a decimal one.
// What does not fit an int64 comes back as the int64 that is nearest to it.
func roundUp(decimal string) (int64, error) {
	// The mode rounds digits beyond the precision up, too.
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
