package imageconfig_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// TestLostLayer reads a path of an image whose layer is gone. The error must not
// say that there is no such file: nobody knows.
func TestLostLayer(t *testing.T) {
	dir := t.TempDir()
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{"org.opencontainers.image.ref.name": "lost:1"}
	if err := written.AppendImage(image, layout.WithAnnotations(name)); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "blobs", digest.Algorithm, digest.Hex)); err != nil {
		t.Fatal(err)
	}
	found, err := imageconfig.Layout{FS: os.DirFS(dir)}.Image(t.Context(), "lost:1", v1.Platform{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := found.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = fs.Lstat(files, "etc/passwd")
	var known *imageconfig.Error
	if errors.Is(err, fs.ErrNotExist) || !errors.As(err, &known) || !errors.Is(err, imageconfig.ErrInvalid) {
		t.Errorf("Lstat: %v, want an *Error with ErrInvalid that is not fs.ErrNotExist", err)
	}
	if _, err := files.Open("etc/passwd"); errors.Is(err, fs.ErrNotExist) || !errors.As(err, &known) {
		t.Errorf("Open: %v, want an *Error that is not fs.ErrNotExist", err)
	}
}
