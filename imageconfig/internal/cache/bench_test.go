package cache

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// noise returns a content of that size.
func noise(b *testing.B, size int) []byte {
	b.Helper()
	content := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{}).Read(content); err != nil {
		b.Fatal(err)
	}
	return content
}

// benchmarked are entries as they are usual: a config, and the names of a layer
// with some ten thousand files.
func benchmarked(b *testing.B, f func(b *testing.B, entry name, content []byte)) {
	config, layer := noise(b, 8<<10), noise(b, 1<<20)
	b.Run("config", func(b *testing.B) { f(b, name{Document, digestKey(config)}, config) })
	b.Run("layer", func(b *testing.B) { f(b, name{Layer, digestKey(layer)}, layer) })
}

func BenchmarkCacheGet(b *testing.B) {
	benchmarked(b, func(b *testing.B, entry name, content []byte) {
		d := openCache(b, b.TempDir(), 0)
		d.Put(entry.kind, entry.key, content)
		b.SetBytes(int64(len(content)))
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := d.Get(entry.kind, entry.key); !ok {
				b.Fatal("a miss")
			}
		}
	})
}

// BenchmarkCachePut puts into a cache with room.
func BenchmarkCachePut(b *testing.B) {
	benchmarked(b, func(b *testing.B, entry name, content []byte) {
		d := openCache(b, b.TempDir(), 0)
		b.SetBytes(int64(len(content)))
		b.ReportAllocs()
		for b.Loop() {
			d.Put(entry.kind, entry.key, content)
		}
		wantContent(b, d, entry, content)
	})
}

// BenchmarkCachePutFull puts new entries into a full cache of a thousand.
func BenchmarkCachePutFull(b *testing.B) {
	d := fullCache(b, 1000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		d.Put(Layer, fmt.Sprint("new", n), nil)
	}
}

// BenchmarkCacheFirstPut is the first put of a process, which looks at a
// directory of ten thousand entries.
func BenchmarkCacheFirstPut(b *testing.B) {
	d := fullCache(b, 10000)
	b.ReportAllocs()
	for b.Loop() {
		first := &Disk{dir: d.dir, maxBytes: 2 * d.maxBytes, now: d.now}
		first.Put(Layer, "first", nil)
	}
}

func fullCache(b *testing.B, entries int) *Disk {
	b.Helper()
	d := openCache(b, b.TempDir(), int64(entries)*blockBytes)
	for n := range entries {
		d.Put(Layer, fmt.Sprint(n), nil)
	}
	if paths, _ := held(b, d); len(paths) != entries {
		b.Fatalf("there are %d entries", len(paths))
	}
	return d
}
