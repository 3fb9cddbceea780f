package imageconfig

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxChunks is how many chunks of one file are read.
const maxChunks = 1 << 16

// A locator reads the entries of a table of contents as tar headers, each
// regular file with its chunks.
type locator struct {
	// wanted says of which files the place is to be found, by their ordinal.
	wanted func(header *tar.Header, ordinal int) bool
	visit  func(header *tar.Header, at *place) error

	ordinal int
	header  *tar.Header // a regular file that may have more chunks
	digest  string
	at      *place // nil if it is not wanted
}

// add takes the next entry.
func (l *locator) add(entry *tocEntry) error {
	if entry.Type == typeChunk {
		if l.header == nil {
			return fmt.Errorf("chunk of %q is not one of the file before it", entry.Name)
		}
		return l.addChunk(entry)
	}
	if err := l.flush(); err != nil {
		return err
	}
	if strings.ContainsRune(entry.Name, utf8.RuneError) || strings.ContainsRune(entry.LinkName, utf8.RuneError) {
		return fmt.Errorf("entry %q may have a name that JSON does not have", entry.Name)
	}
	header, err := entry.header()
	if err != nil {
		return err
	}
	l.ordinal++
	if header.Typeflag != tar.TypeReg {
		return l.visit(header, nil)
	}
	l.header, l.digest = header, entry.Digest
	if header.Size == 0 || !l.wanted(header, l.ordinal) {
		return nil
	}
	l.at = &place{offset: entry.Offset, end: entry.EndOffset, inner: entry.InnerOffset, size: header.Size}
	return l.addChunk(entry)
}

// addChunk takes a further part of the file, if anybody wants it.
func (l *locator) addChunk(entry *tocEntry) error {
	at := l.at
	if at == nil || at.covered() >= min(at.size, maxFileBytes) {
		return nil
	}
	size := entry.ChunkSize
	if size == 0 {
		size = at.size - entry.ChunkOffset
	}
	switch {
	case entry.ChunkOffset != at.covered(), size <= 0, size > at.size-at.covered():
		return fmt.Errorf("chunk of %d bytes at %d of file %q, which has %d bytes and %d before it",
			entry.ChunkSize, entry.ChunkOffset, l.header.Name, at.size, at.covered())
	case len(at.chunks) == maxChunks:
		return fmt.Errorf("file %q has more than %d chunks", l.header.Name, maxChunks)
	}
	digest := entry.ChunkDigest
	if digest == "" && size == at.size {
		digest = l.digest
	}
	sum, err := sha256Of(digest)
	if err != nil {
		return fmt.Errorf("file %q: %w", l.header.Name, err)
	}
	at.chunks = append(at.chunks, chunk{at.covered() + size, sum})
	return nil
}

// flush visits the file whose chunks are all known.
func (l *locator) flush() error {
	header, at := l.header, l.at
	l.header, l.at = nil, nil
	switch {
	case header == nil:
		return nil
	case at != nil && at.covered() < min(at.size, maxFileBytes):
		return fmt.Errorf("file %q has %d bytes, but chunks for %d", header.Name, at.size, at.covered())
	default:
		return l.visit(header, at)
	}
}

// sha256Of parses a digest.
func sha256Of(digest string) (sum [sha256.Size]byte, err error) {
	encoded, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || len(encoded) != hex.EncodedLen(len(sum)) {
		return sum, fmt.Errorf("%q is no sha256 digest", digest)
	}
	_, err = hex.Decode(sum[:], []byte(encoded))
	return sum, err
}
