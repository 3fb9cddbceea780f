package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// indexFor returns an index of one image for each platform.
func indexFor(platforms ...v1.Platform) v1.ImageIndex {
	index := v1.ImageIndex(empty.Index)
	for _, platform := range platforms {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: empty.Image, Descriptor: v1.Descriptor{Platform: &platform},
		})
	}
	return index
}

func TestPlatforms(t *testing.T) {
	index := indexFor(
		v1.Platform{OS: "linux", Architecture: "amd64"}, v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"},
		v1.Platform{OS: "linux", Architecture: "arm64"}, v1.Platform{OS: "linux", Architecture: "arm"},
		v1.Platform{OS: "unknown", Architecture: "unknown"}, v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.26100"},
	)
	want := []v1.Platform{
		{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"},
		{OS: "linux", Architecture: "arm", Variant: "v7"}, {OS: "windows", Architecture: "amd64"},
	}

	server := httptest.NewServer(registry.New(silent))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := name.ParseReference(host + "/multi:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	single, err := name.ParseReference(host + "/single:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(single, empty.Image); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	annotation := map[string]string{"org.opencontainers.image.ref.name": "multi:1"}
	if err := written.AppendIndex(index, layout.WithAnnotations(annotation)); err != nil {
		t.Fatal(err)
	}

	layoutTar := onDisk(t, tarOf(t, entriesOf(t, dir)...))
	dockerTar := onDisk(t, dockerSave(t, map[string]v1.Image{"single:1": empty.Image}))

	fromRegistry, fromLayout := &imageconfig.Registry{}, imageconfig.Layout{FS: os.DirFS(dir)}
	tests := []struct {
		name, reason string
		source       imageconfig.PlatformLister
		ref          string
		want         []v1.Platform
		wantErr      error
	}{
		{name: "registry", reason: "each once, in normal form, without attestations", source: fromRegistry, ref: ref.String(), want: want},
		{name: "single image", reason: "it is no index", source: fromRegistry, ref: single.String()},
		{name: "not found", reason: "the registry has no such image", source: fromRegistry, ref: host + "/nothing:1", wantErr: imageconfig.ErrNotFound},
		{name: "no reference", reason: "a name that cannot be parsed", source: fromRegistry, ref: "UPPER", wantErr: imageconfig.ErrInvalid},
		{name: "layout", reason: "the same index", source: fromLayout, ref: "multi:1", want: want},
		{name: "not held", reason: "the layout has no such name", source: fromLayout, ref: "other:1", wantErr: imageconfig.ErrNotHeld},
		{name: "archive", reason: "a tar of the layout", source: layoutTar, ref: "multi:1", want: want},
		{name: "not in the archive", reason: "the layout in it has no such name", source: layoutTar, ref: "other:1", wantErr: imageconfig.ErrNotHeld},
		{name: "docker save", reason: "an archive without an index", source: dockerTar, ref: "single:1"},
		{name: "not saved", reason: "the archive has another image", source: dockerTar, ref: "other:1", wantErr: imageconfig.ErrNotHeld},
		{name: "no archive", reason: "there is no file", source: imageconfig.Archive(dir + "/none.tar"), ref: "multi:1", wantErr: imageconfig.ErrInvalid},
		{name: "chain", reason: "who does not hold it, or lists nothing, passes the question on", source: imageconfig.Chain{imageconfig.Map{}, fromLayout, fromRegistry}, ref: ref.String(), want: want},
		{name: "empty chain", reason: "nobody holds it", source: imageconfig.Chain{}, ref: "multi:1", wantErr: imageconfig.ErrNotHeld},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.source.Platforms(t.Context(), test.ref)
			if !errors.Is(err, test.wantErr) || test.reason == "" {
				t.Fatalf("error = %v, want %v", err, test.wantErr)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("platforms (-want +got):\n%s", diff)
			}
		})
	}
}

// A source that lists platforms lets a Pod be started on all of them.
func ExamplePlatformLister() {
	dir, err := os.MkdirTemp("", "layout")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		fmt.Println(err)
		return
	}
	index := indexFor(v1.Platform{OS: "linux", Architecture: "amd64"}, v1.Platform{OS: "linux", Architecture: "arm64"})
	annotation := map[string]string{"org.opencontainers.image.ref.name": "app:1"}
	if err := written.AppendIndex(index, layout.WithAnnotations(annotation)); err != nil {
		fmt.Println(err)
		return
	}
	var source imageconfig.PlatformLister = imageconfig.Layout{FS: os.DirFS(dir)}
	platforms, err := source.Platforms(context.Background(), "app:1")
	fmt.Println(platforms, err)
	// Output: [linux/amd64 linux/arm64] <nil>
}

func TestSuits(t *testing.T) {
	amd64 := &imageconfig.Image{Config: v1.ConfigFile{OS: "linux", Architecture: "x86_64"}}
	tests := []struct {
		name, reason string
		image        *imageconfig.Image
		platform     v1.Platform
		want         bool
	}{
		{name: "same", reason: "two names of one architecture", image: amd64, platform: v1.Platform{OS: "linux", Architecture: "amd64"}, want: true},
		{name: "other architecture", reason: "its programs do not run", image: amd64, platform: v1.Platform{OS: "linux", Architecture: "arm64"}},
		{name: "other system", reason: "its programs do not run", image: amd64, platform: v1.Platform{OS: "windows", Architecture: "amd64"}},
		{name: "says nothing", reason: "an image that is written down", image: imageconfig.Declared("", nil), platform: v1.Platform{OS: "windows", Architecture: "amd64"}, want: true},
		{name: "variant", reason: "configs seldom have one", image: &imageconfig.Image{Config: v1.ConfigFile{OS: "linux", Architecture: "arm"}}, platform: v1.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}, want: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.image.Suits(test.platform); got != test.want || test.reason == "" {
				t.Errorf("Suits(%v) = %v, want %v", test.platform, got, test.want)
			}
		})
	}
}
