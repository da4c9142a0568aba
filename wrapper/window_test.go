package cnaught

import (
	"errors"
	"iter"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	for name, test := range map[string]struct {
		options     ListOptions
		unreadable  []string
		first, last string // empty: nothing
		pages       int
	}{
		"no bound":                 {ListOptions{}, nil, "id-250", "id-1", 3},
		"from":                     {ListOptions{From: hour(240)}, nil, "id-250", "id-240", 1},
		"from, on the second page": {ListOptions{From: hour(101)}, nil, "id-250", "id-101", 2},
		"to":                       {ListOptions{To: hour(10)}, nil, "id-9", "id-1", 3},
		"both":                     {ListOptions{From: hour(160), To: hour(170)}, nil, "id-169", "id-160", 1},
		"between two":              {ListOptions{From: hour(160).Add(time.Minute), To: hour(161)}, nil, "", "", 1},
		"empty":                    {ListOptions{From: hour(160), To: hour(160)}, nil, "", "", 1},
		"one":                      {ListOptions{From: hour(160), To: hour(160).Add(1)}, nil, "id-160", "id-160", 1},
		"before all":               {ListOptions{To: hour(0)}, nil, "", "", 3},
		"after all":                {ListOptions{From: hour(251)}, nil, "", "", 1},
		"another zone":             {ListOptions{From: hour(240).In(time.FixedZone("", 3600))}, nil, "id-250", "id-240", 1},
		"with a cursor":            {ListOptions{StartingAfter: "id-200", From: hour(190)}, nil, "id-199", "id-190", 1},
		"up to a cursor":           {ListOptions{EndingBefore: "id-245", To: hour(250)}, nil, "id-249", "id-246", 1},
		"small pages":              {ListOptions{Limit: 10, From: hour(235)}, nil, "id-250", "id-235", 2},
		"unreadable inside":        {ListOptions{From: hour(240), To: hour(245)}, []string{"id-242"}, "id-244", "id-240", 1},
		"unreadable at the edges":  {ListOptions{From: hour(240), To: hour(245)}, []string{"id-245", "id-239", "id-240"}, "id-244", "id-239", 1},
		"unreadable at the top":    {ListOptions{From: hour(249)}, []string{"id-250"}, "id-250", "id-249", 1},
		"nothing readable":         {ListOptions{From: hour(249)}, stack(250).ids, "id-250", "id-1", 3},
	} {
		t.Run(name, func(t *testing.T) {
			for method, list := range map[string]func(c *Client) (ids []string, err error){
				"Orders": func(c *Client) ([]string, error) {
					return orderIDs(c.Orders(t.Context(), test.options), -1)
				},
				"Subaccounts": func(c *Client) ([]string, error) {
					return subaccountIDs(c.Subaccounts(t.Context(), test.options), -1)
				},
			} {
				s := stack(250)
				s.unreadable = test.unreadable
				ids, err := list(newClient(t, s))
				require.NoError(t, err, method)
				var want []string
				if test.first != "" {
					want = s.ids[slices.Index(s.ids, test.first) : slices.Index(s.ids, test.last)+1]
				}
				assert.Equal(t, want, ids, method)
				assert.Len(t, s.queries, test.pages, method)
				for _, q := range s.queries {
					assert.Subset(t, []string{"limit", "starting_after", "ending_before"}, keys(q), method)
				}
			}
		})
	}
}

// keys returns the names of the parameters of a query.
func keys(q url.Values) (names []string) {
	for name := range q {
		names = append(names, name)
	}
	return names
}

func TestWindowRefusesBadInput(t *testing.T) {
	backwards := ListOptions{From: newYear2026, To: newYear2026.Add(-1)}
	for name, call := range map[string]func(c *Client) error{
		"Orders, backwards":      func(c *Client) error { return errorOf(Collect(c.Orders(t.Context(), backwards), 0)) },
		"Subaccounts, backwards": func(c *Client) error { return errorOf(Collect(c.Subaccounts(t.Context(), backwards), 0)) },
		"one page, From":         func(c *Client) error { return errorOf(c.ListOrders(t.Context(), ListOptions{From: newYear2026})) },
		"one page, To":           func(c *Client) error { return errorOf(c.ListOrders(t.Context(), ListOptions{To: newYear2026})) },
		"one page of subaccounts": func(c *Client) error {
			return errorOf(c.ListSubaccounts(t.Context(), ListOptions{To: newYear2026}))
		},
	} {
		refused(t, name, call)
	}
}

// An error ends the iteration.
func TestWindowEndsWithAnError(t *testing.T) {
	s := stack(250)
	s.fail = func(n int) step {
		if n == 2 {
			return reply(404, notFoundJSON)
		}
		return nil
	}
	orders, err := Collect(newClient(t, s).Orders(t.Context(), ListOptions{From: newYear2026}), 0)
	require.ErrorIs(t, err, ErrNotFound)
	assert.Len(t, orders, 100)
}

func TestCollect(t *testing.T) {
	boom := errors.New("boom")
	numbers := func(n int, err error) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			if err != nil {
				yield(0, err)
			}
		}
	}
	for name, test := range map[string]struct {
		seq   iter.Seq2[int, error]
		limit int
		want  []int
		err   error
	}{
		"all":                   {numbers(3, nil), 0, []int{0, 1, 2}, nil},
		"negative means all":    {numbers(3, nil), -1, []int{0, 1, 2}, nil},
		"fewer":                 {numbers(3, nil), 2, []int{0, 1}, nil},
		"as many":               {numbers(3, nil), 3, []int{0, 1, 2}, nil},
		"more":                  {numbers(3, nil), 4, []int{0, 1, 2}, nil},
		"none":                  {numbers(0, nil), 4, nil, nil},
		"an error":              {numbers(2, boom), 0, []int{0, 1}, boom},
		"an error, not reached": {numbers(2, boom), 2, []int{0, 1}, nil},
		"nothing but the error": {numbers(0, boom), 1, nil, boom},
	} {
		got, err := Collect(test.seq, test.limit)
		assert.Equal(t, test.want, got, name)
		assert.Equal(t, test.err, err, name)
	}
}

// Collect asks for no page that it does not need.
func TestCollectStopsFetching(t *testing.T) {
	s := stack(250)
	orders, err := Collect(newClient(t, s).Orders(t.Context(), ListOptions{Limit: 10}), 10)
	require.NoError(t, err)
	assert.Len(t, orders, 10)
	assert.Len(t, s.queries, 1)
}
