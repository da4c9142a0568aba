package limit

import (
	"context"
	"errors"
	"sync"
)

// Shared merges calls for the same key at the same time into one call, whose result
// all callers get. The zero value is ready to use.
type Shared[K comparable, V any] struct {
	mu       sync.Mutex
	underway map[K]*flight[V]
}

// flight is one call of a function. Callers wait for a channel instead of a sync.Once,
// because testing/synctest does not support waiting for the latter.
type flight[V any] struct {
	done  chan struct{} // closed when value and err are set
	value V
	err   error
}

var errPanicked = errors.New("the call panicked")

// Get returns the result of get, or that of a call of another caller for the same key,
// in which case shared is true. If ctx ends, Get returns its error, but get is not
// canceled, because others may wait for its result.
func (s *Shared[K, V]) Get(ctx context.Context, key K, get func(context.Context) (V, error)) (value V, shared bool, err error) {
	if err := ctx.Err(); err != nil {
		return value, false, err
	}
	s.mu.Lock()
	f, shared := s.underway[key]
	if !shared {
		if s.underway == nil {
			s.underway = map[K]*flight[V]{}
		}
		f = &flight[V]{done: make(chan struct{}), err: errPanicked}
		s.underway[key] = f
	}
	s.mu.Unlock()
	if !shared {
		s.run(key, f, func() (V, error) { return get(context.WithoutCancel(ctx)) })
	}
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return value, shared, ctx.Err()
	}
	return f.value, shared, f.err
}

func (s *Shared[K, V]) run(key K, f *flight[V], get func() (V, error)) {
	defer func() {
		s.mu.Lock()
		delete(s.underway, key)
		s.mu.Unlock()
		close(f.done)
	}()
	f.value, f.err = get()
}
