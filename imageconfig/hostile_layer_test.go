package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// whiteout is the marker that hides a file.
func whiteout(name string) entry { return file(name, "") }

// streamed returns the files of an image in a registry whose layers are these
// blobs. The streams are what the blobs unpack to.
func streamed(t testing.TB, streams, blobs [][]byte) fs.FS {
	t.Helper()
	answers := liar{}
	diffIDs, layers := make([]v1.Hash, len(blobs)), make([]v1.Descriptor, len(blobs))
	for n := range blobs {
		diffIDs[n] = hashOf(streams[n])
		layers[n] = answers.add("/blobs/", types.OCILayer, blobs[n])
	}
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, diffIDs...))
	answers.tag(manifestOf(t, config, layers...), types.OCIManifestSchema1)
	return filesOf(t, find(t, &imageconfig.Registry{}, serve(t, answers)+"/app"))
}

// What containerd cannot unpack, or what leaves the image's root, is no image.
func TestHostileEntries(t *testing.T) {
	t.Parallel()
	unknown := file("a", "")
	unknown.Typeflag = 'Z'
	loop := layer{symlink("loop", "loop"), file("loop/a", "a")}
	tests := []struct {
		name, reason string
		entries      layer
	}{
		{"up", "an entry leaves the root", layer{file("../etc/passwd", "evil")}},
		{"up again", "an entry leaves the root after a way down", layer{file("a/../../etc/passwd", "evil")}},
		{"the root's parent", "an entry is the root's parent itself", layer{dir("..")}},
		{"link up", "a link leaves the root by its own name", layer{symlink("../a", "etc")}},
		{"whiteout up", "a whiteout leaves the root", layer{whiteout("../.wh.a")}},
		{"hard link to nowhere", "there is no such file", layer{hardlink("b", "a")}},
		{"hard link to a lower layer", "containerd unpacks each layer by itself", layer{hardlink("b", "lower")}},
		{"hard link to a directory", "Linux makes no such links", layer{dir("a"), hardlink("b", "a")}},
		{"hard link to itself", "the name is cleared first", layer{file("a", "a"), hardlink("a", "./a")}},
		{"hard link over its own directory", "the name is cleared first", layer{file("a/b", "b"), hardlink("a", "a/b")}},
		{"hard link out of the root", "what is above the root is in it, and not there", layer{hardlink("b", "../../../etc/shadow")}},
		{"hard link below a file", "a file is no directory", layer{file("a", "a"), hardlink("b", "a/c")}},
		{"whiteout of a file of the layer", "the overlay cannot hold both", layer{file("a", "a"), whiteout(".wh.a")}},
		{"whiteout of a directory of the layer", "the overlay cannot hold both", layer{file("a/b", "b"), whiteout(".wh.a")}},
		{"whiteout twice", "the overlay cannot hold both", layer{whiteout(".wh.a"), whiteout(".wh.a")}},
		{"whiteout of no name", "there is nothing to hide", layer{whiteout("a/.wh.")}},
		{"whiteout of a dot", "a directory cannot hide itself", layer{whiteout("a/.wh..")}},
		{"whiteout of two dots", "a directory cannot hide its parent", layer{whiteout("a/.wh...")}},
		{"below a file", "a file is no directory", layer{file("a", "a"), file("a/b", "b")}},
		{"below a whiteout", "a whiteout is no directory", layer{whiteout(".wh.lower"), file("lower/b", "b")}},
		{"below a link to a file", "a file is no directory, whatever its name", layer{file("a", "a"), symlink("l", "a"), file("l/b", "b")}},
		{"loop on the way", "a link to itself leads nowhere", loop},
		{"unknown type", "containerd unpacks no such entry", layer{unknown}},
		{"link that is too long", "Linux makes no such link", layer{symlink("l", strings.Repeat("x", 4096))}},
	}
	lower := tarOf(t, file("lower", "lower"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			upper := tarOf(t, tt.entries...)
			files := streamed(t, [][]byte{lower, upper}, [][]byte{lower, gzipped(t, upper)})
			for _, name := range []string{"etc/passwd", "lower", "b"} {
				_, err := fs.Lstat(files, name)
				wantKind(t, err, imageconfig.ErrInvalid)
				_, err = files.Open(name)
				wantKind(t, err, imageconfig.ErrInvalid)
				_, err = fs.ReadLink(files, name)
				wantKind(t, err, imageconfig.ErrInvalid)
			}
		})
	}
}

