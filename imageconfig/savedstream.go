package imageconfig

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"
)

// stream opens the stream.
func (s *savedLayers) stream(ctx context.Context) (*savedStream, error) {
	body, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	bounded := &boundedStream{ReadCloser: body, left: s.limit}
	return &savedStream{Closer: body, ctx: ctx, entries: tar.NewReader(bounded)}, nil
}

// A savedStream is the stream while it is read. It reads the file that next has
// come to.
type savedStream struct {
	io.Closer
	ctx     context.Context //nolint:containedctx // lives as long as the stream
	entries *tar.Reader
	seen    int
}

func (s *savedStream) Read(p []byte) (int, error) { return s.entries.Read(p) }

// next goes on to the next regular file; io.EOF if there is none.
func (s *savedStream) next() (*tar.Header, error) {
	for {
		if s.ctx.Err() != nil {
			return nil, context.Cause(s.ctx)
		}
		header, err := s.entries.Next()
		var known *Error
		switch {
		case errors.Is(err, io.EOF), errors.As(err, &known):
			return nil, err
		case err != nil:
			return nil, invalid("the saved image: %w", err)
		}
		if s.seen++; s.seen > maxArchiveEntries {
			return nil, invalid("the saved image has more than %d files", maxArchiveEntries)
		}
		if header.Typeflag == tar.TypeReg {
			return header, nil
		}
	}
}

// A savedFile is a file of the stream that may be a layer.
type savedFile struct {
	name string
	size int64
	// tree is what it holds, unpacked as a layer that lies above another. Nil if
	// that failed: then whoever needs the layer reads it for itself and says why.
	tree *node
	// whiteouts is whether the tree is another one for a layer that lies lowest.
	whiteouts bool
}

// unpack reads the file, and returns its hash unless it cannot be decompressed.
func (f *savedFile) unpack(ctx context.Context, body io.Reader) (sum string, ok bool) {
	stream, err := decompressed(io.NopCloser(body), nil)
	if err != nil {
		return "", false
	}
	defer stream.Close() //nolint:errcheck // what counts is the hash
	counted := &layerStream{ctx: ctx, Reader: stream, left: unpackedLimit(f.size), hash: sha256.New()}
	b := &builder{root: newDirectory()}
	if f.build(b, tar.NewReader(counted)) == nil {
		f.tree = b.root
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return "", false
	}
	return hex.EncodeToString(counted.hash.Sum(nil)), true
}

func (f *savedFile) build(b *builder, entries *tar.Reader) error {
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f.whiteouts = f.whiteouts || strings.HasPrefix(path.Base(header.Name), whiteoutPrefix)
		if err := b.add(header, entries); err != nil {
			return err
		}
	}
}
