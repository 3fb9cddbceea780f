package imageconfig

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxEntryBytes bounds what one entry of a table of contents takes in memory.
const maxEntryBytes = 4 << 20

// A tocEntry is an entry of a table of contents: a tar header, or a further
// chunk of the regular file before it.
//
// Source: [TOCEntry] of eStargz and [FileMetadata] of zstd:chunked, which are the
// same but for EndOffset and InnerOffset.
//
// [TOCEntry]: https://github.com/containerd/stargz-snapshotter/blob/7cf47cba499264f61bc4adac00e05edd599ca48f/estargz/types.go
// [FileMetadata]: https://github.com/containers/container-libs/blob/f0ddf1a745bb52c26889dcd69499c2dd9d4f40c1/storage/pkg/chunked/internal/minimal/compression.go
type tocEntry struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	LinkName string `json:"linkName,omitempty"`
	Mode     int64  `json:"mode,omitempty"`
	Size     int64  `json:"size,omitempty"`
	UID      int    `json:"uid,omitempty"`
	GID      int    `json:"gid,omitempty"`
	DevMajor int64  `json:"devMajor,omitempty"`
	DevMinor int64  `json:"devMinor,omitempty"`

	// Where the content stands: compressed from Offset to EndOffset, from
	// InnerOffset on once it is unpacked. EndOffset is 0 where it is not told.
	Offset      int64 `json:"offset,omitempty"`
	EndOffset   int64 `json:"endOffset,omitempty"`
	InnerOffset int64 `json:"innerOffset,omitempty"`
	// Which part of the file the chunk is; a ChunkSize of 0 reaches to its end.
	ChunkOffset int64  `json:"chunkOffset,omitempty"`
	ChunkSize   int64  `json:"chunkSize,omitempty"`
	ChunkDigest string `json:"chunkDigest,omitempty"`
	// Digest is that of the whole file.
	Digest string `json:"digest,omitempty"`

	// Content is the file's own, in a layer's index.
	Content []byte `json:"content,omitempty"`
}

// typeChunk is the type of an entry that is no tar header.
const typeChunk = "chunk"

// tocTypes are the types of entries that are tar headers. The last stands in
// indexes only: it makes no file, but it counts.
var tocTypes = []struct {
	name string
	flag byte
}{
	{"reg", tar.TypeReg},
	{"dir", tar.TypeDir},
	{"symlink", tar.TypeSymlink},
	{"hardlink", tar.TypeLink},
	{"char", tar.TypeChar},
	{"block", tar.TypeBlock},
	{"fifo", tar.TypeFifo},
	{"global", tar.TypeXGlobalHeader},
}

// typeName returns the name of a tar header's type; empty where it has none.
func typeName(flag byte) string {
	for _, each := range tocTypes {
		if each.flag == flag {
			return each.name
		}
	}
	return ""
}

// typeFlag returns the type of that name.
func typeFlag(name string) (byte, bool) {
	for _, each := range tocTypes {
		if each.name == name {
			return each.flag, true
		}
	}
	return 0, false
}

// header returns the tar header that the entry was made of, as far as unpacking
// it needs it.
func (e *tocEntry) header() (*tar.Header, error) {
	flag, ok := typeFlag(e.Type)
	if !ok {
		return nil, fmt.Errorf("entry %q has the unknown type %q", e.Name, e.Type)
	}
	if e.Size < 0 {
		return nil, fmt.Errorf("entry %q has %d bytes", e.Name, e.Size)
	}
	return &tar.Header{
		Typeflag: flag, Name: e.Name, Linkname: e.LinkName, Mode: e.Mode, Size: e.Size,
		Uid: e.UID, Gid: e.GID, Devmajor: e.DevMajor, Devminor: e.DevMinor,
	}, nil
}

// eachTOCEntry reads the JSON of a table of contents, one entry at a time, and
// what other members it has with other.
func eachTOCEntry(table io.Reader, other func(name string, value json.RawMessage) error, visit func(*tocEntry) error) error {
	bounded := &entryReader{table, maxEntryBytes}
	decoder := json.NewDecoder(bounded)
	if err := expect(decoder, json.Delim('{')); err != nil {
		return err
	}
	version, listed := 0, false
	for decoder.More() {
		bounded.left = maxEntryBytes
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		switch name {
		case "version":
			err = decoder.Decode(&version)
		case "entries":
			if listed {
				return errors.New("there are two lists of entries")
			}
			listed = true
			err = eachInArray(decoder, bounded, visit)
		default:
			var value json.RawMessage
			if err = decoder.Decode(&value); err == nil && other != nil {
				err = other(name.(string), value) // the decoder lets no other key pass
			}
		}
		if err != nil {
			return err
		}
	}
	if err := expect(decoder, json.Delim('}')); err != nil {
		return err
	}
	if version != 1 {
		return fmt.Errorf("version %d", version)
	}
	return nil
}

func eachInArray(decoder *json.Decoder, bounded *entryReader, visit func(*tocEntry) error) error {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return err
	}
	for decoder.More() {
		bounded.left = maxEntryBytes
		var entry tocEntry
		if err := decoder.Decode(&entry); err != nil {
			return err
		}
		if err := visit(&entry); err != nil {
			return err
		}
	}
	return expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, wanted json.Delim) error {
	got, err := decoder.Token()
	if err == nil && got != wanted {
		err = fmt.Errorf("%v where %v belongs", got, wanted)
	}
	return err
}

// An entryReader fails when one entry is too long: the decoder holds all of it.
type entryReader struct {
	io.Reader
	left int
}

func (r *entryReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errors.New("an entry is too long")
	}
	n, err := r.Reader.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
