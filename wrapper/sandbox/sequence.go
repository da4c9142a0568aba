package sandbox

// sequence holds records in the order of their creation and finds each by its
// id in constant time, so that a page costs the same however many there are.
type sequence[T any] struct {
	items []*T // oldest first; nil where one was removed
	at    map[string]int
}

// get returns nil if there is no such record. A nil sequence is empty.
func (q *sequence[T]) get(id string) *T {
	if q == nil {
		return nil
	}
	if i, ok := q.at[id]; ok {
		return q.items[i]
	}
	return nil
}

// put appends the record, or replaces the one with this id in its place.
func (q *sequence[T]) put(id string, record *T) {
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

func (q *sequence[T]) remove(id string) {
	if i, ok := q.at[id]; ok {
		q.items[i] = nil
		delete(q.at, id)
	}
}

func (q *sequence[T]) len() int {
	if q == nil {
		return 0
	}
	return len(q.at)
}

// newest returns up to limit records, newest first.
func (q *sequence[T]) newest(limit int) []*T {
	if q == nil {
		return nil
	}
	return q.older(len(q.items), limit)
}

// all returns every record, newest first.
func (q *sequence[T]) all() []*T { return q.newest(q.len()) }

// older returns up to limit records before position i, newest first.
func (q *sequence[T]) older(i, limit int) []*T {
	page := make([]*T, 0, min(limit, i))
	for i--; i >= 0 && len(page) < limit; i-- {
		if q.items[i] != nil {
			page = append(page, q.items[i])
		}
	}
	return page
}

// newer returns up to limit records directly after position i, newest first.
func (q *sequence[T]) newer(i, limit int) []*T {
	page := make([]*T, 0, min(limit, len(q.items)-i))
	for i++; i < len(q.items) && len(page) < limit; i++ {
		if q.items[i] != nil {
			page = append(page, q.items[i])
		}
	}
	for a, b := 0, len(page)-1; a < b; a, b = a+1, b-1 {
		page[a], page[b] = page[b], page[a]
	}
	return page
}
