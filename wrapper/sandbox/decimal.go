package sandbox

import (
	"math/big"
	"strconv"
)

// maxExact is the largest number that a JSON number surely holds to the last
// cent (2^53).
const maxExact = 1 << 53

// decimal is a number of a request with its exact decimal value, since
// 0.038 * 1000, rounded up, must be 38 and not 39.
type decimal struct {
	value float64
	exact *big.Rat
}

func newDecimal(v float64) decimal {
	return decimal{v, mustRat(strconv.FormatFloat(v, 'g', -1, 64))}
}

// mustRat reads what strconv or this package wrote.
func mustRat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return r
}

func (d decimal) times(factor *big.Rat) *big.Rat { return new(big.Rat).Mul(d.exact, factor) }

// ceil rounds up to a whole number; ok is false if it is too large.
func ceil(r *big.Rat) (n int64, ok bool) {
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64(), q.IsInt64() && q.Int64() <= maxExact
}

// floor is for numbers that are not negative.
func floor(r *big.Rat) (n int64, ok bool) {
	q := new(big.Int).Quo(r.Num(), r.Denom())
	return q.Int64(), q.IsInt64() && q.Int64() <= maxExact
}
