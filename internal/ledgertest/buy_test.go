package ledgertest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

func TestBuyBooksTheOrderOnce(t *testing.T) {
	w := newWorld(t, quick())
	for range 3 {
		p := w.buy("cart-7")
		assert.Equal(t, ledger.Bought, p.State)
		assert.Equal(t, "o1", p.OrderID)
		assert.Equal(t, "cart 7", *p.Order.Metadata)
		assert.Equal(t, kg(10), p.Request)
		assert.True(t, p.Told)
		assert.Empty(t, p.Err)
	}
	assert.Equal(t, w.get("cart-7"), w.buy("cart-7"))
	assert.Len(t, w.api.books(), 1)
	assert.Equal(t, 1, w.api.posts())
	require.Len(t, w.changes(), 1)
	assert.Equal(t, ledger.Bought, w.changes()[0].State)
}
