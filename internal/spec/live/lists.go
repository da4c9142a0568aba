package live

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// checkLists checks rules for lists and reads that no schema expresses: the id of
// an object, the length and the order of a page, its subaccount and its cursor.
func (l log) checkLists(x *exchange, note noter) {
	if !x.ok() {
		return
	}
	if _, id, isRead := strings.Cut(x.operation.Path, "/{"); isRead && id == "id}" {
		object, _ := x.value.(map[string]any)
		if !strings.HasSuffix(x.path, "/"+url.PathEscape(text(object, "id"))) {
			note("id", "the requested id", "another id")
		}
		return
	}
	items := x.items()
	if limit := x.limit(); len(items) > limit {
		note("data", "at most "+strconv.Itoa(limit), "more")
	}
	for i := 1; i < len(items); i++ {
		before, err := time.Parse(time.RFC3339, text(items[i-1], "created_on"))
		after, err2 := time.Parse(time.RFC3339, text(items[i], "created_on"))
		if err == nil && err2 == nil && after.After(before) {
			note("data", "newest first", "an older item before a newer one")
			break
		}
	}
	if x.what == ofOwner {
		for _, o := range items {
			if text(o, "subaccount_id") != x.subaccount {
				note("data[].subaccount_id", "the subaccount in the header", "another subaccount, or none")
				break
			}
		}
	}
	l.checkCursor(x, items, note)
}

// limit returns how many items the page may have: the limit in the request, or the
// default in the description.
func (x *exchange) limit() int {
	_, query, _ := strings.Cut(x.path, "?")
	values, _ := url.ParseQuery(query)
	if limit, err := strconv.Atoi(values.Get("limit")); err == nil {
		return limit
	}
	parameter := x.operation.Parameters.GetByInAndName("query", "limit")
	if parameter == nil || parameter.Schema == nil {
		return math.MaxInt
	}
	if limit, err := strconv.Atoi(fmt.Sprint(parameter.Schema.Value.Default)); err == nil {
		return limit
	}
	return math.MaxInt
}

// checkCursor checks that a page requested with a cursor starts or ends at the
// neighbor of the cursor's item on the first page.
func (l log) checkCursor(x *exchange, items []map[string]any, note noter) {
	all := l.find(x.operation.Path, firstPage).items()
	if len(all) < 2 {
		return
	}
	var cursor, wanted, got map[string]any
	switch x.what {
	case nextPage:
		cursor, wanted = all[0], all[1]
		if len(items) > 0 {
			got = items[0]
		}
	case backPage:
		cursor, wanted = all[len(all)-1], all[len(all)-2]
		if len(items) > 0 {
			got = items[len(items)-1]
		}
	default:
		return
	}
	for _, item := range items {
		if text(item, "id") == text(cursor, "id") {
			note("data", "a page without the cursor's item", "a page with it")
			return
		}
	}
	switch {
	case got == nil:
		note("data", "the page next to the cursor", "an empty page")
	case text(got, "id") != text(wanted, "id"):
		note("data", "the page next to the cursor", "another page")
	}
}
