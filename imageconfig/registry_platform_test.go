package imageconfig_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

func TestRegistryChoosesThePlatform(t *testing.T) {
	t.Parallel()
	answers := liar{}
	// made returns the manifest of an image that differs from the others.
	made := func(user string) v1.Descriptor {
		body := jsonOf(t, &v1.ConfigFile{Config: v1.Config{User: user}})
		config := answers.add("/blobs/", types.OCIConfigJSON, body)
		return answers.add("/manifests/", types.OCIManifestSchema1, manifestOf(t, config))
	}
	one, two, bare := made("one"), made("two"), made("bare")
	attestation := platformed(made("attestation"), "unknown", "unknown", "")
	nested := answers.add("/manifests/", types.OCIImageIndex, indexOf(t, platformed(one, "linux", "amd64", "")))
	arm64 := v1.Platform{OS: "linux", Architecture: "arm64"}
	arm64v8 := v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	tests := []struct {
		name, reason string
		entries      []v1.Descriptor
		platform     v1.Platform
		want         string // empty: ErrNoPlatform
	}{
		{"amd64", "the entry of the node's architecture is taken",
			[]v1.Descriptor{platformed(two, "linux", "arm64", "v8"), platformed(one, "linux", "amd64", "")}, amd64, "one"},
		{"first of two", "the order of the index decides between equals",
			[]v1.Descriptor{platformed(two, "linux", "amd64", ""), platformed(one, "linux", "amd64", "")}, amd64, "two"},
		{"arm64 for arm64/v8", "v8 is what all arm64 machines have",
			[]v1.Descriptor{platformed(one, "linux", "amd64", ""), platformed(two, "linux", "arm64", "")}, arm64v8, "two"},
		{"arm64/v8 for arm64", "the same the other way round",
			[]v1.Descriptor{platformed(one, "linux", "amd64", ""), platformed(two, "linux", "arm64", "v8")}, arm64, "two"},
		{"aarch64", "other names of an architecture are known",
			[]v1.Descriptor{platformed(one, "linux", "aarch64", "")}, arm64, "one"},
		{"x86_64", "other names of an architecture are known",
			[]v1.Descriptor{platformed(one, "linux", "x86_64", "v1")}, amd64, "one"},
		{"i386", "other names of an architecture are known",
			[]v1.Descriptor{platformed(one, "linux", "i386", "")}, v1.Platform{OS: "linux", Architecture: "386"}, "one"},
		{"armhf", "Debian's name for the seventh ARM",
			[]v1.Descriptor{platformed(one, "linux", "armel", ""), platformed(two, "linux", "armhf", "")},
			v1.Platform{OS: "linux", Architecture: "arm"}, "two"},
		{"arm/v6 is not for arm/v7", "the choice is strict: a node takes no lesser variant",
			[]v1.Descriptor{platformed(one, "linux", "arm", "v6")},
			v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, ""},
		{"amd64/v3 is not for amd64", "a node that is not known to have it takes no greater variant",
			[]v1.Descriptor{platformed(one, "linux", "amd64", "v3")}, amd64, ""},
		{"no platform", "an entry without a platform suits every node",
			[]v1.Descriptor{bare}, arm64, "bare"},
		{"no platform first", "it is taken where it stands first",
			[]v1.Descriptor{bare, platformed(one, "linux", "amd64", "")}, amd64, "bare"},
		{"attestation first", "an attestation is for no node",
			[]v1.Descriptor{attestation, platformed(one, "linux", "amd64", "")}, amd64, "one"},
		{"attestation only", "an index of attestations has no image",
			[]v1.Descriptor{attestation}, amd64, ""},
		{"nested", "an index may lead to an index",
			[]v1.Descriptor{platformed(two, "linux", "arm64", ""), nested}, amd64, "one"},
		{"other system", "an image for Windows is none for Linux",
			[]v1.Descriptor{platformed(one, "windows", "amd64", "")}, amd64, ""},
		{"empty index", "there is nothing to choose from", []v1.Descriptor{}, amd64, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			body := indexOf(t, tt.entries...)
			answers.tag(body, types.OCIImageIndex)
			image, err := (&imageconfig.Registry{}).Image(t.Context(), serve(t, answers)+"/app", tt.platform)
			if tt.want == "" {
				answer := wantNoImage(t, image, err, imageconfig.ErrNoPlatform)
				if answer.Digest != hashOf(body).String() {
					t.Errorf("digest is %q, want that of the index", answer.Digest)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := image.Config.Config.User; got != tt.want {
				t.Errorf("chosen is %q, want %q", got, tt.want)
			}
		})
	}
}

// An image that is no index is taken as it is, whatever its config says: so does
// containerd when it resolves a tag.
func TestRegistryTakesAnImageWithoutIndex(t *testing.T) {
	t.Parallel()
	host, _ := serveReal(t)
	push(t, host+"/app", imageOf(t, "app"))
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		platform := v1.Platform{OS: "linux", Architecture: arch}
		image, err := (&imageconfig.Registry{}).Image(t.Context(), host+"/app", platform)
		if err != nil || image.Config.Config.User != "app" {
			t.Errorf("for %s there is %v and %v, want the image", arch, image, err)
		}
	}
}
