package imageconfig_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

// pathsOf returns the paths that a tar stream names, as far as it can be read:
// each entry with all of its directories, and what a whiteout names.
func pathsOf(stream []byte) []string {
	names := []string{"etc/passwd", "etc/group"}
	for entries := tar.NewReader(bytes.NewReader(stream)); len(names) < 1000; {
		header, err := entries.Next()
		if err != nil {
			break
		}
		for _, name := range []string{header.Name, header.Linkname} {
			name = strings.Trim(path.Clean("/"+name), "/")
			for ; len(name) > 0 && len(name) < 1000 && name != "."; name = path.Dir(name) {
				names = append(names, name, strings.Replace(name, ".wh.", "", 1))
			}
		}
	}
	return names
}

// shape describes what the files are at each path: the same for the same layer.
func shape(t *testing.T, files fs.FS, names []string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, name := range names {
		info, err := fs.Lstat(files, name)
		if err != nil {
			seen[name] = err.Error()
			continue
		}
		seen[name] = fmt.Sprint(info.Mode(), info.Size(), *info.Sys().(*imageconfig.Owner))
		if info.Mode().IsRegular() {
			// What stands at a path can be read, up to the limit.
			opened, err := files.Open(name)
			var known *imageconfig.Error
			if err != nil && !errors.As(err, &known) && !errors.Is(err, fs.ErrInvalid) && !strings.Contains(err.Error(), "not a directory") {
				t.Errorf("%q is a file, but Open says %v", name, err)
			}
			if err == nil {
				if n, err := io.Copy(io.Discard, opened); err == nil && n != info.Size() {
					t.Errorf("%q has %d bytes, %d could be read", name, info.Size(), n)
				}
			}
		}
		// The directories on the way to what is there are there.
		for up := path.Dir(name); up != "."; up = path.Dir(up) {
			if above, err := fs.Lstat(files, up); err != nil || !above.IsDir() {
				t.Errorf("%q is there, but above it %q is %v, %v", name, up, above, err)
			}
		}
	}
	return seen
}

// FuzzLayer takes any bytes as a layer's tar stream, as the lowest layer and as
// the one above it. It never panics, it gives a tree or an *Error for all paths
// alike, in memory that its length bounds, what stands at a path can be read and has directories above it, and the
// same stream gives the same tree again.
func FuzzLayer(f *testing.F) {
	f.Add(tarOf(f, dir("etc"), file("etc/passwd", "root"), symlink("lib", "usr/lib"), file("lib/x", "x")))
	f.Add(tarOf(f, file("a", "a"), hardlink("b/c", "a"), symlink("l", "/b"), file("l/d", "d"), file("a", "2")))
	f.Add(tarOf(f, file(".wh.etc", ""), file("opt/.wh..wh..opq", ""), file("opt/x", "x"), dir("etc")))
	f.Add(tarOf(f, file("../etc/passwd", "evil")))
	f.Add(tarOf(f, symlink("a/b", "../../c"), file("a/b/x", "x"), file("a", "a")))
	f.Add(tarOf(f, file("a/.wh..", ""), symlink("loop", "loop"), file("loop/x", "x")))
	f.Fuzz(func(t *testing.T, stream []byte) {
		base := tarOf(t, dir("etc"), file("etc/passwd", "root"), file("a/b/c", "c"), symlink("lib", "usr/lib"))
		names := pathsOf(stream)
		for _, streams := range [][][]byte{{stream}, {base, stream}, {stream, base}} {
			seen := make([]map[string]string, 2)
			for n := range seen {
				image, err := imageconfig.FromV1(plainImage(t, streams))
				if err != nil {
					t.Fatal(err)
				}
				files := filesOf(t, image)
				var known *imageconfig.Error
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err = fs.Lstat(files, "none")
				runtime.ReadMemStats(&after)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > memoryBound+1000*uint64(len(stream)) {
					t.Errorf("%d MiB were allocated for a layer of %d bytes", grown>>20, len(stream))
				}
				if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &known) {
					t.Fatalf("a path that is not there is %v (%T)", err, err)
				}
				if errors.As(err, &known) {
					seen[n] = map[string]string{"error": err.Error()}
					continue
				}
				seen[n] = shape(t, files, names)
			}
			if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
				t.Errorf("the second look differs (-first +second):\n%s", diff)
			}
		}
	})
}

