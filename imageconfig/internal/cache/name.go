package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// A Kind says what an entry of a cache holds.
type Kind string

const (
	// Document is a manifest, an index or a config. Its key is its digest.
	Document Kind = "document"
	// Layer is what was read from a layer. Its key is a digest of the layer.
	Layer Kind = "layer"
	// Tag is the descriptor that a tag had when it was last asked for, which is
	// but a hint. Its key is the tag with its registry and repository.
	Tag Kind = "tag"
	// Server is how a registry's server is spoken to, which is but a hint, too. Its
	// key is the server's address.
	Server Kind = "server"
)

// A name is what an entry is kept by.
type name struct {
	kind Kind
	key  string
}

// id returns the hash of the name.
func (n name) id() [sha256.Size]byte {
	return sha256.Sum256([]byte(string(n.kind) + "\x00" + n.key))
}

// path returns the entry's file. No key, whatever its characters, leads out of
// the directory, and no two differ in case alone.
func (n name) path(dir string) string {
	id := n.id()
	encoded := hex.EncodeToString(id[:])
	return filepath.Join(dir, encoded[:2], encoded[2:])
}

// encode returns what the entry's file holds: a document as it is, which its key
// checks; anything else behind a checksum.
func (n name) encode(content []byte) []byte {
	if n.kind == Document {
		return content
	}
	return append(n.checksum(content), content...)
}

// decode returns the content of the entry's file, if it is the one that was
// written.
func (n name) decode(stored []byte) ([]byte, bool) {
	if n.kind == Document {
		sum := sha256.Sum256(stored)
		return stored, n.key == "sha256:"+hex.EncodeToString(sum[:])
	}
	if len(stored) < sha256.Size {
		return nil, false
	}
	content := stored[sha256.Size:]
	return content, bytes.Equal(stored[:sha256.Size], n.checksum(content))
}

// checksum covers the name too: the file of another entry is found out.
func (n name) checksum(content []byte) []byte {
	id, hash := n.id(), sha256.New()
	_, _ = hash.Write(id[:]) // a hash never fails
	_, _ = hash.Write(content)
	return hash.Sum(nil)
}
