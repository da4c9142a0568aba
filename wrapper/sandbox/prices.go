package sandbox

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// errPrice means that a price is out of range.
var errPrice = errors.New("a price must be more than 0 and at most 1,000,000 US cents per kilogram")

const maxPrice = 1e6

// WithPrice sets the prices of a portfolio in US cents per kilogram, which may be
// fractions. The price api is for orders and their quotes, and the price checkout is
// for checkout sessions and their quotes. The default is 2 for both.
func WithPrice(portfolio string, api, checkout float64) Option {
	return func(s *settings) {
		s.prices = append(s.prices, books.Price{PortfolioID: portfolio, API: api, Checkout: checkout})
	}
}

// SetPrice changes the prices of a portfolio while the sandbox runs; see [WithPrice].
// A test can use it to change the price between a quote and the order. Existing orders
// and checkout sessions keep their prices. An unknown portfolio or an invalid price is
// a mistake in the test: SetPrice fails the test if the sandbox was started with
// [Run], and panics otherwise.
func (s *Server) SetPrice(portfolio string, api, checkout float64) {
	if err := s.setPrice(portfolio, api, checkout); err != nil {
		s.fail("SetPrice", err)
	}
}

func (s *Server) setPrice(portfolio string, api, checkout float64) error {
	if s.catalog.portfolios[portfolio] == nil {
		return fmt.Errorf("portfolio %q: %w", portfolio, ErrNotFound)
	}
	for _, price := range []float64{api, checkout} {
		if !(price > 0 && price <= maxPrice) { // NaN is refused, too.
			return errPrice
		}
	}
	return s.books.Update(func(tx *books.Tx) {
		tx.PutPrice(&books.Price{PortfolioID: portfolio, API: api, Checkout: checkout})
	})
}

// apiPrice returns the price of orders in US cents per kilogram.
func (p *portfolio) apiPrice(tx *books.Tx) *big.Rat {
	if changed := tx.Price(p.ID); changed != nil {
		return newDecimal(changed.API).exact
	}
	return p.defaultPrice
}

// checkoutPrice returns the price of checkout sessions in US cents per kilogram.
func (p *portfolio) checkoutPrice(tx *books.Tx) *big.Rat {
	if changed := tx.Price(p.ID); changed != nil {
		return newDecimal(changed.Checkout).exact
	}
	return p.defaultPrice
}
