package imageconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// A cacheKind says what an entry of a cache holds.
type cacheKind string

const (
	// documentKind: a manifest, an index or a config. Its key is its digest.
	documentKind cacheKind = "document"
	// layerKind: what was read from a layer. Its key is a digest of the layer.
	layerKind cacheKind = "layer"
	// tagKind: the descriptor that a tag had when it was last asked for, which is
	// but a hint. Its key is the tag with its registry and repository.
	tagKind cacheKind = "tag"
)

// A cacheEntry names an entry.
type cacheEntry struct {
	kind cacheKind
	key  string
}

// id returns the hash of the name.
func (e cacheEntry) id() [sha256.Size]byte {
	return sha256.Sum256([]byte(string(e.kind) + "\x00" + e.key))
}

// path returns the entry's file. No key, whatever its characters, leads out of
// the directory, and no two differ in case alone.
func (e cacheEntry) path(dir string) string {
	id := e.id()
	name := hex.EncodeToString(id[:])
	return filepath.Join(dir, name[:2], name[2:])
}

// encode returns what the entry's file holds: a document as it is, which its key
// checks; anything else behind a checksum.
func (e cacheEntry) encode(content []byte) []byte {
	if e.kind == documentKind {
		return content
	}
	return append(e.checksum(content), content...)
}

// decode returns the content of the entry's file, if it is the one that was
// written.
func (e cacheEntry) decode(stored []byte) ([]byte, bool) {
	if e.kind == documentKind {
		sum := sha256.Sum256(stored)
		return stored, e.key == "sha256:"+hex.EncodeToString(sum[:])
	}
	if len(stored) < sha256.Size {
		return nil, false
	}
	content := stored[sha256.Size:]
	return content, bytes.Equal(stored[:sha256.Size], e.checksum(content))
}

// checksum covers the name too: the file of another entry is found out.
func (e cacheEntry) checksum(content []byte) []byte {
	id, hash := e.id(), sha256.New()
	_, _ = hash.Write(id[:]) // a hash never fails
	_, _ = hash.Write(content)
	return hash.Sum(nil)
}
