package sandbox

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPages(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	fill(t, s, 250)
	var ids []string // The newest order comes first.
	for _, o := range s.Orders() {
		ids = append(ids, o.ID)
	}
	for query, want := range map[string][]string{
		"":                                   ids[:20],
		"?limit=1":                           ids[:1],
		"?limit=100":                         ids[:100],
		"?limit=3&starting_after=" + ids[9]:  ids[10:13],
		"?starting_after=" + ids[240]:        ids[241:],
		"?starting_after=" + ids[249]:        {},
		"?limit=3&ending_before=" + ids[9]:   ids[6:9], // The page has the orders directly before the cursor.
		"?limit=100&ending_before=" + ids[9]: ids[:9],
		"?ending_before=" + ids[0]:           {},
		"?limit=2&unknown=1&ending_before=" + ids[249]: ids[247:249],
	} {
		assert.Equal(t, want, get(t, s, "/orders"+query).data(t), query)
	}
}

func TestPagingReturnsEachItemOnce(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	fill(t, s, 105)
	var forward []string
	query := "?limit=10"
	for {
		page := get(t, s, "/orders"+query).data(t)
		if len(page) == 0 {
			break
		}
		forward = append(forward, page...)
		place(t, s, `{"amount_kg":1}`) // New orders must not shift the pages.
		query = "?limit=10&starting_after=" + page[len(page)-1]
	}
	assert.Len(t, forward, 105)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(forward))), 105)
}

func TestInvalidPages(t *testing.T) {
	s := Run(t)
	sub := newSubaccount(t, s, `{"name":"a"}`)
	id := place(t, s, `{"amount_kg":1}`)
	for _, list := range []string{"/orders", "/subaccounts"} {
		for _, limit := range []string{"0", "-1", "101", "x", "1.5", "99999999999999999999"} {
			get(t, s, list+"?limit="+limit).assertRefused(t, "limit")
		}
		for _, query := range []string{"?starting_after=nope", "?ending_before=nope", "?starting_after=" + id + "&ending_before=" + id, "?starting_after="} {
			o := get(t, s, list+query).assertProblem(t, 400, "invalid-pagination", "Invalid pagination")
			assert.IsType(t, "", o["detail"], "the vendor's SDK reads detail")
		}
	}
	get(t, s, "/orders?starting_after="+id, "X-Subaccount-Id", sub).
		assertProblem(t, 400, "invalid-pagination", "Invalid pagination")
}

func TestPagesSkipRemovedItems(t *testing.T) {
	s := Run(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, newSubaccount(t, s, fmt.Sprintf(`{"name":"s%d"}`, i)))
	}
	require.Equal(t, 204, call(t, s, "DELETE", "/subaccounts/"+ids[2], "").status)
	assert.Equal(t, []string{ids[4], ids[3], ids[1], ids[0]}, get(t, s, "/subaccounts").data(t))
	assert.Equal(t, []string{ids[1]}, get(t, s, "/subaccounts?limit=1&starting_after="+ids[3]).data(t))
	assert.Equal(t, []string{ids[3]}, get(t, s, "/subaccounts?limit=1&ending_before="+ids[1]).data(t))
	get(t, s, "/subaccounts?starting_after="+ids[2]).assertProblem(t, 400, "invalid-pagination", "Invalid pagination")
	assert.Len(t, s.Subaccounts(), 4)
}
