package cache

import (
	"container/list"
	"sync"
)

// A Memory holds documents by their digests, up to a number of bytes. What
// was not used for the longest time makes room. It is safe for concurrent use.
// Its contents are shared: who puts or gets one must not change it.
type Memory struct {
	maxBytes int

	mu    sync.Mutex
	bytes int
	order *list.List               // of *memoryEntry, the last used first
	byKey map[string]*list.Element // the same
}

type memoryEntry struct {
	key     string
	content []byte
}

// bytes counts the key: even empty contents have a bound.
func (e *memoryEntry) bytes() int { return len(e.key) + len(e.content) }

// NewMemory returns an empty cache. One of zero bytes holds nothing.
func NewMemory(maxBytes int) *Memory {
	return &Memory{maxBytes: maxBytes, order: list.New(), byKey: map[string]*list.Element{}}
}

// Get returns what is held by a key.
func (m *Memory) Get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.byKey[key]
	if !ok {
		return nil, false
	}
	m.order.MoveToFront(found)
	return found.Value.(*memoryEntry).content, true
}

// Put holds a content in place of what the key had. One that is larger than the
// whole cache is not held.
func (m *Memory) Put(key string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.byKey[key]; ok {
		m.drop(old)
	}
	entry := &memoryEntry{key, content}
	if entry.bytes() > m.maxBytes {
		return
	}
	m.bytes += entry.bytes()
	m.byKey[key] = m.order.PushFront(entry)
	for m.bytes > m.maxBytes {
		m.drop(m.order.Back())
	}
}

func (m *Memory) drop(element *list.Element) {
	entry := m.order.Remove(element).(*memoryEntry)
	m.bytes -= entry.bytes()
	delete(m.byKey, entry.key)
}
