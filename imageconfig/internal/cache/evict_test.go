package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// aged makes an entry one that was last used that long ago.
func aged(t testing.TB, d *Disk, entry name, ago time.Duration) {
	t.Helper()
	setAge(t, d, entry.path(d.dir), ago)
}

func setAge(t testing.TB, d *Disk, path string, ago time.Duration) {
	t.Helper()
	if err := os.Chtimes(path, time.Time{}, d.now().Add(-ago)); err != nil {
		t.Fatal(err)
	}
}

// stopClock gives a cache a clock that stands still.
func stopClock(d *Disk) {
	at := d.now()
	d.now = func() time.Time { return at }
}

// block returns a content that takes so many blocks.
func block(n int) []byte { return make([]byte, n*blockBytes-100) }

func TestCacheEvictsWhatWasNotUsedForTheLongestTime(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	tests := []struct {
		name, reason string
		ages         map[string]time.Duration
		used         []string // which are got before there is no more room
		blocks       int      // that are put then, of eight
		want         []string // what of the others is left
	}{
		{
			"no need", "there is room", map[string]time.Duration{"a": 3 * hour, "b": hour}, nil, 6, []string{"a", "b"},
		},
		{
			"the oldest", "it makes room, and one block more is to be free",
			map[string]time.Duration{"a": 2 * hour, "b": 4 * hour, "c": 1 * hour, "d": 3 * hour},
			nil, 5, []string{"a", "c"},
		},
		{
			"the oldest but used", "a use is a reason to keep it",
			map[string]time.Duration{"a": 2 * hour, "b": 4 * hour, "c": 1 * hour, "d": 3 * hour},
			[]string{"b", "d"}, 5, []string{"b", "d"},
		},
		{
			"used within a minute", "it is not recorded, so the order is that of the writes",
			map[string]time.Duration{"a": 40 * time.Second, "b": 50 * time.Second, "c": 30 * time.Second, "d": 20 * time.Second},
			[]string{"b"}, 5, []string{"c", "d"},
		},
		{
			"from the future", "the clock was wrong: such a file would stay for ever",
			map[string]time.Duration{"a": 2 * hour, "b": -4 * hour, "c": 1 * hour, "d": 3 * hour},
			nil, 5, []string{"a", "c"},
		},
		{
			"used and from the future", "its use sets it right",
			map[string]time.Duration{"a": 2 * hour, "b": -4 * hour, "c": 1 * hour, "d": 3 * hour},
			[]string{"b"}, 5, []string{"b", "c"},
		},
		{
			"all", "one entry may fill the bound",
			map[string]time.Duration{"a": 2 * hour, "b": 0}, []string{"a"}, 8, nil,
		},
		{
			"too large", "nothing makes room for what does not fit at all",
			map[string]time.Duration{"a": 2 * hour, "b": 0}, nil, 9, []string{"a", "b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			d := openCache(t, t.TempDir(), 8*blockBytes)
			stopClock(d)
			for key, ago := range tt.ages {
				d.Put(Layer, key, block(1))
				aged(t, d, name{Layer, key}, ago)
			}
			for _, key := range tt.used {
				wantContent(t, d, name{Layer, key}, block(1))
			}
			d.Put(Layer, "put", block(tt.blocks))
			if tt.blocks > 8 {
				wantMiss(t, d, name{Layer, "put"})
			} else {
				wantContent(t, d, name{Layer, "put"}, block(tt.blocks))
			}
			var left []string
			for key := range tt.ages {
				if _, ok := d.Get(Layer, key); ok {
					left = append(left, key)
				}
			}
			slices.Sort(left)
			if diff := cmp.Diff(tt.want, left); diff != "" {
				t.Errorf("left is (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	const bound = 16 * blockBytes
	d := openCache(t, t.TempDir(), bound)
	stopClock(d)
	for n := range 200 {
		// Files of 0 to 5 blocks, in an order that is none of their sizes.
		size := n * 7919 % (5 * blockBytes)
		d.Put(Layer, fmt.Sprint(n), make([]byte, size))
		wantContent(t, d, name{Layer, fmt.Sprint(n)}, make([]byte, size))
		if _, total := held(t, d); total > bound {
			t.Fatalf("after entry %d of %d bytes the directory holds %d, the bound is %d", n, size, total, bound)
		}
	}
	if _, total := held(t, d); total < bound/2 {
		t.Errorf("the directory holds %d bytes of %d: too much was removed", total, bound)
	}
}

// What other processes write is seen before it has piled up.
func TestCachesOfOneDirectoryHeedEachOther(t *testing.T) {
	t.Parallel()
	const bound, caches = 64 * blockBytes, 8
	dir := t.TempDir()
	var all []*Disk
	for range caches {
		all = append(all, openCache(t, dir, bound))
	}
	for n := range 30 * caches {
		all[n%caches].Put(Layer, fmt.Sprint(n), block(1))
		// Each may write two blocks, a 32nd, that the others have not seen.
		if _, total := held(t, all[0]); total > bound+caches*2*blockBytes {
			t.Fatalf("after %d entries the directory holds %d bytes, the bound is %d", n+1, total, bound)
		}
	}
	openCache(t, dir, bound).Put(Tag, "last", nil)
	if _, total := held(t, all[0]); total > bound {
		t.Errorf("after a look the directory holds %d bytes, the bound is %d", total, bound)
	}
}

// A smaller bound than that of the last run holds from the first put on.
func TestCacheShrinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large, small := openCache(t, dir, 32*blockBytes), openCache(t, dir, 8*blockBytes)
	for n := range 30 {
		large.Put(Layer, fmt.Sprint(n), block(1))
	}
	if paths, _ := held(t, large); len(paths) != 30 {
		t.Fatalf("30 entries are %d files", len(paths))
	}
	small.Put(Layer, "last", block(1))
	if _, total := held(t, small); total > 8*blockBytes {
		t.Errorf("the directory holds %d bytes, the bound is %d", total, 8*blockBytes)
	}
	wantContent(t, small, name{Layer, "last"}, block(1))
}

func TestCacheSweepsWhatNobodyWrites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		ago          time.Duration
		stays        bool
	}{
		{"new", "it may be another process that writes it", 0, true},
		{"slow", "a write can be slow", 59 * time.Minute, true},
		{"old", "its process has crashed", 61 * time.Minute, false},
		{"from the future", "the clock was wrong, and no writer sets it", -61 * time.Minute, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			d := openCache(t, t.TempDir(), 8*blockBytes)
			stopClock(d)
			temp := filepath.Join(d.dir, "ab", "1"+tempSuffix)
			write(t, temp, block(4))
			setAge(t, d, temp, tt.ago)
			d.Put(Layer, "other", block(8)) // needs all the room that there is
			_, err := os.Stat(temp)
			if stays := err == nil; stays != tt.stays {
				t.Errorf("the file stays: %t, want %t", stays, tt.stays)
			}
			// A file that is being written takes room, too.
			if _, kept := d.Get(Layer, "other"); kept == tt.stays {
				t.Errorf("what needs the room is kept: %t", kept)
			}
		})
	}
}

// The use of an entry is a write to the disk: once in a while will do.
func TestCacheRecordsUseOnceInAWhile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		ago          time.Duration
		recorded     bool
	}{
		{"just put", "there is nothing to record", 0, false},
		{"within a minute", "nobody evicts by seconds", 59 * time.Second, false},
		{"after a minute", "it has been used again", 61 * time.Second, true},
		{"long ago", "it was about to go", 1000 * time.Hour, true},
		{"in the future", "the clock was wrong", -61 * time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			d := openCache(t, t.TempDir(), 0)
			stopClock(d)
			entry := name{Layer, "key"}
			d.Put(entry.kind, entry.key, contentOne)
			aged(t, d, entry, tt.ago)
			wantContent(t, d, entry, contentOne)
			info, err := os.Stat(entry.path(d.dir))
			if err != nil {
				t.Fatal(err)
			}
			// Some file systems keep whole seconds only, or two.
			if recorded := info.ModTime().Sub(d.now()).Abs() < 3*time.Second; recorded != (tt.recorded || tt.ago == 0) {
				t.Errorf("the file says %s of %s", info.ModTime(), d.now())
			}
		})
	}
}

// What another process has removed is as gone as what this one has.
func TestRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "there"), nil)
	write(t, filepath.Join(dir, "directory", "within"), nil)
	for name, want := range map[string]bool{"there": true, "not there": true, "directory": false} {
		if got := removed(filepath.Join(dir, name)); got != want {
			t.Errorf("%q is removed: %t, want %t", name, got, want)
		}
	}
}
