package imageconfig_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/drystart/drystart/imageconfig"
)

// TestImageIndex asks for images whose name leads to an index, and not.
func TestImageIndex(t *testing.T) {
	t.Parallel()
	image := imageOf(t, "1000", layer{file("etc/passwd", "root")})
	inner := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &amd64}})
	outer := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: inner})
	host, _ := serveReal(t)
	push(t, host+"/single:1", image)
	push(t, host+"/multi:1", inner)
	push(t, host+"/nested:1", outer)
	tests := []struct{ name, reason, ref, want string }{
		{"single", "there is no index", host + "/single:1", ""},
		{"multi", "the index is what the name stands for", host + "/multi:1", digestOf(t, inner)},
		{"nested", "the name stands for the outer one", host + "/nested:1", digestOf(t, outer)},
		{"by digest", "the digest is the index's", host + "/multi@" + digestOf(t, inner), digestOf(t, inner)},
		{"by the image's digest", "the index is not asked", host + "/multi@" + digestOf(t, image), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			found := find(t, &imageconfig.Registry{}, tt.ref)
			if found.Index != tt.want || found.Digest != digestOf(t, image) {
				t.Errorf("index %q and manifest %s, want %q and the image's", found.Index, found.Digest, tt.want)
			}
		})
	}
}
