package imageconfig

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxTOCBytes is the longest table of contents that is read, compressed or not:
// what containers/storage reads.
const maxTOCBytes = 150 << 20

// errNoTable says that a layer's table of contents is what the manifest
// promises, but does not serve, so that the whole layer is to be read.
var errNoTable = errors.New("the layer's table of contents cannot be used")

// A toc is where the table of contents of a layer stands, whose digest the
// manifest promises.
type toc struct {
	from   sectionStore
	blob   v1.Descriptor
	digest v1.Hash
	// open opens the table's JSON, as its format has it.
	open func(ctx context.Context, t *toc) (*tocStream, error)
}

// A tocStream is the JSON of a table of contents.
type tocStream struct {
	io.Reader
	body io.Closer
	// finish reads what is left of the table and checks its digest.
	finish func() error
}

// tocOf returns the table of contents that a manifest promises of a layer; nil
// where it promises none, or where the store has no sections.
func tocOf(from store, blob v1.Descriptor) *toc {
	sections, ok := from.(sectionStore)
	if !ok {
		return nil
	}
	for _, format := range []func(v1.Descriptor) *toc{zstdChunkedTOC, estargzTOC} {
		if found := format(blob); found != nil {
			found.from, found.blob = sections, blob
			return found
		}
	}
	return nil
}

// each visits the entries of the table as tar headers, with the places of the
// files that are wanted. If the table is the one promised, any error but the
// context's and the store's is errNoTable.
func (t *toc) each(ctx context.Context, wanted func(*tar.Header, int) bool, visit func(*tar.Header, *place) error) error {
	stream, err := t.open(ctx, t)
	if err != nil {
		return noTable(ctx, err)
	}
	entries := &locator{wanted: wanted, visit: visit}
	unusable := eachTOCEntry(stream, nil, entries.add)
	if unusable == nil {
		unusable = entries.flush()
	}
	if err := firstError(stream.finish(), stream.body.Close()); err != nil {
		return layerError(ctx, err)
	}
	if unusable != nil {
		return fmt.Errorf("%w: %w", errNoTable, unusable)
	}
	return nil
}

// noTable makes the error of a store without sections one of the table.
func noTable(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errNoSection):
		return fmt.Errorf("%w: %w", errNoTable, err)
	case errors.Is(err, errNoTable):
		return err
	default:
		return layerError(ctx, err)
	}
}

// content reads a file's content, up to maxFileBytes.
func (t *toc) content(ctx context.Context, at *place) ([]byte, error) {
	content, err := at.read(ctx, t.from, t.blob)
	if err != nil {
		return nil, noTable(ctx, err)
	}
	return content, nil
}

// A summed hashes what is read, and gives its first error again.
type summed struct {
	io.Reader
	hash hash.Hash
	err  error
}

func newSummed(from io.Reader) *summed { return &summed{Reader: from, hash: sha256.New()} }

func (s *summed) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.Reader.Read(p)
	_, _ = s.hash.Write(p[:n]) // a hash never fails
	s.err = err
	return n, err
}

// finish reads to the end and checks the digest.
func (s *summed) finish(promised v1.Hash) error {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return err
	}
	if sum := hex.EncodeToString(s.hash.Sum(nil)); sum != promised.Hex {
		return invalid("layer: table of contents of digest sha256:%s came for %s", sum, promised)
	}
	return nil
}
