package cnaught

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIterators(t *testing.T) {
	for _, tt := range []struct {
		name     string
		n        int
		o        ListOptions
		from, to int // positions on the shelf; the newest item has 0
		requests int
	}{
		{"nothing", 0, ListOptions{}, 0, 0, 1},
		{"one short page", 5, ListOptions{}, 0, 5, 1},
		{"one full page, and an empty one", 100, ListOptions{}, 0, 100, 2},
		{"three pages", 250, ListOptions{}, 0, 250, 3},
		{"small pages", 7, ListOptions{Limit: 3}, 0, 7, 3},
		{"pages of one", 3, ListOptions{Limit: 1}, 0, 3, 4},
		{"after a cursor", 250, ListOptions{StartingAfter: "id-200"}, 51, 250, 2},
		{"after the last", 5, ListOptions{StartingAfter: "id-1"}, 0, 0, 1},
		{"before a cursor, one page", 250, ListOptions{EndingBefore: "id-240"}, 0, 10, 1},
		{"before a cursor, several pages", 250, ListOptions{EndingBefore: "id-50"}, 0, 200, 4},
		{"before a cursor, one exact page", 250, ListOptions{EndingBefore: "id-150"}, 0, 100, 3},
		{"before the newest", 5, ListOptions{EndingBefore: "id-5"}, 0, 0, 1},
		{"before the oldest, small pages", 7, ListOptions{EndingBefore: "id-1", Limit: 2}, 0, 6, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stack(tt.n)
			c := newClient(t, s)
			ids, err := orderIDs(c.Orders(t.Context(), tt.o), -1)
			require.NoError(t, err)
			want := s.ids[tt.from:tt.to]
			assert.Equal(t, append([]string(nil), want...), ids)
			assert.Len(t, s.queries, tt.requests)
			for _, q := range s.queries {
				assert.False(t, q.Has("starting_after") && q.Has("ending_before"), "the API takes one cursor")
				wantLimit := tt.o.Limit
				if wantLimit == 0 {
					wantLimit = 100
				}
				assert.Equal(t, fmt.Sprint(wantLimit), q.Get("limit"))
			}

			s = stack(tt.n)
			subs, err := subaccountIDs(newClient(t, s).Subaccounts(t.Context(), tt.o), -1)
			require.NoError(t, err)
			assert.Equal(t, ids, subs)
		})
	}
}

func TestIteratorsAreLazy(t *testing.T) {
	s := stack(250)
	seq := newClient(t, s).Orders(t.Context(), ListOptions{})
	assert.Empty(t, s.queries, "no request before the loop begins")
	n := 0
	for range seq {
		n++
		assert.Len(t, s.queries, (n+99)/100, "a page is fetched when the loop gets to it")
	}
	assert.Equal(t, 250, n)
}

func TestIteratorsStopEarly(t *testing.T) {
	for most, requests := range map[int]int{1: 1, 99: 1, 100: 1, 101: 2, 200: 2} {
		s := stack(250)
		ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{}), most)
		require.NoError(t, err)
		assert.Len(t, ids, most)
		assert.Len(t, s.queries, requests, "%d items", most)
	}
	s := stack(250)
	ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{EndingBefore: "id-240"}), 3)
	require.NoError(t, err)
	assert.Equal(t, []string{"id-250", "id-249", "id-248"}, ids)
}

func TestIteratorsStartAgain(t *testing.T) {
	s := stack(30)
	o := ListOptions{Limit: 10}
	seq := newClient(t, s).Orders(t.Context(), o)
	o.Limit, o.StartingAfter = 1, "id-3" // the iterator has a copy
	first, err := orderIDs(seq, 15)
	require.NoError(t, err)
	second, err := orderIDs(seq, -1)
	require.NoError(t, err)
	assert.Equal(t, s.ids[:15], first)
	assert.Equal(t, s.ids, second)
}

// A server may return fewer items than it is asked for, and its list goes on all
// the same.
func TestIteratorsSurviveShortPages(t *testing.T) {
	for most, requests := range map[int]int{99: 3, 50: 6, 20: 13, 19: 1} {
		for _, o := range []ListOptions{{}, {EndingBefore: "id-1"}} {
			s := stack(250)
			s.spoil = func(q url.Values, page []string) []string {
				if q.Has("ending_before") {
					return page[max(0, len(page)-most):]
				}
				return page[:min(len(page), most)]
			}
			ids, err := orderIDs(newClient(t, s).Orders(t.Context(), o), -1)
			require.NoError(t, err)
			if most < leastPage { // the API's own pages are larger, so this is the end of the list
				assert.Len(t, ids, most)
				continue
			}
			want := s.ids
			if o.EndingBefore != "" {
				want, requests = s.ids[:249], requests+1
			}
			assert.Equal(t, want, ids, "%d at a time", most)
			assert.LessOrEqual(t, len(s.queries), requests, "%d at a time", most)
		}
	}
}

