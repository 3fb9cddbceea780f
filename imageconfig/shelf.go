package imageconfig

import (
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/drystart/drystart/imageconfig/internal/cache"
)

// maxMemoryBytes bounds the manifests and configs that are kept in memory.
const maxMemoryBytes = 32 << 20

// A shelf keeps what registries have said, in memory and perhaps on disk.
type shelf struct {
	memory *cache.Memory
	disk   *cache.Disk
}

// document returns a manifest, an index or a config by its digest.
func (s *shelf) document(digest string) ([]byte, bool) {
	return s.get(cache.Document, digest)
}

func (s *shelf) putDocument(digest string, content []byte) {
	s.memory.Put(digest, content)
	s.disk.Put(cache.Document, digest, content)
}

// named returns what a reference was the last time.
func (s *shelf) named(ref string) (v1.Descriptor, bool) {
	var descriptor v1.Descriptor
	content, ok := s.get(cache.Tag, ref)
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
	s.memory.Put(ref, content)
	if onDisk {
		s.disk.Put(cache.Tag, ref, content)
	}
}

func (s *shelf) get(kind cache.Kind, key string) ([]byte, bool) {
	if content, ok := s.memory.Get(key); ok {
		return content, true
	}
	content, ok := s.disk.Get(kind, key)
	if ok {
		s.memory.Put(key, content)
	}
	return content, ok
}

// challenge returns how a server authorised the last time; nil is not known.
func (s *shelf) challenge(address string) *transport.Challenge {
	content, ok := s.disk.Get(cache.Server, address)
	var known *transport.Challenge
	if !ok || json.Unmarshal(content, &known) != nil {
		return nil
	}
	return known
}

func (s *shelf) putChallenge(address string, challenge *transport.Challenge) {
	if content, err := json.Marshal(challenge); err == nil {
		s.disk.Put(cache.Server, address, content)
	}
}

// layerIndexes keeps the indexes of layers on disk.
type layerIndexes struct{ disk *cache.Disk }

func (l layerIndexes) get(diffID v1.Hash) ([]byte, bool) {
	return l.disk.Get(cache.Layer, diffID.String())
}

func (l layerIndexes) put(diffID v1.Hash, index []byte) {
	l.disk.Put(cache.Layer, diffID.String(), index)
}
