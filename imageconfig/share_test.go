package imageconfig

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestShareIsDoneOnce(t *testing.T) {
	t.Parallel()
	var s share[string, int]
	var calls atomic.Int64
	started, release := make(chan struct{}), make(chan struct{})
	work := func(context.Context) (int, error) {
		close(started)
		<-release
		return int(calls.Add(1)), nil
	}
	var group sync.WaitGroup
	ask := func() {
		if got, err := s.do(t.Context(), "key", work); got != 1 || err != nil {
			t.Errorf("got %d and %v, want 1", got, err)
		}
	}
	group.Go(ask)
	<-started
	for range 8 {
		w := s.join(t.Context(), "key", work) // as one who waits does
		group.Go(func() { <-w.done })
	}
	close(release)
	group.Wait()
	if calls.Load() != 1 {
		t.Errorf("the work was done %d times, want once", calls.Load())
	}
}

// A caller who goes away takes nobody along; the last one ends the work.
func TestShareLastsAsLongAsAnybodyWaits(t *testing.T) {
	t.Parallel()
	var s share[string, string]
	started, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	work := func(ctx context.Context) (string, error) {
		close(started)
		select {
		case <-release:
			return "done", nil
		case <-ctx.Done():
			ended <- context.Cause(ctx)
			return "", context.Cause(ctx)
		}
	}
	first, leave := context.WithCancel(t.Context())
	results := make(chan error, 1)
	go func() {
		_, err := s.do(first, "a", work)
		results <- err
	}()
	<-started
	w := s.join(t.Context(), "a", work)
	leave()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left got %v, want its context's error", err)
	}
	close(release)
	if <-w.done; w.value != "done" || w.err != nil {
		t.Errorf("the one who stayed got %q and %v", w.value, w.err)
	}
	started, release = make(chan struct{}), make(chan struct{})
	only, leave := context.WithCancel(t.Context())
	go func() { <-started; leave() }()
	if _, err := s.do(only, "a", work); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the work that nobody waits for ended with %v", err)
	}
}

func TestMemoKeepsWhatSucceeded(t *testing.T) {
	t.Parallel()
	var m memo[string, int]
	calls := 0
	work := func(context.Context) (int, error) {
		if calls++; calls == 1 {
			return 0, errors.New("not yet")
		}
		return calls, nil
	}
	for n, want := range []int{0, 2, 2} {
		if got, err := m.do(t.Context(), "key", work); got != want || (err == nil) != (n > 0) {
			t.Errorf("call %d returns %d and %v, want %d", n, got, err, want)
		}
	}
}
