package cnaught

import (
	"iter"
	"time"
)

// Collect returns the first limit values of a list, or all of them if limit is
// not positive: the latest ten orders are Collect(client.Orders(ctx, ListOptions{}), 10).
// With an error it returns what came before it.
func Collect[T any](seq iter.Seq2[T, error], limit int) ([]T, error) {
	var all []T
	for value, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, value); len(all) == limit {
			break
		}
	}
	return all, nil
}

// window takes the bounds out of the options of an iterator.
func (o *ListOptions) window() (from, to time.Time) {
	from, to = o.From, o.To
	o.From, o.To = time.Time{}, time.Time{}
	return from, to
}

// within narrows a list, newest first, to what was created from one time on and
// before another.
func within[T any](seq iter.Seq2[T, error], call string, from, to time.Time, created func(*T) time.Time) iter.Seq2[T, error] {
	if from.IsZero() && to.IsZero() {
		return seq
	}
	return func(yield func(T, error) bool) {
		if !to.IsZero() && to.Before(from) {
			var zero T
			yield(zero, &InvalidRequestError{call, "To", "is before From"})
			return
		}
		var last time.Time // readable time of creation
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
