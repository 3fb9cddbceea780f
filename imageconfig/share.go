package imageconfig

import (
	"context"
	"sync"
)

// A share lets concurrent callers who want the same thing have it of one piece
// of work. The work goes on as long as anybody waits for it: a caller whose
// context ends goes away alone, and the last one to go ends the work.
type share[K comparable, V any] struct {
	mu    sync.Mutex
	works map[K]*work[V]
}

// A work is under way, or done once its channel is closed.
type work[V any] struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	value   V
	err     error
}

// do returns what the function returns, to all who ask for the key meanwhile.
// The function has the values of the first caller's context.
func (s *share[K, V]) do(ctx context.Context, key K, function func(context.Context) (V, error)) (V, error) {
	w := s.join(ctx, key, function)
	select {
	case <-w.done:
		return w.value, w.err
	case <-ctx.Done():
		s.leave(key, w)
		var none V
		return none, context.Cause(ctx)
	}
}

func (s *share[K, V]) join(ctx context.Context, key K, function func(context.Context) (V, error)) *work[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.works[key]; w != nil {
		w.waiting++
		return w
	}
	if s.works == nil {
		s.works = map[K]*work[V]{}
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &work[V]{waiting: 1, cancel: cancel, done: make(chan struct{})}
	s.works[key] = w
	go func() {
		defer cancel()
		w.value, w.err = function(own)
		s.forget(key, w)
		close(w.done)
	}()
	return w
}

func (s *share[K, V]) leave(key K, w *work[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.waiting--; w.waiting > 0 {
		return
	}
	w.cancel()
	if s.works[key] == w {
		delete(s.works, key) // who comes now begins anew
	}
}

func (s *share[K, V]) forget(key K, w *work[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.works[key] == w {
		delete(s.works, key)
	}
}

// A memo is a share that remembers what succeeded.
type memo[K comparable, V any] struct {
	share[K, V]
	known sync.Map // of K to V
}

func (m *memo[K, V]) do(ctx context.Context, key K, function func(context.Context) (V, error)) (V, error) {
	if value, ok := m.known.Load(key); ok {
		return value.(V), nil
	}
	return m.share.do(ctx, key, func(ctx context.Context) (V, error) {
		if value, ok := m.known.Load(key); ok { // somebody was faster
			return value.(V), nil
		}
		value, err := function(ctx)
		if err == nil {
			m.known.Store(key, value)
		}
		return value, err
	})
}

// drop forgets what is known.
func (m *memo[K, V]) drop(key K) { m.known.Delete(key) }
