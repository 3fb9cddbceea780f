package imageconfig

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"unicode/utf8"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/zstd"
)

// maxIndexBytes is the largest index that is made, compressed. A layer that
// needs a larger one has none.
const maxIndexBytes = 16 << 20

// An indexCache keeps the indexes of layers. It is safe for concurrent use.
//
// A layer's index is its entries without their content, but for that of small
// account files: a table of contents as [tocEntry] describes it, with the diffID,
// as zstd. It is made of layers that have been read to the end and checked, so
// whoever can write to the cache decides what the layers hold.
type indexCache interface {
	// get returns what put was given for a layer; not ok is that there is none.
	get(diffID v1.Hash) (index []byte, ok bool)
	// put may keep the index. It must not change it.
	put(diffID v1.Hash, index []byte)
}

// An indexRecorder writes the index of a layer while it is unpacked.
type indexRecorder struct {
	diffID  v1.Hash
	out     limitedBuffer
	packer  *zstd.Encoder
	encoder *json.Encoder
	begun   bool
	err     error // the layer has no index
}

func newIndexRecorder(diffID v1.Hash) *indexRecorder {
	r := &indexRecorder{diffID: diffID}
	r.packer, r.err = zstd.NewWriter(&r.out, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if r.err == nil {
		r.encoder = json.NewEncoder(r.packer)
		_, r.err = fmt.Fprintf(r.packer, `{"version":1,"diffID":%q,"entries":[`, diffID)
	}
	return r
}

// add records an entry and passes it on.
func (r *indexRecorder) add(header *tar.Header, body io.Reader, next func(*tar.Header, io.Reader) error) error {
	entry := &tocEntry{
		Type: typeName(header.Typeflag), Name: header.Name, LinkName: header.Linkname, Mode: header.Mode,
		UID: header.Uid, GID: header.Gid, DevMajor: header.Devmajor, DevMinor: header.Devminor,
	}
	if header.Typeflag == tar.TypeReg {
		entry.Size = header.Size
		if keeps(path.Base(path.Clean(header.Name)), header.Size) {
			var err error
			if entry.Content, err = io.ReadAll(body); err != nil {
				return err
			}
			body = bytes.NewReader(entry.Content)
		}
	}
	if r.err == nil {
		r.err = r.write(entry)
	}
	return next(header, body)
}

func (r *indexRecorder) write(entry *tocEntry) error {
	if !utf8.ValidString(entry.Name) || !utf8.ValidString(entry.LinkName) {
		return errors.New("JSON has no such names")
	}
	if r.begun {
		if _, err := io.WriteString(r.packer, ","); err != nil {
			return err
		}
	}
	r.begun = true
	return r.encoder.Encode(entry)
}

// finish returns the index, nil if there is none.
func (r *indexRecorder) finish() []byte {
	if r.err == nil {
		_, r.err = io.WriteString(r.packer, "]}")
	}
	if err := firstError(r.err, r.packer.Close()); err != nil {
		return nil
	}
	return r.out.Bytes()
}

// A limitedBuffer fails at maxIndexBytes.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxIndexBytes {
		return 0, errors.New("the index is too long")
	}
	return b.Buffer.Write(p)
}

// eachIndexed visits the entries of a layer's index. Only after its end is it
// known to be that layer's, and whole.
func eachIndexed(index []byte, diffID v1.Hash, visit func(*tar.Header, io.Reader) error) error {
	unpacked, err := newZstdReader(bytes.NewReader(index))
	if err != nil {
		return err
	}
	table := io.LimitReader(unpacked, maxTOCBytes)
	var named v1.Hash
	other := func(name string, value json.RawMessage) error {
		if name != "diffID" {
			return fmt.Errorf("unknown member %q", name)
		}
		return json.Unmarshal(value, &named)
	}
	err = eachTOCEntry(table, other, func(entry *tocEntry) error {
		header, err := entry.header()
		if err != nil {
			return err
		}
		return visit(header, bytes.NewReader(entry.Content))
	})
	if err != nil {
		return err
	}
	if named != diffID {
		return fmt.Errorf("it is that of %s", named)
	}
	_, err = io.Copy(io.Discard, table) // zstd has its checksum at the end
	return err
}
