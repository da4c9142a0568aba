package limit

import (
	"context"
	"errors"
	"sync"
)

// Shared lets those who want the same thing at the same time wait for one who gets
// it. The zero value is ready to use.
type Shared[K comparable, V any] struct {
	mu       sync.Mutex
	underway map[K]*flight[V]
}

// flight is one run of a function. The wait is for a channel and not for a
// sync.Once, so that testing/synctest knows it.
type flight[V any] struct {
	done  chan struct{} // is closed when the members below are set
	value V
	err   error
}

var errPanicked = errors.New("the call panicked")

// Get returns what get returns, and whether the result was shared. The function goes
// on when ctx ends, since others may wait for it; whoever waits for it returns.
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
