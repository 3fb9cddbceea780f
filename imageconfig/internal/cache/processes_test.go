package cache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// cacheOfProcess names the directory to a process that a test has started.
const cacheOfProcess = "DRYSTART_TEST_CACHE"

// The processes of TestCacheOfManyProcesses: each has several caches of one
// directory, and several goroutines for each of them.
const (
	hammerProcesses = 4
	hammerCaches    = 2
	hammerWorkers   = 3
	hammerSteps     = 50
	hammerBound     = 64 * blockBytes
)

// TestCacheOfManyProcesses has many processes read and write one directory with
// little room, while some of them damage it. What is got is what was put or
// nothing, and the directory does not outgrow its bound.
func TestCacheOfManyProcesses(t *testing.T) {
	if dir := os.Getenv(cacheOfProcess); dir != "" {
		hammer(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range hammerProcesses - 1 {
		wg.Go(func() {
			process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCacheOfManyProcesses$", "-test.v")
			process.Env = append(os.Environ(), cacheOfProcess+"="+dir)
			out, err := process.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestCacheOfManyProcesses")) {
				t.Errorf("a process says %v:\n%s", err, out)
			}
		})
	}
	hammer(t, dir)
	wg.Wait()

	d := openCache(t, dir, hammerBound)
	if _, total := held(t, d); total > 2*hammerBound {
		t.Errorf("the directory holds %d bytes, the bound is %d", total, hammerBound)
	}
	d.Put(Tag, "last", nil)
	paths, total := held(t, d)
	if total > hammerBound {
		t.Errorf("after a look the directory holds %d bytes, the bound is %d", total, hammerBound)
	}
	hits := 0
	for n := range hammerEntries {
		if entry, content := hammerEntry(n); len(content) > 0 {
			if got, ok := d.Get(entry.kind, entry.key); ok && bytes.Equal(got, content) {
				hits++
			}
		}
	}
	if hits == 0 {
		t.Errorf("none of the %d files in the directory is of use", len(paths))
	}
}

// hammerEntries is how many entries there are. They need several times the room
// that there is.
const hammerEntries = 150

// hammerEntry returns the name of an entry and what it holds: none to four
// blocks that begin and end with the name.
func hammerEntry(n int) (name, []byte) {
	content := bytes.Repeat(fmt.Appendf(nil, "%04d", n), n*997%(4*blockBytes)/4)
	entry := name{Layer, fmt.Sprint(n)}
	switch n % 3 {
	case 1:
		entry = name{Document, digestKey(content)}
	case 2:
		entry.kind = Tag
	}
	return entry, content
}

// hammer has the goroutines of one process get entries, and put those that are
// not there.
func hammer(t *testing.T, dir string) {
	var wg sync.WaitGroup
	for range hammerCaches {
		d := openCache(t, dir, hammerBound)
		for range hammerWorkers {
			wg.Go(func() {
				for range hammerSteps {
					hammerOnce(t, d)
				}
			})
		}
	}
	wg.Wait()
}

func hammerOnce(t *testing.T, d *Disk) {
	entry, content := hammerEntry(rand.IntN(hammerEntries))
	if rand.IntN(20) == 0 {
		// Files that end early, as another process may leave them: these errors
		// are those of a file that is not there, or of a disk that heals itself.
		_ = os.Truncate(entry.path(d.dir), rand.Int64N(blockBytes))
	}
	got, ok := d.Get(entry.kind, entry.key)
	if !ok {
		d.Put(entry.kind, entry.key, content)
	} else if !bytes.Equal(got, content) {
		t.Errorf("%s %q is %.40q of %d bytes, want %.40q of %d", entry.kind, entry.key, got, len(got), content, len(content))
	}
}
