// Package pages walks a list that comes in pages, newest first.
package pages

import (
	"iter"
	"time"
)

// List is a list of values that come in pages.
type List[T any] struct {
	// Fetch returns the page behind one cursor, or before another; with both empty,
	// the first page.
	Fetch func(after, before string) ([]T, error)
	ID    func(*T) string
	// Repeated is the error of a page that has something that came before.
	Repeated func(id string) error
	// Full is how many values a page has at least if there is more; Limit is how
	// many were asked for.
	Full, Limit int
}

// Walk goes from new to old. With after it begins behind that value, with before it
// ends before it. Answers do not say whether there is more, so it ends on a page
// that is shorter than the server's pages are, or empty. Before it yields anything of
// a page, it checks that nothing in it is a cursor or was in the page before; if so, it
// ends with an error.
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
		both := "" // only for Fetch to refuse: the two cursors exclude each other
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

// newer asks for the page right after a cursor, in time. Nearly always that is all
// there is, and it is yielded. A page that may be full need not be: it is nearest to
// the cursor, so newest first has to begin at the top of the list instead, and the
// page has only shown that the API knows the cursor.
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

// Between narrows a list, newest first, to what was created from one time on and
// before another; a zero time is no bound. A value without a readable time counts as
// created with the one before it.
func Between[T any](seq iter.Seq2[T, error], from, to time.Time, created func(*T) time.Time) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last time.Time // the last readable one
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
			case !to.IsZero() && !last.Before(to): // too new yet
			case !yield(value, nil):
				return
			}
		}
	}
}
