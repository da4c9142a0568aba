package cnaught

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestListsWithoutData(t *testing.T) {
	for _, body := range []string{`{"data":null}`, `{"data":[]}`} {
		list, err := newClient(t, play(reply(200, body))).ListOrders(t.Context(), ListOptions{})
		require.NoError(t, err, body)
		assert.Empty(t, list.Data)
	}
}

// An answer that is no list must not end an iteration as if there were no more.
func TestAnswersThatAreNoLists(t *testing.T) {
	ctx := t.Context()
	for _, body := range []string{`{}`, `{"Items":[]}`} {
		c := newClient(t, play(reply(200, body)))
		for name, err := range map[string]error{
			"orders":      errorOf(c.ListOrders(ctx, ListOptions{})),
			"subaccounts": errorOf(c.ListSubaccounts(ctx, ListOptions{})),
			"portfolios":  errorOf(c.ListPortfolios(ctx)),
		} {
			var unreadable *DecodeError
			require.ErrorAs(t, err, &unreadable, name)
			assert.ErrorContains(t, err, "the body has no data")
		}
		for _, err := range c.Orders(ctx, ListOptions{}) {
			assert.Error(t, err)
		}
	}
}

func TestQuoteOfNothing(t *testing.T) {
	_, err := newClient(t, play(reply(200, `{"price_usd_cents":20}`))).QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: 10})
	var unreadable *DecodeError
	require.ErrorAs(t, err, &unreadable)
	assert.ErrorContains(t, err, "the body has no amount_kg")
}
