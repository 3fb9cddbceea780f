package imageconfig_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/drystart/drystart/imageconfig"
)

const (
	refName   = "org.opencontainers.image.ref.name"
	imageName = "io.containerd.image.name"
)

// writeLayout writes a layout of these images into a directory.
func writeLayout(t testing.TB, images ...mutate.IndexAddendum) string {
	t.Helper()
	place := t.TempDir()
	if _, err := layout.Write(place, mutate.AppendManifests(empty.Index, images...)); err != nil {
		t.Fatal(err)
	}
	return place
}

// called returns an index entry with these annotations: key, value, key, value.
func called(image mutate.Appendable, annotations ...string) mutate.IndexAddendum {
	made := mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Annotations: map[string]string{}}}
	for n := 0; n < len(annotations); n += 2 {
		made.Annotations[annotations[n]] = annotations[n+1]
	}
	return made
}

func TestLayoutFindsAnImage(t *testing.T) {
	t.Parallel()
	byDigest := imageOf(t, "digest", layer{file("etc/passwd", "root")})
	inside := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: imageOf(t, "arm"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: imageOf(t, "amd"), Descriptor: v1.Descriptor{Platform: &amd64}},
	)
	foreign := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: imageOf(t, "z"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}})
	place := writeLayout(t,
		called(imageOf(t, "whole"), refName, "registry.example/team/app:v1"),
		called(imageOf(t, "tag"), refName, "v2"),
		called(imageOf(t, "containerd"), imageName, "docker.io/library/nginx:1.27", refName, "1.27"),
		called(imageOf(t, "short"), refName, "busybox"),
		called(byDigest),
		called(inside, refName, "registry.example/multi:v1"),
		called(foreign, refName, "registry.example/foreign:v1"),
	)
	digest := digestOf(t, byDigest)
	tests := []struct {
		name, reason string
		ref          string
		want         string // the USER; empty where there is an error
		wantErr      error
	}{
		{"whole reference", "the annotation is the reference", "registry.example/team/app:v1", "whole", nil},
		{"tag alone", "a tag fits every repository", "registry.example/anything:v2", "tag", nil},
		{"containerd's name", "ctr and nerdctl write the name so", "nginx:1.27", "containerd", nil},
		{"tag next to containerd's name", "both annotations count", "registry.example/x:1.27", "containerd", nil},
		{"short annotation", "an annotation is read as a Pod's reference is", "docker.io/library/busybox:latest", "short", nil},
		{"digest", "a digest needs no name", "registry.example/any@" + digest, "digest", nil},
		{"tag and digest", "the digest decides", "registry.example/any:v2@" + digest, "digest", nil},
		{"index", "an entry may be an index", "registry.example/multi:v1", "amd", nil},
		{"other tag", "another tag is another image", "registry.example/team/app:v9", "", imageconfig.ErrNotHeld},
		{"other repository", "another repository is another image", "registry.example/other/app:v1", "", imageconfig.ErrNotHeld},
		{"other digest", "another digest is another image", "registry.example/team/app@sha256:" + hashOf(nil).Hex, "", imageconfig.ErrNotHeld},
		{"no reference", "what is no reference names nothing", "UPPER case", "", imageconfig.ErrNotHeld},
		{"other platform", "the index has nothing for amd64", "registry.example/foreign:v1", "", imageconfig.ErrNoPlatform},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := imageconfig.Layout{FS: os.DirFS(place)}.Image(t.Context(), tt.ref, amd64)
			if tt.wantErr != nil {
				if known := wantNoImage(t, image, err, tt.wantErr); known.Reference != tt.ref {
					t.Errorf("the error is about %q, want %q", known.Reference, tt.ref)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := image.Config.Config.User; got != tt.want {
				t.Errorf("USER is %q, want %q", got, tt.want)
			}
		})
	}
	held := find(t, imageconfig.Layout{FS: os.DirFS(place)}, "registry.example/any@"+digest)
	wantContent(t, filesOf(t, held), "etc/passwd", "root")
	if held.Digest != digest {
		t.Errorf("digest is %q, want %q", held.Digest, digest)
	}
}

// memoryLayout returns a layout with one image that is not on a disk.
func memoryLayout(t testing.TB) fstest.MapFS {
	t.Helper()
	from := os.DirFS(writeLayout(t, called(imageOf(t, "app", layer{file("etc/passwd", "root")}), refName, "v1")))
	copied := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(name string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, name)
		copied[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestLayoutInMemory(t *testing.T) {
	t.Parallel()
	image := find(t, imageconfig.Layout{FS: memoryLayout(t)}, "registry.example/app:v1")
	wantContent(t, filesOf(t, image), "etc/passwd", "root")
}

func TestLayoutThatIsDamaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		damage       func(files fstest.MapFS)
	}{
		{"no files", "there is no index.json", func(files fstest.MapFS) { clear(files) }},
		{"index that is no JSON", "there is nothing to read", func(files fstest.MapFS) { files["index.json"].Data = []byte("{") }},
		{"huge index", "an index has a limit", func(files fstest.MapFS) { files["index.json"].Data = make([]byte, 9<<20) }},
		{"index is a directory", "a directory is no file", func(files fstest.MapFS) {
			delete(files, "index.json")
			files["index.json/x"] = &fstest.MapFile{}
		}},
		{"no blobs", "the manifest is missing", func(files fstest.MapFS) {
			for name := range files {
				if name != "index.json" {
					delete(files, name)
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			files := memoryLayout(t)
			tt.damage(files)
			image, err := imageconfig.Layout{FS: files}.Image(t.Context(), "registry.example/app:v1", amd64)
			wantNoImage(t, image, err, imageconfig.ErrInvalid)
		})
	}
}

func TestLayoutContext(t *testing.T) {
	t.Parallel()
	ctx := canceled(t)
	image, err := imageconfig.Layout{FS: memoryLayout(t)}.Image(ctx, "registry.example/app:v1", amd64)
	if image != nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("there is %v and %v, want the context's error", image, err)
	}
}
