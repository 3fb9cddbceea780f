package imageconfig

import (
	"context"
	"io"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// zstdChunkedTOC returns the table of contents of a zstd:chunked layer: zstd
// compressed JSON in a frame that other readers of zstd skip.
//
// Source: containers/storage's [minimal.WriteZstdChunkedManifest]. The second
// prefix is [stargz-snapshotter]'s.
//
// [minimal.WriteZstdChunkedManifest]: https://github.com/containers/container-libs/blob/f0ddf1a745bb52c26889dcd69499c2dd9d4f40c1/storage/pkg/chunked/internal/minimal/compression.go
// [stargz-snapshotter]: https://github.com/containerd/stargz-snapshotter/blob/7cf47cba499264f61bc4adac00e05edd599ca48f/estargz/zstdchunked/zstdchunked.go
func zstdChunkedTOC(blob v1.Descriptor) *toc {
	for _, prefix := range []string{"io.github.containers.zstd-chunked.", "io.containers.zstd-chunked."} {
		digest, err := v1.NewHash(blob.Annotations[prefix+"manifest-checksum"])
		offset, length, ok := tocPosition(blob.Annotations[prefix+"manifest-position"])
		if err == nil && digest.Algorithm == "sha256" && ok && offset < blob.Size && length <= blob.Size-offset {
			return &toc{digest: digest, open: func(ctx context.Context, t *toc) (*tocStream, error) {
				return t.openZstdChunked(ctx, offset, length)
			}}
		}
	}
	return nil
}

// tocPosition parses "offset:length:uncompressed length:type", where the type 1
// is the only one.
func tocPosition(text string) (offset, length int64, ok bool) {
	fields := strings.Split(text, ":")
	if len(fields) != 4 || fields[3] != "1" {
		return 0, 0, false
	}
	var numbers [3]int64
	for n := range numbers {
		number, err := strconv.ParseInt(fields[n], 10, 64)
		if err != nil || number <= 0 {
			return 0, 0, false
		}
		numbers[n] = number
	}
	return numbers[0], numbers[1], numbers[1] <= maxTOCBytes && numbers[2] <= maxTOCBytes
}

// openZstdChunked opens the table. Its digest is that of the compressed bytes.
func (t *toc) openZstdChunked(ctx context.Context, offset, length int64) (*tocStream, error) {
	body, err := t.from.section(ctx, t.blob, offset, length)
	if err != nil {
		return nil, err
	}
	compressed := newSummed(io.LimitReader(&contextReader{body, ctx}, length))
	table, err := newZstdReader(compressed)
	if err != nil {
		return nil, firstError(err, body.Close())
	}
	return &tocStream{
		Reader: io.LimitReader(table, maxTOCBytes),
		body:   body,
		finish: func() error { return compressed.finish(t.digest) },
	}, nil
}
