package imageconfig

import (
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxMemoryBytes bounds the manifests and configs that are kept in memory.
const maxMemoryBytes = 32 << 20

// A shelf keeps what registries have said, in memory and perhaps on disk.
type shelf struct {
	memory *memoryCache
	disk   *diskCache
}

// document returns a manifest, an index or a config by its digest.
func (s *shelf) document(digest string) ([]byte, bool) {
	return s.get(documentKind, digest)
}

func (s *shelf) putDocument(digest string, content []byte) {
	s.memory.put(digest, content)
	s.disk.put(documentKind, digest, content)
}

// named returns what a reference was the last time.
func (s *shelf) named(ref string) (v1.Descriptor, bool) {
	var descriptor v1.Descriptor
	content, ok := s.get(tagKind, ref)
	if !ok || json.Unmarshal(content, &descriptor) != nil {
		return v1.Descriptor{}, false
	}
	return descriptor, true
}

// putNamed keeps it: on disk only what was read without the credentials of a
// Pod, since a key on disk must not tell anything of them.
func (s *shelf) putNamed(ref string, descriptor v1.Descriptor, onDisk bool) {
	content, err := json.Marshal(descriptor)
	if err != nil {
		return
	}
	s.memory.put(ref, content)
	if onDisk {
		s.disk.put(tagKind, ref, content)
	}
}

func (s *shelf) get(kind cacheKind, key string) ([]byte, bool) {
	if content, ok := s.memory.get(key); ok {
		return content, true
	}
	content, ok := s.disk.get(kind, key)
	if ok {
		s.memory.put(key, content)
	}
	return content, ok
}

// layerIndexes keeps the indexes of layers on disk.
type layerIndexes struct{ disk *diskCache }

func (l layerIndexes) get(diffID v1.Hash) ([]byte, bool) {
	return l.disk.get(layerKind, diffID.String())
}

func (l layerIndexes) put(diffID v1.Hash, index []byte) {
	l.disk.put(layerKind, diffID.String(), index)
}
