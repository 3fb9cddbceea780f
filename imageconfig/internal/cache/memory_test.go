package cache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMemoryCache(t *testing.T) {
	t.Parallel()
	type step struct{ key, content string } // without content: a get
	put := func(key, content string) step { return step{key, content} }
	get := func(key string) step { return step{key: key} }
	tests := []struct {
		name, reason string
		maxBytes     int
		steps        []step
		want         map[string]string // what is held in the end
	}{
		{"nothing", "it is empty at first", 10, nil, map[string]string{}},
		{"what fits", "keys count, too: these are ten bytes", 10,
			[]step{put("a", "1234"), put("b", "1234")}, map[string]string{"a": "1234", "b": "1234"}},
		{"one byte more", "the first was not used for the longest time", 10,
			[]step{put("a", "1234"), put("b", "12345")}, map[string]string{"b": "12345"}},
		{"a use", "the first was used after the second", 10,
			[]step{put("a", "1234"), put("b", "123"), get("a"), put("c", "1")}, map[string]string{"a": "1234", "c": "1"}},
		{"a use of nothing", "a miss changes nothing", 10,
			[]step{put("a", "1234"), get("x"), put("b", "1234")}, map[string]string{"a": "1234", "b": "1234"}},
		{"several make room", "as many as need be, and no more", 10,
			[]step{put("a", "12"), put("b", "12"), put("c", "12"), put("d", "1234")}, map[string]string{"c": "12", "d": "1234"}},
		{"put again", "a use, and its old content counts no more", 10,
			[]step{put("a", "1234"), put("b", "1"), put("a", "12345"), put("c", "1")}, map[string]string{"a": "12345", "b": "1", "c": "1"}},
		{"as large as all", "it takes all the room", 10,
			[]step{put("a", "1"), put("b", "123456789")}, map[string]string{"b": "123456789"}},
		{"too large", "nothing makes room for it", 10,
			[]step{put("a", "1"), put("b", "1234567890")}, map[string]string{"a": "1"}},
		{"put again, too large", "what the key had is not what was put", 10,
			[]step{put("a", "1"), put("b", "1"), put("a", "1234567890")}, map[string]string{"b": "1"}},
		{"no room at all", "a cache of zero bytes", 0, []step{put("a", "1")}, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "" {
				t.Error("the case has no reason")
			}
			m := NewMemory(tt.maxBytes)
			for _, s := range tt.steps {
				if s.content == "" {
					m.Get(s.key)
				} else {
					m.Put(s.key, []byte(s.content))
				}
			}
			got := map[string]string{}
			for _, key := range []string{"a", "b", "c", "d", "x"} {
				if content, ok := m.Get(key); ok {
					got[key] = string(content)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("held is (-want +got):\n%s", diff)
			}
		})
	}
}

// Empty contents are held, and their keys bound their number.
func TestMemoryCacheHoldsEmptyContents(t *testing.T) {
	t.Parallel()
	m := NewMemory(10)
	for n := range 100 {
		m.Put(fmt.Sprintf("%02d", n), nil)
	}
	var got []string
	for n := range 100 {
		key := fmt.Sprintf("%02d", n)
		if content, ok := m.Get(key); ok && len(content) == 0 {
			got = append(got, key)
		}
	}
	if want := []string{"95", "96", "97", "98", "99"}; !slices.Equal(got, want) {
		t.Errorf("held is %q, want %q", got, want)
	}
}

func TestMemoryCacheOfManyGoroutines(t *testing.T) {
	t.Parallel()
	const maxBytes = 1000
	m := NewMemory(maxBytes)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 2000 {
				key := fmt.Sprint(random.IntN(50))
				if content, ok := m.Get(key); ok && string(content) != "content of "+key {
					t.Errorf("%s is %q", key, content)
				} else if !ok {
					m.Put(key, []byte("content of "+key))
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for n := range 50 {
		if content, ok := m.Get(fmt.Sprint(n)); ok {
			total += len(fmt.Sprint(n)) + len(content)
		}
	}
	if total > maxBytes || total < maxBytes/2 || total != m.bytes || m.order.Len() != len(m.byKey) {
		t.Errorf("%d bytes are held of %d; it says %d bytes in %d entries under %d keys",
			total, maxBytes, m.bytes, m.order.Len(), len(m.byKey))
	}
}

func BenchmarkMemoryCacheGet(b *testing.B) {
	m := NewMemory(1 << 20)
	m.Put(digestKey(contentOne), contentOne)
	key := digestKey(contentOne)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.Get(key); !ok {
			b.Fatal("a miss")
		}
	}
}

// BenchmarkMemoryCachePut puts into a full cache.
func BenchmarkMemoryCachePut(b *testing.B) {
	m := NewMemory(100 * (len(contentOne) + len("sha256:")))
	keys := make([]string, 1000)
	for n := range keys {
		keys[n] = fmt.Sprintf("sha256:%d", n)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		m.Put(keys[n%len(keys)], contentOne)
	}
}
