package simulate_test

import (
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/drystart/drystart/simulate/internal/faulty"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestFaultyContent is about what a registry serves as it was pushed, but is no
// image, or not one for the node.
func TestFaultyContent(t *testing.T) {
	const noConfig = types.MediaType("application/vnd.oci.empty.v1+json")
	document := func(mediaType types.MediaType, body string) remote.Taggable {
		return faulty.Document{Type: mediaType, Body: []byte(body)}
	}
	tests := []struct {
		name, reason string
		pushed       remote.Taggable
		want         []string
	}{
		{
			name: "schema 1", reason: "containerd's words depend on the registry's headers, CRI-O takes it",
			pushed: document(types.DockerManifestSchema1, `{"schemaVersion":1,"name":"team/app","tag":"1","fsLayers":[]}`), want: invalid,
		},
		{
			name: "signed schema 1", reason: "containerd's words depend on the registry's headers, CRI-O takes it",
			pushed: document(types.DockerManifestSchema1Signed, `{"schemaVersion":1,"name":"team/app","tag":"1","fsLayers":[],"signatures":[]}`), want: invalid,
		},
		{
			name: "unknown kind of manifest", reason: "it names no config",
			pushed: document("application/vnd.example.manifest.v9+json", `{"schemaVersion":9}`), want: invalid,
		},
		{
			name: "manifest of an unknown kind that reads as an image's", reason: "containerd goes by the media type",
			pushed: mutate.MediaType(sample(t), "application/vnd.example.manifest.v9+json"), want: invalid,
		},
		{
			name: "artifact manifest", reason: "the kind that OCI gave up again has no config",
			pushed: document("application/vnd.oci.artifact.manifest.v1+json", `{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"application/spdx+json","blobs":[]}`), want: invalid,
		},
		{
			name: "artifact", reason: "its layers are not unpacked, even where its config reads as one of an image",
			pushed: mutate.ConfigMediaType(sample(t), noConfig), want: invalid,
		},
		{
			name: "unknown kind of layer", reason: "it is not unpacked, even where it is one",
			pushed: layered(t, v1.Config{User: "app", Entrypoint: []string{"/bin/tool"}}, unknownLayer{layerOf(t, map[string]string{"bin/tool": "#!\n"})}), want: invalid,
		},
		{
			name: "no platform", reason: "the index is there and has images for others only",
			pushed: indexed(sample(t), "linux/s390x"), want: noPlatform,
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			registry := serveFaulty(t, nil, false)
			ref := pushed(t, registry, "team/app:1", test.pushed)
			digest := "none"
			if index, ok := test.pushed.(v1.ImageIndex); ok {
				known, err := index.Digest()
				if err != nil {
					t.Fatal(err)
				}
				digest = known.String()
			}
			want, got := make([]string, len(pullers)), make([]string, len(pullers))
			for n, puller := range pullers {
				want[n] = strings.NewReplacer("{ref}", ref, "{digest}", digest).Replace(test.want[n])
				kubelet := simulate.Kubelet{Node: puller, Images: &imageconfig.Registry{}}
				got[n] = outcomeOf(kubelet.Start(t.Context(), podOf(container("app", ref))))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outcomes of %v (-want +got):\n%s", pullers, diff)
			}
		})
	}
}

// noPlatform is what the runtimes say of an index without an image for them.
var noPlatform = []string{
	`ErrImagePull: rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest {digest}: not found`,
	`ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": no match for platform in manifest: not found`,
	`ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "{ref}": no match for platform in manifest: not found`,
	"undecided: " + imageconfig.ErrNoPlatform.Error(), // its words are not known
}

// An unknownLayer is a layer of no known kind.
type unknownLayer struct{ v1.Layer }

func (unknownLayer) MediaType() (types.MediaType, error) { return "application/vnd.example.layer", nil }
