// Package pages iterates over lists that the API returns in pages, the newest value
// first.
package pages

import (
	"iter"
	"time"
)

// List is a list of values that the API returns in pages.
type List[T any] struct {
	// Fetch returns the page after one cursor or before another, or the first page
	// if both are empty.
	Fetch func(after, before string) ([]T, error)
	ID    func(*T) string
	// Repeated returns the error for a page that contains a value again.
	Repeated func(id string) error
	// Full is the minimum number of values in a page that is not the last one, and
	// Limit is the number that was requested.
	Full, Limit int
}

// Walk yields the values from new to old. If after is set, it begins with the value
// that follows it, and if before is set, it ends at that value. Answers do not say
// whether there are more pages, so Walk ends after a page that is empty or shorter than
// the pages of the server. Before it yields the values of a page, it checks that none
// is a previous cursor or was in the previous page, and otherwise ends with an error.
func (l List[T]) Walk(after, before string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fail := func(err error) { var zero T; yield(zero, err) }
		if before != "" && after == "" {
			more, err := l.newer(before, yield)
			if err != nil {
				fail(err)
			}
			if !more {
				return
			}
		}
		both := "" // with both cursors, which exclude each other, Fetch returns an error
		if after != "" {
			both = before
		}
		cursor, cursors, last, full := after, map[string]bool{}, map[string]bool{}, l.Full
		for {
			if cursor != "" {
				cursors[cursor] = true
			}
			page, err := l.Fetch(cursor, both)
			if err != nil {
				fail(err)
				return
			}
			ids := make(map[string]bool, len(page))
			for i := range page {
				id := l.ID(&page[i])
				if cursors[id] || last[id] {
					fail(l.Repeated(id))
					return
				}
				ids[id] = true
			}
			for i := range page {
				if before != "" && l.ID(&page[i]) == before || !yield(page[i], nil) {
					return
				}
			}
			if len(page) < full {
				return
			}
			full = max(full, min(l.Limit, len(page)))
			cursor, last = l.ID(&page[len(page)-1]), ids
		}
	}
}

// newer fetches the page with the values that are slightly newer than a cursor. This is
// nearly always everything, and newer yields it. If there may be even newer values,
// newer returns true, because Walk has to begin with those, at the top of the list.
// Then the page has only shown that the API knows the cursor.
func (l List[T]) newer(before string, yield func(T, error) bool) (more bool, err error) {
	page, err := l.Fetch("", before)
	if err != nil {
		return false, err
	}
	if len(page) >= l.Full {
		return true, nil
	}
	for i := range page {
		if l.ID(&page[i]) == before || !yield(page[i], nil) {
			return false, nil
		}
	}
	return false, nil
}

// Between yields the values of a list, newest first, that were created at from or later
// but before to. A zero time is not a limit. A value without a readable time is treated
// as if it had the time of the previous value.
func Between[T any](seq iter.Seq2[T, error], from, to time.Time, created func(*T) time.Time) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last time.Time // the last readable time
		for value, err := range seq {
			if on := created(&value); !on.IsZero() {
				last = on
			}
			switch {
			case err != nil:
				yield(value, err)
				return
			case !last.IsZero() && last.Before(from):
				return
			case !to.IsZero() && !last.Before(to): // still too new
			case !yield(value, nil):
				return
			}
		}
	}
}
