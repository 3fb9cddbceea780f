package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// kindsOfEntries are two entries of each kind, of contents that differ from
// their first byte on.
func kindsOfEntries() map[Kind][2]name {
	return map[Kind][2]name{
		Document: {{Document, digestKey(contentOne)}, {Document, digestKey(contentTwo)}},
		Layer:    {{Layer, digestKey(contentOne)}, {Layer, digestKey(contentTwo)}},
		Tag:      {{Tag, "registry.example/app:v1"}, {Tag, "registry.example/app:v2"}},
	}
}

var (
	contentOne = bytes.Repeat([]byte("one "), 100)
	contentTwo = bytes.Repeat([]byte("TWO\n"), 100)
)

func TestCacheHealsWhatIsDamaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		// damage is done to the file of the first entry; other is the second's.
		damage func(t *testing.T, path, other string)
	}{
		{"truncated", "a machine that loses power leaves such files", func(t *testing.T, path, _ string) {
			write(t, path, read(t, path)[:100])
		}},
		{"truncated to less than a checksum", "there is none to compare", func(t *testing.T, path, _ string) {
			write(t, path, []byte("short"))
		}},
		{"emptied", "as the first", func(t *testing.T, path, _ string) { write(t, path, nil) }},
		{"zeroed", "a file system that knew the size but not yet the content", func(t *testing.T, path, _ string) {
			write(t, path, make([]byte, len(read(t, path))))
		}},
		{"first bit flipped", "disks fail", func(t *testing.T, path, _ string) { flip(t, path, 0) }},
		{"last bit flipped", "as above", func(t *testing.T, path, _ string) { flip(t, path, -1) }},
		{"appended", "the rest is right", func(t *testing.T, path, _ string) {
			write(t, path, append(read(t, path), '\n'))
		}},
		{"larger than any entry", "it is not even read", func(t *testing.T, path, _ string) {
			if err := os.Truncate(path, 1<<40); err != nil {
				t.Skip(err) // not every file system has files with holes
			}
		}},
		{"another entry's file", "its checksum is right, for another name", func(t *testing.T, path, other string) {
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		}},
		{"a directory", "no file can be renamed to it", func(t *testing.T, path, _ string) {
			remove(t, path)
			write(t, filepath.Join(path, "within"), contentOne)
		}},
		{"a symbolic link to the content", "the file that it leads to is somebody else's", func(t *testing.T, path, _ string) {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			write(t, elsewhere, read(t, path))
			remove(t, path)
			if err := os.Symlink(elsewhere, path); err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() { read(t, elsewhere) }) // what it leads to stays
		}},
		{"a symbolic link to nothing", "a write must not follow it", func(t *testing.T, path, _ string) {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			remove(t, path)
			if err := os.Symlink(elsewhere, path); err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() {
				if _, err := os.Lstat(elsewhere); err == nil {
					t.Error("the link was written through")
				}
			})
		}},
	}
	for _, tt := range tests {
		for kind, entries := range kindsOfEntries() {
			t.Run(tt.name+"/"+string(kind), func(t *testing.T) {
				if tt.reason == "" {
					t.Error("the case has no reason")
				}
				d := openCache(t, t.TempDir(), 0)
				one, two := entries[0], entries[1]
				d.Put(kind, one.key, contentOne)
				d.Put(kind, two.key, contentTwo)
				wantContent(t, d, one, contentOne)
				tt.damage(t, one.path(d.dir), two.path(d.dir))
				wantMiss(t, d, one)
				if _, err := os.Lstat(one.path(d.dir)); !os.IsNotExist(err) {
					t.Errorf("what is damaged is still there: %v", err)
				}
				d.Put(kind, one.key, contentOne)
				d.Put(kind, two.key, contentTwo)
				wantContent(t, d, one, contentOne)
				wantContent(t, d, two, contentTwo)
			})
		}
	}
}

// A file of another kind is not one of this kind, even of the same key.
func TestCacheFindsOutASwapOfKinds(t *testing.T) {
	t.Parallel()
	d := openCache(t, t.TempDir(), 0)
	layer, tag := name{Layer, "key"}, name{Tag, "key"}
	d.Put(Layer, "key", contentOne)
	write(t, tag.path(d.dir), read(t, layer.path(d.dir)))
	wantMiss(t, d, tag)
	wantContent(t, d, layer, contentOne)
}

// What cannot be written is not kept, and leaves nothing behind.
func TestCachePutThatFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		prevent      func(t *testing.T, path string)
	}{
		{"no directory for it", "as on a disk that is full or cannot be written to", func(t *testing.T, path string) {
			write(t, filepath.Dir(path), nil)
		}},
		{"no rename to it", "the content is on the disk by then", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "within"), nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			d := openCache(t, t.TempDir(), 0)
			entry := name{Layer, "key"}
			tt.prevent(t, entry.path(d.dir))
			before, _ := held(t, d)
			d.Put(entry.kind, entry.key, contentOne)
			if after, _ := held(t, d); len(after) != len(before) {
				t.Errorf("files are %q, were %q", after, before)
			}
			wantMiss(t, d, entry)
		})
	}
}

// FuzzCache takes any bytes as the file of an entry. What get returns is what
// was put, or nothing, and then the file is gone.
func FuzzCache(f *testing.F) {
	for _, kind := range []Kind{Document, Layer, Tag} {
		one, two := name{kind, digestKey(contentOne)}, name{kind, digestKey(contentTwo)}
		f.Add(string(kind), contentOne, one.encode(contentOne))
		f.Add(string(kind), contentOne, two.encode(contentTwo))
		f.Add(string(kind), []byte{}, []byte{})
	}
	d := openCache(f, f.TempDir(), 0)
	f.Fuzz(func(t *testing.T, kind string, content, stored []byte) {
		// One content for a key: a file with another that is right was never put.
		entry := name{Kind(kind), digestKey(content)}
		d.Put(entry.kind, entry.key, content)
		wantContent(t, d, entry, content)
		write(t, entry.path(d.dir), stored)
		got, ok := d.Get(entry.kind, entry.key)
		if intact := bytes.Equal(stored, entry.encode(content)); ok != intact {
			t.Fatalf("%q of %q is a hit: %t", stored, content, ok)
		}
		if ok && !bytes.Equal(got, content) {
			t.Fatalf("got %q, put was %q", got, content)
		}
		if _, err := os.Lstat(entry.path(d.dir)); ok != (err == nil) {
			t.Fatalf("a hit is %t, its file says %v", ok, err)
		}
	})
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// flip changes one bit of the byte at an index, counted from the end if it is
// negative.
func flip(t testing.TB, path string, index int) {
	t.Helper()
	content := read(t, path)
	content[(index+len(content))%len(content)] ^= 1
	write(t, path, content)
}