// The longest link that Linux makes, and names that would be too long for it,
// are held: nothing needs them.
func TestLongNames(t *testing.T) {
	t.Parallel()
	target, deep := strings.Repeat("x", 4095), strings.Repeat("d/", 100<<10)+"file"
	files := unpack(t, layer{symlink("l", target), file(deep, "deep"), file(strings.Repeat("n", 300<<10), "long")})
	if got, err := fs.ReadLink(files, "l"); got != target || err != nil {
		t.Errorf("target has %d bytes and error is %v, want 4095 bytes", len(got), err)
	}
	wantContent(t, files, strings.Repeat("n", 300<<10), "long")
	if info := lstat(t, files, deep); info.Size() != 4 {
		t.Errorf("size is %d, want 4", info.Size())
	}
}

// paxed returns a tar with a PAX header of that many bytes.
func paxed(t testing.TB, size int) []byte {
	t.Helper()
	record := "99 path=" + strings.Repeat("a/", size/2) + "\n"
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: "PaxHeaders/x", Size: int64(len(record))}
	if err := w.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(record)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content := out.Bytes()
	content[156] = tar.TypeXHeader
	return checksummed(content)
}

// checksummed sets the checksum of a tar's first header.
func checksummed(content []byte) []byte {
	copy(content[148:156], "        ")
	sum := 0
	for _, b := range content[:512] {
		sum += int(b)
	}
	for n := range 6 {
		content[148+n] = byte('0' + sum>>(3*(5-n))&7)
	}
	content[154], content[155] = 0, ' '
	return content
}

// A layer that is damaged is no layer, even if its digests are right.
func TestHostileStreams(t *testing.T) {
	t.Parallel()
	whole := tarOf(t, file("etc/passwd", strings.Repeat("root\n", 1000)))
	noise := bytes.Repeat([]byte("no tar at all"), 100)
	negative := checksummed(append(bytes.Clone(whole[:124]), append([]byte("-0000000001\x00"), whole[136:]...)...))
	tests := []struct {
		name, reason string
		stream, blob []byte
	}{
		{"truncated header", "the stream ends within an entry's header", whole[:100], whole[:100]},
		{"truncated file", "the stream ends within a file", whole[:1000], whole[:1000]},
		{"truncated tar in gzip", "the gzip is whole, the tar is not", whole[:1000], gzipped(t, whole[:1000])},
		{"truncated gzip", "the compressed stream ends early", whole, gzipped(t, whole)[:60]},
		{"gzip without its sum", "the check of the gzip itself is missing", whole, gzipped(t, whole)[:len(gzipped(t, whole))-8]},
		{"gzip with a tail", "what follows the gzip is none", whole, append(gzipped(t, whole), "tail"...)},
		{"gzip magic only", "two bytes are no gzip", nil, []byte{0x1f, 0x8b}},
		{"broken gzip header", "a gzip of a kind that does not exist", nil, append([]byte{0x1f, 0x8b, 9, 9}, make([]byte, 9000)...)},
		{"broken zstd", "zstd by its first bytes only", nil, append([]byte{0x28, 0xb5, 0x2f, 0xfd}, noise...)},
		{"no tar", "the content is something else", noise, noise},
		{"negative size", "a file has less than nothing", negative, negative},
		{"huge PAX path", "a path of two megabytes is not read", paxed(t, 2<<20), gzipped(t, paxed(t, 2<<20))},
		{"bad PAX record", "a record that lies about its size", paxed(t, 100), paxed(t, 100)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			_, err := streamed(t, [][]byte{tt.stream}, [][]byte{tt.blob}).Open("etc/passwd")
			wantKind(t, err, imageconfig.ErrInvalid)
		})
	}
}
