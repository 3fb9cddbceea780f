package imageconfig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A place is where the content of a regular file stands in a layer's blob, and
// what it is to be.
type place struct {
	offset int64 // of the compressed stream that has it
	end    int64 // of that stream; 0 is not known
	inner  int64 // where it begins in what the stream unpacks to
	size   int64
	chunks []chunk // one after another, from the file's begin on
}

// A chunk is a part of a file that has a digest.
type chunk struct {
	end    int64 // in the file
	sha256 [sha256.Size]byte
}

// chunkBytes is what a chunk takes in memory.
const chunkBytes = 48

// covered returns how much of the file the chunks are.
func (p *place) covered() int64 {
	if len(p.chunks) == 0 {
		return 0
	}
	return p.chunks[len(p.chunks)-1].end
}

// bytes returns what the place takes in memory.
func (p *place) bytes() int { return chunkBytes * (1 + len(p.chunks)) }

// length returns how many bytes of the blob are enough to read what the chunks
// cover: as many as it takes if it does not compress, with what headers and short
// blocks add, but none behind the end. The limit is the blob's size.
func (p *place) length(limit int64) (int64, error) {
	switch most := unpackedLimit(limit); {
	case p.offset < 0, p.offset >= limit, p.end > limit:
		return 0, fmt.Errorf("content from %d to %d of %d bytes", p.offset, p.end, limit)
	case p.inner < 0, p.inner > most, p.covered() > most:
		return 0, fmt.Errorf("content of %d bytes after %d others in a layer of %d bytes", p.covered(), p.inner, limit)
	}
	most := p.inner + p.covered()
	most += most/32 + 4096
	if p.end > p.offset {
		most = min(most, p.end-p.offset)
	}
	return min(most, limit-p.offset), nil
}

// read returns the content, up to maxFileBytes, and checks each chunk of it.
func (p *place) read(ctx context.Context, from sectionStore, blob v1.Descriptor) (content []byte, err error) {
	length, err := p.length(blob.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoTable, err)
	}
	body, err := from.section(ctx, blob, p.offset, length)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, body.Close()) }()
	stream, err := decompressor(&contextReader{body, ctx})
	if err != nil {
		return nil, early(err)
	}
	if _, err := io.CopyN(io.Discard, stream, p.inner); err != nil {
		return nil, early(err)
	}
	var kept bytes.Buffer
	begin := int64(0)
	for _, c := range p.chunks {
		sum := sha256.New()
		keeper := &limitedWriter{&kept, maxFileBytes}
		if _, err := io.CopyN(io.MultiWriter(sum, keeper), stream, c.end-begin); err != nil {
			return nil, early(err)
		}
		if !bytes.Equal(sum.Sum(nil), c.sha256[:]) {
			return nil, invalid("layer: a file has the digest sha256:%x, but its table of contents promises sha256:%x", sum.Sum(nil), c.sha256)
		}
		begin = c.end
	}
	return kept.Bytes(), nil
}

// early makes the end of a stream that has less than it should errNoTable: it may
// be that what was asked for was not enough.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: content ends early", errNoTable)
	}
	return err
}

// A limitedWriter drops what a buffer has no room for.
type limitedWriter struct {
	kept *bytes.Buffer
	most int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	_, _ = w.kept.Write(p[:min(len(p), w.most-w.kept.Len())]) // a buffer never fails
	return len(p), nil
}

// A contextReader fails when its context has ended.
type contextReader struct {
	io.Reader
	ctx context.Context //nolint:containedctx // lives for one call
}

func (r *contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}
