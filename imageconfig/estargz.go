package imageconfig

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
)

const (
	// estargzFooter is how long the footer of an eStargz layer is: an empty gzip
	// stream that says where the table of contents is.
	estargzFooter = 51
	// estargzTable is the tar entry that has the table.
	estargzTable = "stargz.index.json"
)

// estargzTOC returns the table of contents of an eStargz layer: a tar entry of its
// own, in the last gzip stream. It does not list itself, so it is not among the
// files, though a runtime that knows nothing of eStargz unpacks it, unless the
// tar stream ends before. A table outside of the layer is not looked for.
//
// Source: stargz-snapshotter's [docs/estargz.md].
//
// [docs/estargz.md]: https://github.com/containerd/stargz-snapshotter/blob/7cf47cba499264f61bc4adac00e05edd599ca48f/docs/estargz.md
func estargzTOC(blob v1.Descriptor) *toc {
	digest, err := v1.NewHash(blob.Annotations["containerd.io/snapshot/stargz/toc.digest"])
	if err != nil || digest.Algorithm != "sha256" || blob.Size <= estargzFooter {
		return nil
	}
	return &toc{digest: digest, open: openEstargz}
}

// openEstargz opens the table. Its digest is that of the JSON. What is no table
// before that can be checked is errNoTable.
func openEstargz(ctx context.Context, t *toc) (*tocStream, error) {
	offset, err := t.readEstargzFooter(ctx)
	if err != nil {
		return nil, unlessKnown(ctx, err)
	}
	length := t.blob.Size - estargzFooter - offset
	if length > maxTOCBytes {
		return nil, fmt.Errorf("%w: it has %d bytes", errNoTable, length)
	}
	body, err := t.from.section(ctx, t.blob, offset, length)
	if err != nil {
		return nil, err
	}
	stream, err := estargzStream(&contextReader{body, ctx}, t.digest)
	if err != nil {
		return nil, firstError(unlessKnown(ctx, err), body.Close())
	}
	stream.body = body
	return stream, nil
}

// estargzStream reads the header of the tar entry that has the table.
func estargzStream(body io.Reader, digest v1.Hash) (*tocStream, error) {
	unpacked, err := gzip.NewReader(bufio.NewReader(body))
	if err != nil {
		return nil, err
	}
	entries := tar.NewReader(unpacked)
	header, err := entries.Next()
	if err != nil {
		return nil, err
	}
	if header.Name != estargzTable || header.Typeflag != tar.TypeReg || header.Size > maxTOCBytes {
		return nil, fmt.Errorf("entry %q of %d bytes", header.Name, header.Size)
	}
	table := newSummed(entries)
	return &tocStream{Reader: table, finish: func() error { return table.finish(digest) }}, nil
}

// readEstargzFooter reads where the table begins.
func (t *toc) readEstargzFooter(ctx context.Context) (offset int64, err error) {
	begin := t.blob.Size - estargzFooter
	body, err := t.from.section(ctx, t.blob, begin, estargzFooter)
	if err != nil {
		return 0, err
	}
	defer func() { err = firstError(err, body.Close()) }()
	footer := make([]byte, estargzFooter)
	if _, err := io.ReadFull(&contextReader{body, ctx}, footer); err != nil {
		return 0, err
	}
	// 10 bytes of gzip header, the length of its extra field, which has one
	// subfield "SG" of 22 bytes: the offset in 16 hexadecimal digits and a mark.
	if string(footer[:4]) != "\x1f\x8b\x08\x04" || string(footer[10:16]) != "\x1a\x00SG\x16\x00" || string(footer[32:38]) != "STARGZ" {
		return 0, errors.New("there is no footer")
	}
	at, err := strconv.ParseUint(string(footer[16:32]), 16, 63)
	if err != nil || int64(at) >= begin {
		return 0, fmt.Errorf("the footer names the offset %q", footer[16:32])
	}
	return int64(at), nil
}

// unlessKnown makes an error errNoTable unless the context or the store says it.
func unlessKnown(ctx context.Context, err error) error {
	var known *Error
	if ctx.Err() != nil || errors.As(err, &known) || errors.Is(err, errNoSection) {
		return err
	}
	return fmt.Errorf("%w: %w", errNoTable, err)
}
