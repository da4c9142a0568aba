package books

import "slices"

// Sequence holds records in the order of their creation. It finds a record by its id in
// constant time, so that the cost of a page does not depend on the number of records.
// A nil Sequence is empty.
type Sequence[T any] struct {
	items []*T // oldest first; nil where a record was removed
	at    map[string]int
}

// Get returns the record with this id, or nil.
func (q *Sequence[T]) Get(id string) *T {
	if i, ok := q.Index(id); ok {
		return q.items[i]
	}
	return nil
}

// Index returns the position of the record with this id, for Older and Newer.
func (q *Sequence[T]) Index(id string) (i int, ok bool) {
	if q == nil {
		return 0, false
	}
	i, ok = q.at[id]
	return i, ok
}

// Put appends the record, or replaces the record with this id at the same position.
func (q *Sequence[T]) Put(id string, record *T) {
	if i, ok := q.at[id]; ok {
		q.items[i] = record
		return
	}
	if q.at == nil {
		q.at = make(map[string]int)
	}
	q.at[id] = len(q.items)
	q.items = append(q.items, record)
}

func (q *Sequence[T]) remove(id string) {
	if i, ok := q.at[id]; ok {
		q.items[i] = nil
		delete(q.at, id)
	}
}

// Len returns the number of records.
func (q *Sequence[T]) Len() int {
	if q == nil {
		return 0
	}
	return len(q.at)
}

// Newest returns up to limit records, newest first.
func (q *Sequence[T]) Newest(limit int) []*T {
	if q == nil {
		return nil
	}
	return q.Older(len(q.items), limit)
}

// All returns every record, newest first.
func (q *Sequence[T]) All() []*T { return q.Newest(q.Len()) }

// Older returns up to limit records before position i, newest first.
func (q *Sequence[T]) Older(i, limit int) []*T {
	page := make([]*T, 0, min(limit, i))
	for i--; i >= 0 && len(page) < limit; i-- {
		if q.items[i] != nil {
			page = append(page, q.items[i])
		}
	}
	return page
}

// Newer returns up to limit records directly after position i, newest first.
func (q *Sequence[T]) Newer(i, limit int) []*T {
	page := make([]*T, 0, min(limit, len(q.items)-i))
	for i++; i < len(q.items) && len(page) < limit; i++ {
		if q.items[i] != nil {
			page = append(page, q.items[i])
		}
	}
	slices.Reverse(page)
	return page
}
