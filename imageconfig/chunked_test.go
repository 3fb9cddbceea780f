package imageconfig_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/drystart/drystart/imageconfig"
)

// A chunked is a layer whose manifest promises a table of contents.
type chunked struct {
	Name        string            `json:"name"`
	MediaType   types.MediaType   `json:"mediaType"`
	DiffID      v1.Hash           `json:"diffID"`
	Annotations map[string]string `json:"annotations"`
	blob        []byte
}

// recorded returns the layers of testdata/chunked.
func recorded(t testing.TB) []chunked {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "chunked", "layers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var layers []chunked
	if err := json.Unmarshal(content, &layers); err != nil {
		t.Fatal(err)
	}
	for n := range layers {
		if layers[n].blob, err = os.ReadFile(filepath.Join("testdata", "chunked", layers[n].Name)); err != nil {
			t.Fatal(err)
		}
	}
	return layers
}

// stream returns what the blob unpacks to.
func (c chunked) stream(t testing.TB) []byte {
	t.Helper()
	var unpacked io.Reader
	var err error
	switch c.MediaType {
	case types.OCILayer:
		unpacked, err = gzip.NewReader(bytes.NewReader(c.blob))
	case types.OCILayerZStd:
		unpacked, err = zstd.NewReader(bytes.NewReader(c.blob))
	default:
		return c.blob
	}
	if err != nil {
		t.Fatal(err)
	}
	stream, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func (c chunked) descriptor() v1.Descriptor {
	described := describe(c.MediaType, c.blob)
	described.Annotations = c.Annotations
	return described
}

// plain returns the layer without the promise.
func (c chunked) plain() chunked {
	c.Annotations = nil
	return c
}

// plainLayer returns a layer that is not compressed.
func plainLayer(stream []byte) chunked {
	return chunked{MediaType: types.OCIUncompressedLayer, DiffID: hashOf(stream), blob: stream}
}

// laidOut returns the files of a layout that has an image of these layers, named
// "v1".
func laidOut(t testing.TB, layers ...chunked) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	add := func(body []byte) { files["blobs/sha256/"+hashOf(body).Hex] = &fstest.MapFile{Data: body} }
	diffIDs, descriptors := make([]v1.Hash, len(layers)), make([]v1.Descriptor, len(layers))
	for n, l := range layers {
		diffIDs[n], descriptors[n] = l.DiffID, l.descriptor()
		add(l.blob)
	}
	config := configOf(t, diffIDs...)
	add(config)
	manifest := manifestOf(t, describe(types.OCIConfigJSON, config), descriptors...)
	add(manifest)
	entry := describe(types.OCIManifestSchema1, manifest)
	entry.Annotations = map[string]string{refName: "v1"}
	files["index.json"] = &fstest.MapFile{Data: indexOf(t, entry)}
	return files
}

// A meter counts how much of a blob is read.
type meter struct {
	fs.FS
	blob string // the name of its file
	// whole is what is read from its begin on, parts what is read by sections.
	whole, parts atomic.Int64
	// noSections hides that files can be read by sections; sectionsEnd, if it is
	// not 0, is after how many bytes of a section there is no more.
	noSections  bool
	sectionsEnd int64
}

func metered(files fs.FS, l chunked) *meter {
	return &meter{FS: files, blob: hashOf(l.blob).Hex}
}

func (m *meter) Open(name string) (fs.File, error) {
	opened, err := m.FS.Open(name)
	if err != nil || path.Base(name) != m.blob {
		return opened, err
	}
	if m.noSections {
		return &meteredFile{opened, m}, nil
	}
	return &meteredSections{meteredFile{opened, m}, 0}, nil
}

type meteredFile struct {
	fs.File
	meter *meter
}

func (f *meteredFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.meter.whole.Add(int64(n))
	return n, err
}

type meteredSections struct {
	meteredFile
	read int64
}

func (f *meteredSections) ReadAt(p []byte, offset int64) (int, error) {
	if end := f.meter.sectionsEnd; end != 0 && f.read >= end {
		return 0, io.EOF
	}
	n, err := f.File.(io.ReaderAt).ReadAt(p, offset)
	f.read += int64(n)
	f.meter.parts.Add(int64(n))
	return n, err
}

// layoutFiles returns the files of a layout's image.
func layoutFiles(t testing.TB, files fs.FS) fs.FS {
	t.Helper()
	return filesOf(t, find(t, imageconfig.Layout{FS: files}, "app:v1"))
}

// everything describes what the files are at each path, with all that they hold.
func everything(t *testing.T, files fs.FS, names []string) map[string]string {
	t.Helper()
	seen := shape(t, files, names)
	for _, name := range names {
		if target, err := fs.ReadLink(files, name); err == nil {
			seen[name] += " -> " + target
		}
		opened, err := files.Open(name)
		if err != nil {
			seen[name] += " " + err.Error()
			continue
		}
		content, err := io.ReadAll(opened)
		seen[name] += fmt.Sprintf(" %d %x %v", len(content), hashOf(content).Hex, err)
	}
	return seen
}

func zstdFrame(t testing.TB, content []byte) []byte {
	t.Helper()
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return packer.EncodeAll(content, nil)
}

// withTable returns a zstd:chunked layer: the stream as frames that end at these
// offsets, and a table of contents that tells of it what it likes.
func withTable(t testing.TB, stream, table []byte, cuts ...int) (made chunked, offsets []int64) {
	t.Helper()
	made = chunked{MediaType: types.OCILayerZStd, DiffID: hashOf(stream)}
	begin := 0
	for _, cut := range append(cuts, len(stream)) {
		offsets = append(offsets, int64(len(made.blob)))
		made.blob = append(made.blob, zstdFrame(t, stream[begin:cut])...)
		begin = cut
	}
	packed := zstdFrame(t, table)
	made.blob = append(made.blob, 0x50, 0x2a, 0x4d, 0x18)
	made.blob = binary.LittleEndian.AppendUint32(made.blob, uint32(len(packed)))
	made.Annotations = map[string]string{
		"io.github.containers.zstd-chunked.manifest-checksum": hashOf(packed).String(),
		"io.github.containers.zstd-chunked.manifest-position": fmt.Sprintf("%d:%d:%d:1", len(made.blob), len(packed), len(table)),
	}
	made.blob = append(made.blob, packed...)
	return made, offsets
}
