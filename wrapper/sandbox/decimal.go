package sandbox

import (
	"math/big"
	"strconv"
)

// maxExact is 2^53. A float64 holds every whole number up to it exactly.
const maxExact = 1 << 53

// decimal is a number from a request together with its exact decimal value. In
// float64 arithmetic, 0.038 * 1000 rounded up might be 39 instead of 38.
type decimal struct {
	value float64
	exact *big.Rat
}

func newDecimal(v float64) decimal {
	return decimal{v, mustRat(strconv.FormatFloat(v, 'g', -1, 64))}
}

// mustRat parses a number that strconv or this package has formatted.
func mustRat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return r
}

func (d decimal) times(factor *big.Rat) *big.Rat { return new(big.Rat).Mul(d.exact, factor) }

// ceil rounds up to a whole number. It reports false if the number is larger than
// maxExact.
func ceil(r *big.Rat) (n int64, ok bool) {
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64(), q.IsInt64() && q.Int64() <= maxExact
}

// floor rounds a number that is not negative down to a whole number. It reports
// false if the number is larger than maxExact.
func floor(r *big.Rat) (n int64, ok bool) {
	q := new(big.Int).Quo(r.Num(), r.Denom())
	return q.Int64(), q.IsInt64() && q.Int64() <= maxExact
}
