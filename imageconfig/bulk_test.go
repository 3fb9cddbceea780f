package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// bulkFile is how many bytes each file of a bulk has.
const bulkFile = 1 << 20

// A bulk is a large layer that is written as it is made, in little memory. All of
// its large files have the same content, packed once: pseudo-random text that
// compresses to a half. Each is a gzip member or a zstd frame of its own, in all
// formats.
type bulk struct {
	format   string // gzip, zstd, estargz or zstd:chunked
	name     string // of the directory that has the files
	files    int    // their number
	accounts bool   // whether there are account files, before the last file

	out    io.Writer
	sum    hash.Hash // of the blob
	size   int64
	stream hash.Hash // of what it unpacks to
	toc    bytes.Buffer
}

// pack compresses something as a stream of its own.
func (b *bulk) pack(t testing.TB, content []byte) []byte {
	t.Helper()
	if b.format == "zstd" || b.format == "zstd:chunked" {
		return zstdFrame(t, content)
	}
	return gzipped(t, content)
}

// put writes what is packed already.
func (b *bulk) put(t testing.TB, packed []byte) {
	t.Helper()
	if _, err := b.out.Write(packed); err != nil {
		t.Fatal(err)
	}
	b.sum.Write(packed)
	b.size += int64(len(packed))
}

// add writes a file. The digest is that of its content.
func (b *bulk) add(t testing.TB, name string, content, packed []byte, digest v1.Hash) {
	t.Helper()
	var header bytes.Buffer
	w := tar.NewWriter(&header)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	padding := make([]byte, -len(content)&511)
	b.put(t, b.pack(t, header.Bytes()))
	begin := b.size
	b.put(t, packed)
	if b.toc.Len() > 0 {
		b.toc.WriteByte(',')
	}
	fmt.Fprintf(&b.toc, `{"type":"reg","name":%q,"mode":420,"size":%d,"offset":%d,"endOffset":%d,"digest":"%s","chunkDigest":"%[5]s"}`,
		name, len(content), begin, b.size, digest)
	if len(padding) > 0 {
		b.put(t, b.pack(t, padding))
	}
	b.stream.Write(header.Bytes())
	b.stream.Write(content)
	b.stream.Write(padding)
}

// write writes the layer and describes it.
func (b *bulk) write(t testing.TB, out io.Writer) (v1.Descriptor, v1.Hash) {
	t.Helper()
	b.out, b.sum, b.stream = out, sha256.New(), sha256.New()
	content := make([]byte, bulkFile)
	if _, err := rand.NewChaCha8([32]byte{}).Read(content); err != nil {
		t.Fatal(err)
	}
	for n := range content {
		content[n] = "0123456789abcdef"[content[n]&15]
	}
	packed, digest := b.pack(t, content), hashOf(content)
	for n := range b.files {
		if b.accounts && n == b.files-1 {
			for name, text := range map[string]string{"etc/passwd": truth, "etc/group": "root:x:0:\n"} {
				b.add(t, name, []byte(text), b.pack(t, []byte(text)), hashOf([]byte(text)))
			}
		}
		b.add(t, fmt.Sprintf("%s/%06d", b.name, n), content, packed, digest)
	}
	described := v1.Descriptor{MediaType: types.OCILayer}
	if b.format == "zstd" || b.format == "zstd:chunked" {
		described.MediaType = types.OCILayerZStd
	}
	described.Annotations = b.finish(t)
	described.Size, described.Digest = b.size, sumOf(b.sum)
	return described, sumOf(b.stream)
}

// finish writes the end of the tar stream and the table of contents.
func (b *bulk) finish(t testing.TB) map[string]string {
	t.Helper()
	end := make([]byte, 1024)
	table := []byte(`{"version":1,"entries":[` + b.toc.String() + `]}`)
	if b.format == "estargz" {
		tail := tarOf(t, file("stargz.index.json", string(table)))
		begin := b.size
		b.put(t, gzipped(t, tail))
		b.stream.Write(tail)
		b.put(t, fmt.Appendf([]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x1a\x00SG\x16\x00"),
			"%016xSTARGZ\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00", begin))
		return map[string]string{"containerd.io/snapshot/stargz/toc.digest": hashOf(table).String()}
	}
	b.put(t, b.pack(t, end))
	b.stream.Write(end)
	if b.format != "zstd:chunked" {
		return nil
	}
	packed := zstdFrame(t, table)
	b.put(t, binary.LittleEndian.AppendUint32([]byte{0x50, 0x2a, 0x4d, 0x18}, uint32(len(packed))))
	position := fmt.Sprintf("%d:%d:%d:1", b.size, len(packed), len(table))
	b.put(t, packed)
	return map[string]string{
		"io.github.containers.zstd-chunked.manifest-position": position,
		"io.github.containers.zstd-chunked.manifest-checksum": hashOf(packed).String(),
	}
}

func sumOf(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// bulkLayout writes an image of that many layers, of that many files each, to a
// layout: the account files are in one layer, counted from the lowest. It returns
// how many bytes the layers have.
func bulkLayout(t testing.TB, dir, format string, layers, files, accounts int) (size int64) {
	t.Helper()
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	descriptors, diffIDs := make([]v1.Descriptor, layers), make([]v1.Hash, layers)
	for n := range layers {
		blob, err := os.Create(filepath.Join(blobs, "new"))
		if err != nil {
			t.Fatal(err)
		}
		made := &bulk{format: format, name: fmt.Sprint("layer", n), files: files, accounts: n == accounts}
		descriptors[n], diffIDs[n] = made.write(t, blob)
		if err := blob.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(blob.Name(), filepath.Join(blobs, descriptors[n].Digest.Hex)); err != nil {
			t.Fatal(err)
		}
		size += descriptors[n].Size
	}
	config := configOf(t, diffIDs...)
	manifest := manifestOf(t, describe(types.OCIConfigJSON, config), descriptors...)
	for _, body := range [][]byte{config, manifest} {
		write(filepath.Join(blobs, hashOf(body).Hex), body)
	}
	entry := describe(types.OCIManifestSchema1, manifest)
	entry.Annotations = map[string]string{refName: "v1"}
	write(filepath.Join(dir, "index.json"), indexOf(t, entry))
	return size
}
