package imageconfig

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is how much of what it has unpacked a zstd stream may refer to:
// as much as the zstd program allows where nobody asks for more.
const maxZstdWindow = 128 << 20

// readAhead is how much of a layer is read at once.
const readAhead = 64 << 10

// The first bytes of a stream by which its compression is known.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// decompressed returns what a stream holds: gzip or zstd as its first bytes say,
// else the stream itself. What stop does, if it is not nil, must end a read of
// the stream that waits for more. The stream is closed when this fails: an open
// one would keep its place among the registry's requests.
func decompressed(body io.ReadCloser, stop func()) (io.ReadCloser, error) {
	stream, err := decompressor(body)
	if err != nil {
		if stop != nil {
			stop()
		}
		return nil, firstError(err, body.Close())
	}
	return readingAhead(&section{stream, body}, stop), nil
}

func decompressor(body io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(body, readAhead)
	magic, err := buffered.Peek(len(zstdMagic))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case bytes.HasPrefix(magic, gzipMagic):
		return gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, zstdMagic):
		return newZstdReader(buffered)
	default:
		return buffered, nil
	}
}

// newZstdReader returns a reader without goroutines of its own, which therefore
// need not be closed.
func newZstdReader(body io.Reader) (io.Reader, error) {
	return zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
}
