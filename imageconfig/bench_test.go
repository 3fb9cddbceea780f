package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"math/rand/v2"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// noisy returns a layer of about 200 MB that hardly compresses, as gzip, with the
// account files at its end, and the hash of its stream.
func noisy(b *testing.B) ([]byte, v1.Hash) {
	b.Helper()
	noise := make([]byte, 200<<20)
	if _, err := rand.NewChaCha8([32]byte{}).Read(noise); err != nil {
		b.Fatal(err)
	}
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "bin/app", Size: int64(len(noise))}); err != nil {
		b.Fatal(err)
	}
	stream.Write(noise)
	stream.Write(tarOf(b, file("etc/passwd", "root:x:0:0::/:/bin/sh\n"), file("etc/group", "root:x:0:\n")))
	return gzipped(b, stream.Bytes()), hashOf(stream.Bytes())
}

// BenchmarkAccountFiles looks up both account files of an image with one large
// layer. Its bytes are those of the compressed layer.
func BenchmarkAccountFiles(b *testing.B) {
	packed, diffID := noisy(b)
	answers := liar{}
	config := answers.add("/blobs/", types.OCIConfigJSON, configOf(b, diffID))
	large := answers.add("/blobs/", types.OCILayer, packed)
	answers.tag(manifestOf(b, config, large), types.OCIManifestSchema1)
	ref := serve(b, answers) + "/app"
	b.SetBytes(large.Size)
	b.ReportAllocs()
	for b.Loop() {
		files := filesOf(b, find(b, &imageconfig.Registry{}, ref))
		for _, name := range []string{"etc/passwd", "etc/group"} {
			if read(b, files, name) == "" {
				b.Errorf("%s is empty", name)
			}
		}
	}
}

// BenchmarkRegistryConfig reads a manifest and a config.
func BenchmarkRegistryConfig(b *testing.B) {
	host, _ := serveReal(b)
	push(b, host+"/app", imageOf(b, "app", layer{file("etc/passwd", "root")}))
	source := &imageconfig.Registry{}
	b.ReportAllocs()
	for b.Loop() {
		find(b, source, host+"/app")
	}
}

// BenchmarkLookup looks up a file that only the lowest of ten layers has, all of
// them read before.
func BenchmarkLookup(b *testing.B) {
	layers := []layer{{dir("etc"), file("etc/passwd", "root")}}
	for range 9 {
		layers = append(layers, layer{dir("etc"), file("etc/hosts", "localhost")})
	}
	files := unpack(b, layers...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fs.Lstat(files, "etc/passwd"); err != nil {
			b.Fatal(err)
		}
	}
}
