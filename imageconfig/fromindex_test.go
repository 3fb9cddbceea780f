package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	"github.com/drystart/drystart/imageconfig"
)

// forPlatform returns an index entry for a platform.
func forPlatform(what mutate.Appendable, platform v1.Platform) mutate.IndexAddendum {
	return mutate.IndexAddendum{Add: what, Descriptor: v1.Descriptor{Platform: &platform}}
}

// An index is a name for [v1.ImageIndex], which has a method of its own name.
type index = v1.ImageIndex

// A brokenIndex fails to give what it lists.
type brokenIndex struct {
	index
	manifest, image, nested, digest error
}

func (b brokenIndex) IndexManifest() (*v1.IndexManifest, error) {
	manifest, err := b.index.IndexManifest()
	return manifest, errors.Join(b.manifest, err)
}

func (b brokenIndex) Image(digest v1.Hash) (v1.Image, error) {
	image, err := b.index.Image(digest)
	return image, errors.Join(b.image, err)
}

func (b brokenIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	inner, err := b.index.ImageIndex(digest)
	return inner, errors.Join(b.nested, err)
}

func (b brokenIndex) Digest() (v1.Hash, error) {
	digest, err := b.index.Digest()
	return digest, errors.Join(b.digest, err)
}

func TestFromIndex(t *testing.T) {
	t.Parallel()
	arm64 := v1.Platform{OS: "linux", Architecture: "arm64"}
	amd := imageOf(t, "amd", layer{file("etc/passwd", "root")})
	both := mutate.AppendManifests(empty.Index, forPlatform(imageOf(t, "arm"), arm64), forPlatform(amd, amd64))
	nested := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: both})
	deep := nested
	for range 3 {
		deep = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: deep})
	}
	broken := errors.New("the build failed")
	tests := []struct {
		name, reason string
		index        v1.ImageIndex
		platform     v1.Platform
		want         string // the USER
		wantErr      error
	}{
		{"second entry", "the node's platform decides", both, amd64, "amd", nil},
		{"first entry", "the node's platform decides", both, arm64, "arm", nil},
		{"other name", "platforms are compared as a node does", both, v1.Platform{OS: "linux", Architecture: "aarch64", Variant: "v8"}, "arm", nil},
		{"nested", "an entry may be an index", nested, amd64, "amd", nil},
		{"too deep", "five indexes are one too many, as in a registry", deep, amd64, "", imageconfig.ErrInvalid},
		{"no platform", "the index has nothing for the node", both, v1.Platform{OS: "windows", Architecture: "amd64"}, "", imageconfig.ErrNoPlatform},
		{"empty", "an index without entries", empty.Index, amd64, "", imageconfig.ErrNoPlatform},
		{"no list", "the index cannot be computed", brokenIndex{index: both, manifest: broken}, amd64, "", imageconfig.ErrInvalid},
		{"no image", "the image cannot be computed", brokenIndex{index: both, image: broken}, amd64, "", imageconfig.ErrInvalid},
		{"no index", "the inner index cannot be computed", brokenIndex{index: nested, nested: broken}, amd64, "", imageconfig.ErrInvalid},
		{"no digest", "the index that lacks the platform has no digest", brokenIndex{index: empty.Index, digest: broken}, amd64, "", imageconfig.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := imageconfig.FromIndex(tt.index, tt.platform)
			if tt.wantErr != nil {
				known := wantNoImage(t, image, err, tt.wantErr)
				if errors.Is(tt.wantErr, imageconfig.ErrNoPlatform) && known.Digest != digestOf(t, tt.index) {
					t.Errorf("the index is %q, want %q", known.Digest, digestOf(t, tt.index))
				}
				return
			}
			if err != nil || image.Config.Config.User != tt.want {
				t.Fatalf("there is %+v and %v, want the USER %q", image, err, tt.want)
			}
		})
	}
	image, err := imageconfig.FromIndex(both, amd64)
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, filesOf(t, image), "etc/passwd", "root")
	if image.Digest != digestOf(t, amd) {
		t.Errorf("digest is %q, want that of the image", image.Digest)
	}
}

// ko builds an image for one platform and an index for many. A Pod that names
// what was built finds it in a Map.
func ExampleFromIndex() {
	arm64 := v1.Platform{OS: "linux", Architecture: "arm64"}
	var result partial.Describable = mutate.AppendManifests(empty.Index, // what ko's build.Interface returns
		forPlatform(appImage(), linux), forPlatform(appImage(), arm64))

	var image *imageconfig.Image
	switch built := result.(type) {
	case v1.Image:
		image = must(imageconfig.FromV1(built))
	case v1.ImageIndex:
		image = must(imageconfig.FromIndex(built, linux))
	}
	images := imageconfig.Map{"ko.local/app": image}
	found := must(images.Image(context.Background(), "ko.local/app:latest", linux))
	fmt.Println("USER", found.Config.Config.User)
	// Output: USER app
}
