package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/drystart/drystart/imageconfig"
)

var linux = v1.Platform{OS: "linux", Architecture: "amd64"}

// must ends an example that has gone wrong.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(err error) { must(0, err) }

// appImage returns an image with a USER and an account file.
func appImage() v1.Image {
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	passwd := "app:x:1000:1000::/home/app:/bin/sh\n"
	check(w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "etc/passwd", Mode: 0o644, Size: int64(len(passwd))}))
	must(io.WriteString(w, passwd))
	check(w.Close())
	content := must(tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(stream.Bytes())), nil
	}))
	return must(mutate.AppendLayers(must(mutate.Config(empty.Image, v1.Config{User: "app"})), content))
}

func ExampleMap() {
	images := imageconfig.Map{
		"registry.example/app:v1": imageconfig.Declared("app", fstest.MapFS{
			"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
		}),
	}
	image, err := images.Image(context.Background(), "registry.example/app:v1", linux)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("USER", image.Config.Config.User)
	// Output: USER app
}

func ExampleFromV1() {
	image, err := imageconfig.FromV1(appImage())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("USER", image.Config.Config.User)
	// Output: USER app
}

func ExampleImage_Files() {
	image := must(imageconfig.FromV1(appImage()))
	files, err := image.Files(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	passwd, err := fs.ReadFile(files, "etc/passwd")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(passwd))
	// Output: app:x:1000:1000::/home/app:/bin/sh
}

func ExampleLayout() {
	place := must(os.MkdirTemp("", "layout"))
	defer func() { check(os.RemoveAll(place)) }()
	written := must(layout.Write(place, empty.Index))
	check(written.AppendImage(appImage(), layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": "registry.example/app:v1",
	})))

	source := imageconfig.Layout{FS: os.DirFS(place)}
	image := must(source.Image(context.Background(), "registry.example/app:v1", linux))
	fmt.Println("USER", image.Config.Config.User)
	// Output: USER app
}

func ExampleArchive() {
	place := must(os.MkdirTemp("", "archive"))
	defer func() { check(os.RemoveAll(place)) }()
	saved := filepath.Join(place, "app.tar")
	check(tarball.WriteToFile(saved, must(name.ParseReference("registry.example/app:v1")), appImage()))

	source := imageconfig.Archive(saved)
	image := must(source.Image(context.Background(), "registry.example/app:v1", linux))
	fmt.Println("USER", image.Config.Config.User)
	// Output: USER app
}

func ExampleRegistry() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/app:v1"
	check(remote.Write(must(name.ParseReference(ref)), appImage()))

	source := &imageconfig.Registry{}
	image := must(source.Image(context.Background(), ref, linux))
	fmt.Println("USER", image.Config.Config.User)

	_, err := source.Image(context.Background(), ref+"-typo", linux)
	fmt.Println("not found:", errors.Is(err, imageconfig.ErrNotFound))
	// Output:
	// USER app
	// not found: true
}

// The images of a test come before those of the world.
func ExampleChain() {
	source := imageconfig.Chain{
		imageconfig.Map{"registry.example/app:v1": imageconfig.Declared("app", nil)},
		imageconfig.Map{"registry.example/sidecar:v1": imageconfig.Declared("sidecar", nil)},
	}
	for _, ref := range []string{"registry.example/app:v1", "registry.example/sidecar:v1", "registry.example/other:v1"} {
		image, err := source.Image(context.Background(), ref, linux)
		if errors.Is(err, imageconfig.ErrNotHeld) {
			fmt.Println(ref, "is not held")
			continue
		}
		fmt.Println(ref, "has the USER", image.Config.Config.User)
	}
	// Output:
	// registry.example/app:v1 has the USER app
	// registry.example/sidecar:v1 has the USER sidecar
	// registry.example/other:v1 is not held
}

// A source that knows the node's network says what the node met.
func ExampleSourceFunc() {
	refused := errors.New("dial tcp 192.0.2.1:443: connect: connection refused")
	source := imageconfig.SourceFunc(func(_ context.Context, _ string, _ v1.Platform) (*imageconfig.Image, error) {
		return nil, &imageconfig.NodeError{Err: refused}
	})
	_, err := source.Image(context.Background(), "registry.example/app:v1", linux)
	fmt.Println(err)
	// Output: the node could not reach the registry: dial tcp 192.0.2.1:443: connect: connection refused
}
