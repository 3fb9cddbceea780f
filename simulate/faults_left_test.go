package simulate_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// wantNoConnection fails if a transport has a connection that is in use.
func wantNoConnection(t testing.TB, transport *dialer) {
	t.Helper()
	wantSoon(t, func() string {
		transport.CloseIdleConnections() // one may have become idle since
		if open := transport.open.Load(); open > 0 {
			return fmt.Sprintf("%d connections are left", open)
		}
		return ""
	})
}

// wantNoGoroutine fails if a Start has left a goroutine of the project behind.
func wantNoGoroutine(t testing.TB) {
	t.Helper()
	wantSoon(t, func() string { return strings.Join(goroutines(), "\n\n") })
}

// wantSoon waits until nothing is left; not for ever where something is.
func wantSoon(t testing.TB, left func() string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		found := left()
		if found == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Error(found)
			return
		}
		runtime.Gosched()
	}
}

// goroutines returns the stacks of the goroutines that read images, besides the
// test's own.
func goroutines() []string {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	var left []string
	for stack := range bytes.SplitSeq(all, []byte("\n\n")) {
		reads := bytes.Contains(stack, []byte("drystart/imageconfig.")) || bytes.Contains(stack, []byte("go-containerregistry/pkg/v1/"))
		if reads && !bytes.Contains(stack, []byte("testing.tRunner")) {
			left = append(left, string(stack))
		}
	}
	return left
}
