package sandbox

import (
	"fmt"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// The limit of a list, in items.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// cursor holds the query parameters that select a page of a list.
type cursor struct {
	limit                       *int
	startingAfter, endingBefore *string
}

// page returns one page of the sequence, newest first, or the answer that refuses the
// request. Its cost does not depend on the length of the sequence.
func page[T any](q *books.Sequence[T], c cursor) ([]*T, *answer) {
	limit := defaultLimit
	if c.limit != nil {
		if limit = *c.limit; limit < 1 || limit > maxLimit {
			return nil, invalidParameters(map[string][]string{"limit": {fmt.Sprintf("must be from 1 to %d", maxLimit)}})
		}
	}
	switch after, before := c.startingAfter, c.endingBefore; {
	case after != nil && before != nil:
		return nil, invalidPagination("Only one of starting_after and ending_before may be given")
	case after != nil:
		i, ok := q.Index(*after)
		if !ok {
			return nil, invalidPagination("starting_after is not the id of an item of this list")
		}
		return q.Older(i, limit), nil
	case before != nil:
		i, ok := q.Index(*before)
		if !ok {
			return nil, invalidPagination("ending_before is not the id of an item of this list")
		}
		return q.Newer(i, limit), nil
	}
	return q.Newest(limit), nil
}

// list is the envelope of all lists.
type list[T any] struct {
	Data []T `json:"data"`
}

// listOf returns a list of the JSON forms of the records. Without records, its data is
// an empty array and not null.
func listOf[R, T any](records []*R, show func(*R) T) list[T] {
	l := list[T]{Data: make([]T, len(records))}
	for i, r := range records {
		l.Data[i] = show(r)
	}
	return l
}
