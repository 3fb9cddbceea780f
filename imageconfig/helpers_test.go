package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/drystart/drystart/imageconfig"
)

// amd64 is the platform of most tests.
var amd64 = v1.Platform{OS: "linux", Architecture: "amd64"}

// TestMain keeps the credentials of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "drystart")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"} {
		if err := os.Setenv(name, home); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	_ = os.RemoveAll(home) // a leftover of a test does not decide the result
	os.Exit(code)
}

// An entry is one entry of a layer's tar stream.
type entry struct {
	tar.Header
	body string
}

func file(name, body string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body))}, body}
}

func dir(name string) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}}
}

func symlink(name, target string) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}}
}

func hardlink(name, target string) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}}
}

func device(name string, major, minor int64) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeChar, Name: name, Mode: 0o644, Devmajor: major, Devminor: minor}}
}

// owned returns the entry with another mode and owner.
func (e entry) owned(mode int64, uid, gid int) entry {
	e.Mode, e.Uid, e.Gid = mode, uid, gid
	return e
}

// layer is the entries of one layer.
type layer []entry

// tarOf returns a tar stream.
func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatalf("entry %q: %v", e.Name, err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatalf("entry %q: %v", e.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// layerOf returns a gzip layer with that tar stream.
func layerOf(t testing.TB, content []byte) v1.Layer {
	t.Helper()
	made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// imageOf returns an image with that USER and these layers, the lowest first.
func imageOf(t testing.TB, user string, layers ...layer) v1.Image {
	t.Helper()
	made, err := mutate.Config(empty.Image, v1.Config{User: user})
	if err != nil {
		t.Fatal(err)
	}
	for _, entries := range layers {
		if made, err = mutate.AppendLayers(made, layerOf(t, tarOf(t, entries...))); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

// digestOf returns an image's or an index's digest as text.
func digestOf(t testing.TB, image interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// filesOf returns an image's files.
func filesOf(t testing.TB, image *imageconfig.Image) fs.FS {
	t.Helper()
	files, err := image.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// unpack returns the files of an image with these layers, the lowest first.
func unpack(t testing.TB, layers ...layer) fs.FS {
	t.Helper()
	image, err := imageconfig.FromV1(imageOf(t, "", layers...))
	if err != nil {
		t.Fatal(err)
	}
	return filesOf(t, image)
}

// find asks a source for an image that must be there.
func find(t testing.TB, source imageconfig.Source, ref string) *imageconfig.Image {
	t.Helper()
	image, err := source.Image(t.Context(), ref, amd64)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// needsReason fails a case that does not say why it exists.
func needsReason(t testing.TB, reason string) {
	t.Helper()
	if reason == "" {
		t.Error("the case has no reason")
	}
}

// kinds are all kinds of an Error.
var kinds = []error{
	imageconfig.ErrNotFound, imageconfig.ErrUnauthorized, imageconfig.ErrUnreachable,
	imageconfig.ErrNotHeld, imageconfig.ErrNoPlatform, imageconfig.ErrInvalid,
}

// wantKind checks that err is an *Error of that kind and of no other, and
// returns it.
func wantKind(t testing.TB, err, kind error) imageconfig.Error {
	t.Helper()
	var known *imageconfig.Error
	if !errors.As(err, &known) {
		t.Fatalf("error is %v (%T), want an *Error of kind %q", err, err, kind)
	}
	for _, each := range kinds {
		if errors.Is(err, each) != errors.Is(kind, each) {
			t.Fatalf("error is %q, want the kind %q and no other", err, kind)
		}
	}
	return *known
}

// wantNoImage checks that a source has answered with an error of that kind and
// with no image.
func wantNoImage(t testing.TB, image *imageconfig.Image, err, kind error) imageconfig.Error {
	t.Helper()
	if image != nil {
		t.Errorf("there is an image besides the error: %+v", image)
	}
	return wantKind(t, err, kind)
}

// canceled returns a context that is over.
func canceled(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
