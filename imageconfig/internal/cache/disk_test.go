package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// openCache opens a cache that must open.
func openCache(t testing.TB, dir string, maxBytes int64) *Disk {
	t.Helper()
	d, err := Open(dir, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// digestKey returns the key of a document.
func digestKey(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// held returns the files in a cache's directory and what they take of the bound.
func held(t testing.TB, d *Disk) (paths []string, total int64) {
	t.Helper()
	err := filepath.WalkDir(d.dir, func(path string, at fs.DirEntry, err error) error {
		if err != nil || at.IsDir() {
			return nil //nolint:nilerr // other processes may work on the directory
		}
		if info, err := at.Info(); err == nil {
			paths, total = append(paths, path), total+onDisk(info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths, total
}

// wantContent checks that a cache has a content.
func wantContent(t testing.TB, d *Disk, entry name, want []byte) {
	t.Helper()
	got, ok := d.Get(entry.kind, entry.key)
	if !ok {
		t.Errorf("%s %.80q is a miss", entry.kind, entry.key)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%s %.80q is %.80q, want %.80q", entry.kind, entry.key, got, want)
	}
}

// wantMiss checks that a cache has no such entry.
func wantMiss(t testing.TB, d *Disk, entry name) {
	t.Helper()
	if got, ok := d.Get(entry.kind, entry.key); ok || got != nil {
		t.Errorf("%s %.80q is %.80q, %t; want a miss", entry.kind, entry.key, got, ok)
	}
}

func TestZeroCacheKeepsNothing(t *testing.T) {
	t.Parallel()
	d, err := Open("", 1<<20)
	if d != nil || err != nil {
		t.Fatalf("a cache without a directory opens as %v, %v", d, err)
	}
	d.Put(Tag, "registry.example/app:v1", []byte("kept"))
	wantMiss(t, d, name{Tag, "registry.example/app:v1"})
}

func TestCacheKeepsWhatWasPut(t *testing.T) {
	t.Parallel()
	document := []byte(`{"schemaVersion":2}`)
	tests := []struct {
		name, reason string
		entry        name
		content      []byte
	}{
		{"document", "its key is its own digest", name{Document, digestKey(document)}, document},
		{"empty document", "a blob may be empty", name{Document, digestKey(nil)}, nil},
		{"layer of the same key", "kinds do not share keys", name{Layer, digestKey(document)}, []byte("files")},
		{"tag", "a tag has its registry's port and slashes", name{Tag, "localhost:5000/a/b:v1"}, []byte("{}")},
		{"tag of capitals", "some disks do not tell letters by their case", name{Tag, "localhost:5000/a/b:V1"}, []byte("{V1}")},
		{"empty content", "it is no miss", name{Layer, "sha256:00"}, nil},
		{"empty key", "a key is never a path", name{Layer, ""}, []byte("empty")},
		{"path", "a key does not lead out of the directory", name{Layer, "../../../escaped"}, []byte("..")},
		{"absolute path", "nor to another", name{Layer, "/escaped"}, []byte("/")},
		{"zero byte", "no file name has one", name{Layer, "a\x00b"}, []byte("c")},
		{"the rest of it", "where a key ends is no matter of its bytes", name{Layer, "a"}, []byte("\x00bc")},
		{"kind in the key", "nor is where its kind ends", name{Tag, "layer\x00a"}, []byte("tag")},
		{"long key", "file names are at most 255 bytes", name{Tag, strings.Repeat("a/", 5000)}, []byte("long")},
	}
	around := t.TempDir()
	dir := filepath.Join(around, "not", "there", "yet")
	first := openCache(t, dir, 0)
	for _, tt := range tests {
		if tt.reason == "" {
			t.Errorf("%s: the case has no reason", tt.name)
		}
		wantMiss(t, first, tt.entry)
		first.Put(tt.entry.kind, tt.entry.key, tt.content)
	}
	next := openCache(t, dir, 0)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantContent(t, first, tt.entry, tt.content)
			wantContent(t, next, tt.entry, tt.content)
		})
	}
	inside, _ := held(t, first)
	everywhere, _ := held(t, &Disk{dir: around})
	if len(inside) != len(tests) || len(everywhere) != len(tests) {
		t.Errorf("%d entries are %d files in the directory and %d around it", len(tests), len(inside), len(everywhere))
	}
}

func TestCachePutReplaces(t *testing.T) {
	t.Parallel()
	d := openCache(t, t.TempDir(), 0)
	for _, content := range []string{"the first and longer", "second"} {
		d.Put(Tag, "registry.example/app:v1", []byte(content))
		wantContent(t, d, name{Tag, "registry.example/app:v1"}, []byte(content))
	}
	if paths, _ := held(t, d); len(paths) != 1 {
		t.Errorf("one entry is the files %q", paths)
	}
}

func TestCacheIsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("access lists decide there")
	}
	dir := filepath.Join(t.TempDir(), "cache")
	d := openCache(t, dir, 0)
	d.Put(Tag, "registry.example/app:v1", []byte("{}"))
	seen := 0
	err := filepath.WalkDir(dir, func(path string, at fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := at.Info()
		if err != nil {
			return err
		}
		if seen++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return nil
	})
	if err != nil || seen != 4 {
		t.Errorf("saw %d of the 3 directories and 1 file: %v", seen, err)
	}
}

func TestCacheDoesNotOpen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		prepare      func(t *testing.T, dir string) // how the directory comes to be
		maxBytes     int64
		names        string // what the error names, of the directory
		want         string
	}{
		{
			"a file", "no directory can be made where a file is",
			func(t *testing.T, dir string) { write(t, dir, nil) }, 0, "", "not a directory",
		},
		{
			"a file above it", "as above",
			func(t *testing.T, dir string) { write(t, filepath.Dir(dir), nil) }, 0, "", "not a directory",
		},
		{
			"a file within it", "the format's own directory is one",
			func(t *testing.T, dir string) { mkdir(t, dir, 0o700); write(t, filepath.Join(dir, "v1"), nil) }, 0, "v1", "not a directory",
		},
		{
			"open to all", "anybody could say what a layer holds",
			func(t *testing.T, dir string) { mkdir(t, dir, 0o777) }, 0, "", "its mode 0777 lets others write to it",
		},
		{
			"open to all within", "as above",
			func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, "v1"), 0o722) }, 0, "v1", "its mode 0722 lets others write to it",
		},
		{
			"a negative bound", "nothing could be kept, which an empty directory says better",
			func(*testing.T, string) {}, -1, "", "a bound of -1 bytes",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			if runtime.GOOS == "windows" && strings.Contains(tt.want, "mode") {
				t.Skip("access lists decide there")
			}
			dir := filepath.Join(t.TempDir(), "above", "cache")
			tt.prepare(t, dir)
			d, err := Open(dir, tt.maxBytes)
			if d != nil || err == nil {
				t.Fatalf("it opens as %v, %v", d, err)
			}
			where := filepath.Join(dir, tt.names)
			if text := err.Error(); !strings.HasPrefix(text, "cache directory \""+where+"\": ") || !strings.HasSuffix(text, tt.want) {
				t.Errorf("error is %q, want the directory %q and %q", text, where, tt.want)
			}
		})
	}
}

// mkdir makes a directory of just that mode.
func mkdir(t testing.TB, dir string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
}

// write writes a file, and the directories above it.
func write(t testing.TB, path string, content []byte) {
	t.Helper()
	mkdir(t, filepath.Dir(path), 0o700)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
