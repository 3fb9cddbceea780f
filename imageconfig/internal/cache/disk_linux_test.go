package cache

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asNobody runs a function as a user that permissions apply to. For root that is
// another one, on a thread that ends with the function.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		f()
	})
	wg.Wait()
}

// openWay returns a directory that every user can get to.
func openWay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readOnly takes write permission from a directory and all in it, and gives it
// back after the test.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	change := func(directory, file fs.FileMode) error {
		return filepath.WalkDir(dir, func(path string, at fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if at.IsDir() {
				return os.Chmod(path, directory)
			}
			return os.Chmod(path, file)
		})
	}
	t.Cleanup(func() {
		if err := change(0o700, 0o600); err != nil {
			t.Error(err)
		}
	})
	if err := change(0o555, 0o444); err != nil {
		t.Fatal(err)
	}
}

func TestCacheThatCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openWay(t), "cache")
	full := openCache(t, dir, 3*blockBytes)
	one, damaged := name{Layer, "one"}, name{Layer, "damaged"}
	for _, entry := range []name{one, damaged} {
		full.Put(entry.kind, entry.key, contentOne)
	}
	flip(t, damaged.path(full.dir), 0)
	aged(t, full, one, 2*useInterval) // its use would be recorded
	readOnly(t, dir)
	asNobody(t, func() {
		d, err := Open(dir, 3*blockBytes)
		if err != nil {
			t.Error(err)
			return
		}
		if err := os.WriteFile(filepath.Join(d.dir, "probe"), nil, 0o600); err == nil {
			t.Error("the directory can be written to: the test shows nothing")
		}
		wantContent(t, d, one, contentOne)
		wantMiss(t, d, damaged)
		d.Put(Layer, "kept", contentTwo)
		d.Put(Layer, "needs room", make([]byte, 2*blockBytes))
		wantMiss(t, d, name{Layer, "kept"})
		wantMiss(t, d, name{Layer, "needs room"})
		wantContent(t, d, one, contentOne)
	})
	if paths, _ := held(t, full); len(paths) != 2 {
		t.Errorf("files are %q, want the two that were there", paths)
	}
}

// An entry that cannot be read is a miss, until it is put again.
func TestCacheEntryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	// A directory that everybody may write to, which a Cache would refuse.
	d := &Disk{dir: openWay(t), maxBytes: 1 << 20, now: time.Now}
	entry := name{Layer, "key"}
	d.Put(entry.kind, entry.key, contentOne)
	for _, dir := range []string{d.dir, filepath.Dir(entry.path(d.dir))} {
		mkdir(t, dir, 0o777)
	}
	if err := os.Chmod(entry.path(d.dir), 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		wantMiss(t, d, entry)
		d.Put(entry.kind, entry.key, contentTwo)
		wantContent(t, d, entry, contentTwo)
	})
}