// plainImage returns an image of uncompressed layers.
func plainImage(t *testing.T, streams [][]byte) v1.Image {
	t.Helper()
	made := layered{Image: configured{imageOf(t, ""), &v1.ConfigFile{}}}
	for _, stream := range streams {
		made.layers = append(made.layers, lowLevel{open: opens(stream)})
		made.Image.(configured).config.RootFS.DiffIDs = append(made.Image.(configured).config.RootFS.DiffIDs, hashOf(stream))
	}
	return made
}

// configured is an image with another config.
type configured struct {
	v1.Image
	config *v1.ConfigFile
}

func (c configured) ConfigFile() (*v1.ConfigFile, error) { return c.config, nil }

// FuzzManifest takes any bytes as a layout's index.json, as a manifest and as a
// config. It never panics, and it gives an image or an *Error, never both. What
// it gives is the same again.
func FuzzManifest(f *testing.F) {
	stream := tarOf(f, file("etc/passwd", "root"))
	config := configOf(f, hashOf(stream))
	layer := describe(types.OCIUncompressedLayer, stream)
	manifest := manifestOf(f, describe(types.OCIConfigJSON, config), layer)
	entry := describe(types.OCIManifestSchema1, manifest)
	entry.Annotations = map[string]string{refName: "v1"}
	f.Add(indexOf(f, entry), manifest, config)
	entry.MediaType = ""
	f.Add(indexOf(f, entry), manifest, []byte(`{"config":{"User":1}}`))
	f.Add([]byte(`{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}`), []byte("null"), []byte("{}"))
	f.Fuzz(func(t *testing.T, index, manifest, config []byte) {
		files := fstest.MapFS{"index.json": {Data: index}}
		for _, body := range [][]byte{stream, manifest, config, index} {
			files["blobs/sha256/"+hashOf(body).Hex] = &fstest.MapFile{Data: body}
		}
		// The index as it is, and one that leads to the manifest for certain.
		certain := describe(types.OCIManifestSchema1, manifest)
		certain.Annotations = map[string]string{refName: "v1"}
		toConfig := manifestOf(t, describe(types.OCIConfigJSON, config))
		files["blobs/sha256/"+hashOf(toConfig).Hex] = &fstest.MapFile{Data: toConfig}
		toManifest := describe(types.OCIManifestSchema1, toConfig)
		toManifest.Annotations = certain.Annotations
		for _, top := range [][]byte{index, indexOf(t, certain), indexOf(t, toManifest)} {
			files["index.json"] = &fstest.MapFile{Data: top}
			askTwice(t, imageconfig.Layout{FS: files})
		}
	})
}

func askTwice(t *testing.T, source imageconfig.Source) {
	t.Helper()
	var texts [2]string
	for n := range texts {
		image, err := source.Image(t.Context(), "registry.example/app:v1", amd64)
		if (image == nil) == (err == nil) {
			t.Fatalf("there is the image %v and the error %v", image, err)
		}
		if err != nil {
			var known *imageconfig.Error
			if !errors.As(err, &known) {
				t.Fatalf("error is %v (%T), want an *Error", err, err)
			}
			texts[n] = err.Error()
			continue
		}
		_, err = filesOf(t, image).Open("etc/passwd")
		texts[n] = fmt.Sprint(image.Digest, image.Config.Config.User, err)
	}
	if texts[0] != texts[1] {
		t.Errorf("the answers differ: %q and %q", texts[0], texts[1])
	}
}
