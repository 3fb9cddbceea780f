package imageconfig

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// unlimited is the size of what has no known bound.
const unlimited = -1

// unpackedLimit returns how many bytes a layer of that size may unpack to.
func unpackedLimit(size int64) int64 { return max(1<<30, 200*size) }

// A layer is one layer of an image. Its tree is read when it is first needed,
// once.
type layer struct {
	// open returns the layer's tar stream, decompressed.
	open func(ctx context.Context) (io.ReadCloser, error)
	// diffID is what the config promises of that stream.
	diffID v1.Hash
	// sizeLimit is how long the stream may be.
	sizeLimit int64
	// lowest is whether no layer lies below.
	lowest bool
	// toc is the layer's table of contents, nil if it has none.
	toc *toc
	// set is what the layer is shared through, nil if it is not.
	set *layerSet

	once   sync.Once
	shared *tree
}

// uncompressed returns what opens a layer of go-containerregistry.
func uncompressed(content v1.Layer) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return content.Uncompressed() }
}

// tree returns what the layer shares with its like.
func (l *layer) tree() *tree {
	l.once.Do(func() {
		key := treeKey{diffID: l.diffID, lowest: l.lowest}
		if l.toc != nil {
			key.toc = l.toc.digest
		}
		l.shared = l.set.tree(key)
	})
	return l.shared
}

// root returns the layer's tree. A tree that could not be read is read again by
// the next call, which may be another image's.
func (l *layer) root(ctx context.Context) (*node, error) {
	t := l.tree()
	if err := t.acquire(ctx); err != nil {
		return nil, err
	}
	defer t.release()
	if t.root != nil {
		return t.root, nil
	}
	var err error
	t.root, err = l.read(ctx, t)
	return t.root, err
}

// read reads the tree from where it costs least: an index of the layer, its
// table of contents, or all of it.
func (l *layer) read(ctx context.Context, t *tree) (*node, error) {
	if root := l.indexed(); root != nil {
		return root, nil
	}
	if l.toc != nil && !t.whole {
		root, places, err := l.listed(ctx)
		if !errors.Is(err, errNoTable) {
			t.places = places
			return root, err
		}
		t.whole = true
	}
	return l.unpacked(ctx)
}

// unpacked reads the tree from the whole layer.
func (l *layer) unpacked(ctx context.Context) (*node, error) {
	b := &builder{root: newDirectory(), lowest: l.lowest}
	if l.set == nil || l.set.index == nil {
		if err := l.eachEntry(ctx, b.add); err != nil {
			return nil, err
		}
		return b.root, nil
	}
	recorder := newIndexRecorder(l.diffID)
	err := l.eachEntry(ctx, func(header *tar.Header, body io.Reader) error {
		return recorder.add(header, body, b.add)
	})
	index := recorder.finish()
	if err != nil {
		return nil, err
	}
	if index != nil {
		l.set.index.put(l.diffID, index)
	}
	return b.root, nil
}

// indexed returns the tree from the layer's index, nil if there is none that can
// be used.
func (l *layer) indexed() *node {
	if l.set == nil || l.set.index == nil {
		return nil
	}
	index, ok := l.set.index.get(l.diffID)
	if !ok {
		return nil
	}
	b := &builder{root: newDirectory(), lowest: l.lowest}
	if err := eachIndexed(index, l.diffID, b.add); err != nil {
		return nil
	}
	return b.root
}

// content returns what a regular file of the layer holds, up to maxFileBytes. It
// reads the whole layer again and checks it, or the file alone where the tree is
// from a table of contents. If that fails with errNoTable, the tree of the whole
// layer is to be asked for the file.
func (l *layer) content(ctx context.Context, file *node) ([]byte, error) {
	if file.listed {
		return l.listedContent(ctx, file)
	}
	if file.content != nil || file.size == 0 {
		return file.content, nil
	}
	var content []byte
	ordinal := 0
	err := l.eachEntry(ctx, func(_ *tar.Header, body io.Reader) (err error) {
		if ordinal++; ordinal == file.ordinal {
			content, err = io.ReadAll(io.LimitReader(body, maxFileBytes))
		}
		return err
	})
	return content, err
}

// eachEntry reads the layer's tar stream to its end and checks it against the
// diffID.
func (l *layer) eachEntry(ctx context.Context, visit func(*tar.Header, io.Reader) error) (err error) {
	stream, err := l.open(ctx)
	if err != nil {
		return layerError(ctx, err)
	}
	defer func() { err = firstError(err, stream.Close()) }()
	counted := &layerStream{ctx: ctx, Reader: stream, left: l.sizeLimit, hash: sha256.New()}
	entries := tar.NewReader(counted)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return layerError(ctx, err)
		}
		if err := visit(header, entries); err != nil {
			return layerError(ctx, err)
		}
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return layerError(ctx, err)
	}
	if sum := hex.EncodeToString(counted.hash.Sum(nil)); sum != l.diffID.Hex {
		return invalid("layer unpacks to sha256:%s, but the config promises %s", sum, l.diffID)
	}
	return nil
}

// layerError makes an error of reading a layer one of this package's. What is
// none yet is a stream that is no tar or not compressed as it should be.
func layerError(ctx context.Context, err error) error {
	var known *Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return err
	default:
		return invalid("layer: %w", err)
	}
}

// A layerStream is a layer's tar stream, measured.
type layerStream struct {
	io.Reader
	ctx  context.Context //nolint:containedctx // lives for one call of eachEntry
	left int64
	hash hash.Hash
}

func (s *layerStream) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	n, err := s.Reader.Read(p)
	_, _ = s.hash.Write(p[:n]) // a hash never fails
	if s.left != unlimited {
		if s.left -= int64(n); s.left < 0 {
			s.left = 0
			return n, invalid("layer unpacks to more than 1 GiB and 200 times its size")
		}
	}
	return n, err
}
