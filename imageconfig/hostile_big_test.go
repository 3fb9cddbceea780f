package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// memoryBound is what the tests of this file allow to be allocated, their own
// registry included.
const memoryBound = 64 << 20

// wantLittleMemory checks how much is allocated, in all, while do runs. It is
// not for parallel tests.
func wantLittleMemory(t *testing.T, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > memoryBound {
		t.Errorf("%d MiB were allocated, want at most %d MiB", grown>>20, memoryBound>>20)
	}
}

// chunk is the unit that the large streams of these tests are made of.
const chunk = 16 << 20

// A bomb is a gzip layer with one file of zeros, as many chunks long.
type bomb struct {
	name   string
	chunks int64
}

// parts calls use with the tar stream's start, each chunk of it, and its end.
func (b bomb) parts(t testing.TB, use func(part []byte)) {
	t.Helper()
	var head bytes.Buffer
	header := &tar.Header{Typeflag: tar.TypeReg, Name: b.name, Mode: 0o644, Size: b.chunks * chunk}
	if err := tar.NewWriter(&head).WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	use(head.Bytes())
	zeros := make([]byte, chunk)
	for range b.chunks {
		use(zeros)
	}
	use(zeros[:1024])
}

// serve returns the files of an image with that layer.
func (b bomb) serve(t testing.TB) fs.FS {
	t.Helper()
	plain := sha256.New()
	var packed bytes.Buffer
	packedChunk := gzipped(t, make([]byte, chunk))
	b.parts(t, func(part []byte) {
		_, _ = plain.Write(part) // a hash never fails
		if len(part) == chunk {
			packed.Write(packedChunk)
			return
		}
		packed.Write(gzipped(t, part))
	})
	answers := liar{}
	diffID := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(plain.Sum(nil))}
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, diffID))
	answers.tag(manifestOf(t, config, answers.add("/blobs/", types.OCILayer, packed.Bytes())), types.OCIManifestSchema1)
	return filesOf(t, find(t, &imageconfig.Registry{}, serve(t, answers)+"/app"))
}

// A megabyte of gzip holds an account file of 896 MiB: the layer is read, but of
// the file only as much as any account file may have.
func TestHostileAccountFile(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 1.8 GB")
	}
	files := bomb{"etc/passwd", 56}.serve(t)
	wantLittleMemory(t, func() {
		if got := lstat(t, files, "etc/passwd").Size(); got != 56*chunk {
			t.Errorf("size is %d, want 896 MiB", got)
		}
		opened, err := files.Open("etc/passwd")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, opened)
		if n != 10<<20+1 {
			t.Errorf("%d bytes were read, want 10 MiB and one", n)
		}
		wantKind(t, err, imageconfig.ErrInvalid)
	})
}

// A layer above the limit is refused as soon as it is.
func TestHostileGzipBomb(t *testing.T) {
	files := bomb{"bin/bomb", 128}.serve(t)
	wantLittleMemory(t, func() {
		_, err := files.Open("etc/passwd")
		wantKind(t, err, imageconfig.ErrInvalid)
	})
}

// endless writes a block again and again, until the reader hangs up.
func endless(block func(n int) []byte, until int) func(io.Writer) error {
	return func(w io.Writer) error {
		for n := range until {
			if _, err := w.Write(block(n)); err != nil {
				return err
			}
		}
		return errors.New("the reader did not hang up")
	}
}

// A document that does not end is not read to its end.
func TestHostileLargeDocuments(t *testing.T) {
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	large := content{mediaType: types.OCIManifestSchema1, write: endless(func(int) []byte { return blanks }, 100)}
	failing := large
	failing.status = 418
	promised := describe(types.OCIManifestSchema1, []byte("promised"))
	lyingConfig := manifestOf(t, v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: promised.Digest})
	small := func(mediaType types.MediaType, body []byte) content {
		return content{mediaType: mediaType, write: writes(body)}
	}
	tests := []struct {
		name, reason string
		repository   string
		top          content
		want         error
	}{
		{"manifest", "a manifest of 100 MB by its tag", "/app", large, imageconfig.ErrInvalid},
		{"manifest of an index", "a manifest of 100 MB by its digest", "/app", small(types.OCIImageIndex, indexOf(t, promised)), imageconfig.ErrInvalid},
		{"config", "a config of 100 MB whose size nobody promises", "/app", small(types.OCIManifestSchema1, lyingConfig), imageconfig.ErrInvalid},
		{"blobs in the name", "a repository's name does not lift the limit", "/app/blobs/x", large, imageconfig.ErrInvalid},
		{"error", "an answer of 100 MB that is an error", "/app", failing, imageconfig.ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			answers := liar{
				"/manifests/latest":                      tt.top,
				"/manifests/" + promised.Digest.String(): large,
				"/blobs/" + promised.Digest.String():     large,
			}
			ref := serve(t, answers) + tt.repository
			wantLittleMemory(t, func() {
				image, err := (&imageconfig.Registry{}).Image(t.Context(), ref, amd64)
				wantNoImage(t, image, err, tt.want)
			})
		})
	}
}

// numbered returns what makes the n-th of many tar entries.
func numbered(t testing.TB, template entry) func(n int) []byte {
	t.Helper()
	block := tarOf(t, template)[:512]
	return func(n int) []byte {
		copy(block, fmt.Sprintf("%08d", n))
		return checksummed(block)
	}
}

// A layer without an end is given up at the limit of its entries. What is held
// until then is measured as the entries are written.
func TestHostileManyEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a million entries")
	}
	tests := []struct {
		name, reason string
		template     entry
	}{
		{"files", "files in directories that no entry names", file("00000000/a/b/c/d/e/f/g", "")},
		{"directories", "one entry makes many directories", dir("00000000" + strings.Repeat("/d", 45))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			var most atomic.Uint64
			block := numbered(t, tt.template)
			measured := func(n int) []byte {
				if n%(1<<14) == 0 && n <= 1<<14 || n%(1<<18) == 0 {
					var now runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&now)
					most.Store(max(most.Load(), now.HeapAlloc))
				}
				return block(n)
			}
			answers := liar{}
			layer := v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: 1 << 30, Digest: hashOf(nil)}
			config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(nil)))
			answers.tag(manifestOf(t, config, layer), types.OCIManifestSchema1)
			answers["/blobs/"+layer.Digest.String()] = content{write: endless(measured, 1<<21)}
			files := filesOf(t, find(t, &imageconfig.Registry{}, serve(t, answers)+"/app"))
			_, err := files.Open("etc/passwd")
			wantKind(t, err, imageconfig.ErrInvalid)
			if held := most.Load() >> 20; held > 512 {
				t.Errorf("%d MiB were held, want at most 512 MiB", held)
			}
		})
	}
}

// A zstd frame says how much of what it holds must be kept: too much is refused.
func TestHostileZstdWindow(t *testing.T) {
	// Magic, a frame header with a window of 1 GiB and no size, one raw block.
	frame := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x10, 0x00}, make([]byte, 512)...)
	files := streamed(t, [][]byte{make([]byte, 512)}, [][]byte{frame})
	wantLittleMemory(t, func() {
		_, err := files.Open("etc/passwd")
		wantKind(t, err, imageconfig.ErrInvalid)
	})
}
