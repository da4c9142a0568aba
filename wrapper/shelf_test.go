package cnaught

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// shelf answers lists of orders and of subaccounts as the API does: the newest
// item comes first, and both cursors are exclusive. The item id-7 was created seven
// hours after newYear2026. As an order, it has metadata and a checkout session.
type shelf struct {
	ids        []string // newest first
	unreadable []string // items whose time cannot be read
	queries    []url.Values
	spoil      func(query url.Values, page []string) []string // nil for a good server
	fail       func(n int) step                               // nil for none; a nil step gives a good answer
}

var newYear2026 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return newYear2026.Add(time.Duration(n) * time.Hour) }

// stack returns a shelf with the items id-1 to id-n.
func stack(n int) *shelf {
	s := new(shelf)
	for i := n; i > 0; i-- {
		s.ids = append(s.ids, fmt.Sprint("id-", i))
	}
	return s
}

func (s *shelf) RoundTrip(req *http.Request) (*http.Response, error) {
	q := req.URL.Query()
	s.queries = append(s.queries, q)
	if s.fail != nil {
		if answer := s.fail(len(s.queries)); answer != nil {
			return answer(req)
		}
	}
	page := s.page(q)
	if s.spoil != nil {
		page = s.spoil(q, page)
	}
	items := make([]string, len(page))
	for i, id := range page {
		items[i] = s.item(id)
	}
	return reply(200, `{"data":[`+strings.Join(items, ",")+`]}`)(req)
}

func (s *shelf) item(id string) string {
	var n int
	fmt.Sscanf(id, "id-%d", &n)
	created := hour(n).Format(time.RFC3339)
	if slices.Contains(s.unreadable, id) {
		created = "yesterday"
	}
	return fmt.Sprintf(`{"id":%[1]q,"created_on":%[2]q,"metadata":"cart of %[1]s","checkout_session_id":"session of %[1]s"}`, id, created)
}

func (s *shelf) page(q url.Values) []string {
	limit := 20
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		limit = n
	}
	if after := q.Get("starting_after"); after != "" {
		older := s.ids[slices.Index(s.ids, after)+1:]
		return older[:min(limit, len(older))]
	}
	if before := q.Get("ending_before"); before != "" {
		newer := s.ids[:slices.Index(s.ids, before)]
		return newer[max(0, len(newer)-limit):] // those nearest to the cursor
	}
	return s.ids[:min(limit, len(s.ids))]
}

// collect ranges over no more than most items; -1 stands for all.
func collect[T any](seq iter.Seq2[T, error], id func(T) string, most int) (ids []string, err error) {
	for item, e := range seq {
		if e != nil {
			return ids, e
		}
		ids = append(ids, id(item))
		if len(ids) == most {
			break
		}
	}
	return ids, nil
}

func orderIDs(seq iter.Seq2[api.Order, error], most int) ([]string, error) {
	return collect(seq, func(o api.Order) string { return o.ID }, most)
}

func subaccountIDs(seq iter.Seq2[api.Subaccount, error], most int) ([]string, error) {
	return collect(seq, func(s api.Subaccount) string { return s.ID }, most)
}