func TestIteratorsTakeAPageThatIsTooLong(t *testing.T) {
	s := stack(250)
	s.spoil = func(q url.Values, _ []string) []string {
		q.Set("limit", "120")
		return s.page(q)
	}
	ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{Limit: 100}), -1)
	require.NoError(t, err)
	assert.Equal(t, s.ids, ids)
}

func TestServersThatIgnoreTheCursor(t *testing.T) {
	arrivals := atomic.Int64{}
	for _, tt := range []struct {
		name  string
		spoil func(s *shelf) func(url.Values, []string) []string
	}{
		{"the same page again and again", func(s *shelf) func(url.Values, []string) []string {
			return func(url.Values, []string) []string { return s.ids[:10] }
		}},
		{"the same page, while orders arrive", func(s *shelf) func(url.Values, []string) []string {
			return func(url.Values, []string) []string {
				s.ids = append([]string{fmt.Sprint("new-", arrivals.Add(1))}, s.ids...)
				return s.ids[:10]
			}
		}},
		{"the whole list, whatever the cursor", func(s *shelf) func(url.Values, []string) []string {
			return func(url.Values, []string) []string { return s.ids }
		}},
		{"the cursor included", func(s *shelf) func(url.Values, []string) []string {
			return func(q url.Values, page []string) []string {
				if after := q.Get("starting_after"); after != "" {
					return append([]string{after}, page...)[:10]
				}
				return page
			}
		}},
		{"two pages in turn", func(s *shelf) func(url.Values, []string) []string {
			return func(url.Values, []string) []string {
				if len(s.queries)%2 == 1 {
					return s.ids[:10]
				}
				return s.ids[10:20]
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stack(250)
			s.spoil = tt.spoil(s)
			ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{Limit: 10}), 1000)
			assert.ErrorIs(t, err, ErrCursorIgnored)
			assert.ErrorContains(t, err, "cnaught: Orders: ")
			assert.LessOrEqual(t, len(s.queries), 3)
			assert.NotEmpty(t, ids)
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(ids))), len(ids), "nothing is seen twice")
		})
	}
}

func TestServerThatIgnoresTheFirstCursor(t *testing.T) {
	s := stack(15)
	s.spoil = func(url.Values, []string) []string { return s.ids[:10] }
	_, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{Limit: 10, StartingAfter: "id-8"}), 1000)
	assert.ErrorIs(t, err, ErrCursorIgnored)

	s = stack(5)
	s.spoil = func(url.Values, []string) []string { return s.ids }
	ids, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{EndingBefore: "id-3"}), 1000)
	require.NoError(t, err)
	assert.Equal(t, []string{"id-5", "id-4"}, ids, "the items that were asked for come all the same")
}

func TestIteratorEndsWithAnError(t *testing.T) {
	s := stack(250)
	s.fail = func(n int) step {
		if n == 2 {
			return reply(403, `{"title":"No"}`)
		}
		return nil
	}
	var ids []string
	var errs []error
	for order, err := range newClient(t, s).Orders(t.Context(), ListOptions{}) {
		if err != nil {
			errs = append(errs, err)
			assert.Empty(t, order.ID)
			continue // this loop does not break
		}
		ids = append(ids, order.ID)
	}
	assert.Len(t, ids, 100)
	require.Len(t, errs, 1)
	assert.ErrorIs(t, errs[0], ErrForbidden)
	assert.Len(t, s.queries, 2)
}

func TestIteratorErrorOfAnUnknownCursor(t *testing.T) {
	s := stack(5)
	s.fail = func(int) step { return reply(400, `{"type":"https://api.cnaught.com/v1/errors/invalid-pagination"}`) }
	_, err := orderIDs(newClient(t, s).Orders(t.Context(), ListOptions{EndingBefore: "gone"}), -1)
	assert.ErrorIs(t, err, ErrInvalidPagination)
	assert.Len(t, s.queries, 1)
}

func TestIteratorsRetryAPage(t *testing.T) {
	s := stack(150)
	s.fail = func(n int) step {
		if n == 2 {
			return reply(503, ``)
		}
		return nil
	}
	ids, err := orderIDs(newClient(t, s, quick(2)).Orders(t.Context(), ListOptions{}), -1)
	require.NoError(t, err)
	assert.Equal(t, s.ids, ids)
	assert.Len(t, s.queries, 3)
}

func TestIteratorsEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := stack(250)
	n := 0
	var last error
	for _, err := range newClient(t, s).Orders(ctx, ListOptions{}) {
		if n++; n == 100 {
			cancel()
		}
		last = err
	}
	assert.ErrorIs(t, last, context.Canceled)
	assert.Equal(t, 101, n, "the items of a page, and the error")
	assert.Len(t, s.queries, 1)
}

func TestIteratorsTakeCallOptions(t *testing.T) {
	rt := play(reply(200, `{"data":[]}`))
	var r Response
	for _, err := range newClient(t, rt).Orders(t.Context(), ListOptions{}, ForSubaccount("sub"), WithResponse(&r)) {
		require.NoError(t, err)
	}
	assert.Equal(t, "sub", rt.requests()[0].header.Get(headerSubaccount))
	assert.Equal(t, 200, r.StatusCode)
}
