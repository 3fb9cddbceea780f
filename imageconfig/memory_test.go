package imageconfig_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/drystart/drystart/imageconfig"
)

func TestMap(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + hashOf(nil).Hex
	images := imageconfig.Map{
		"nginx":                        imageconfig.Declared("short", nil),
		"docker.io/library/app:v1":     imageconfig.Declared("full", nil),
		"registry.example/x@" + digest: imageconfig.Declared("digest", nil),
		"Not A Reference":              imageconfig.Declared("odd", nil),
		"nothing":                      nil,
	}
	tests := []struct {
		name, reason string
		ref          string
		want         string // empty: ErrNotHeld
	}{
		{"as written", "the key is the reference", "nginx", "short"},
		{"with tag", "no tag is the tag latest", "nginx:latest", "short"},
		{"in full", "no registry is Docker Hub", "docker.io/library/nginx:latest", "short"},
		{"without library", "Docker Hub's own images need no library", "docker.io/nginx", "short"},
		{"short for full", "the same the other way round", "app:v1", "full"},
		{"digest", "a digest is part of the name", "registry.example/x@" + digest, "digest"},
		{"other tag", "another tag is another image", "nginx:1.27", ""},
		{"other registry", "another registry is another image", "registry.example/nginx", ""},
		{"no reference", "a key that is no reference is found as it is", "Not A Reference", "odd"},
		{"other text", "what is no reference names nothing else", "not a reference", ""},
		{"nil", "a key without an image holds nothing", "nothing", ""},
		{"empty", "nothing is no name", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := images.Image(t.Context(), tt.ref, amd64)
			if tt.want == "" {
				wantNoImage(t, image, err, imageconfig.ErrNotHeld)
				return
			}
			if err != nil || image.Config.Config.User != tt.want {
				t.Errorf("there is %+v and %v, want the USER %q", image, err, tt.want)
			}
		})
	}
	image, err := imageconfig.Map(nil).Image(t.Context(), "nginx", amd64)
	wantNoImage(t, image, err, imageconfig.ErrNotHeld)
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	image := imageconfig.Declared("app:staff", fstest.MapFS{"etc/passwd": {Data: []byte("app")}})
	if image.Config.Config.User != "app:staff" || !image.Runnable || image.Digest != "" {
		t.Errorf("there is %+v, want the USER, a command and no digest", image)
	}
	wantContent(t, filesOf(t, image), "etc/passwd", "app")
	empty := filesOf(t, imageconfig.Declared("", nil))
	missing(t, empty, "etc/passwd", fs.ErrNotExist)
	if !lstat(t, empty, ".").IsDir() {
		t.Error("an image without files has no root")
	}
	if files, err := (&imageconfig.Image{}).Files(t.Context()); err == nil {
		t.Errorf("the zero Image has the files %v", files)
	}
}

func TestFromV1(t *testing.T) {
	t.Parallel()
	made, err := random.Image(1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := mutate.Config(made, v1.Config{User: "1000", Entrypoint: []string{"/app"}, Env: []string{"A=b"}})
	if err != nil {
		t.Fatal(err)
	}
	changed, err = mutate.AppendLayers(changed, layerOf(t, tarOf(t, file("etc/passwd", "root"))))
	if err != nil {
		t.Fatal(err)
	}
	image, err := imageconfig.FromV1(changed)
	if err != nil {
		t.Fatal(err)
	}
	config, err := changed.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*config, image.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if image.Digest != digestOf(t, changed) || image.Runnable {
		t.Errorf("digest is %q and runnable %v, want the manifest's and false", image.Digest, image.Runnable)
	}
	wantContent(t, filesOf(t, image), "etc/passwd", "root")
	missing(t, filesOf(t, image), "etc/group", fs.ErrNotExist)
}

// A failing image fails where it is told to.
type failing struct {
	v1.Image
	config, digest, layers error
}

func (f failing) ConfigFile() (*v1.ConfigFile, error) {
	if f.config != nil {
		return nil, f.config
	}
	return f.Image.ConfigFile()
}

func (f failing) Digest() (v1.Hash, error) {
	if f.digest != nil {
		return v1.Hash{}, f.digest
	}
	return f.Image.Digest()
}

func (f failing) Layers() ([]v1.Layer, error) { return nil, f.layers }

func TestFromV1Errors(t *testing.T) {
	t.Parallel()
	cause := errors.New("broken")
	made := imageOf(t, "", layer{file("a", "a")})
	tests := []struct {
		name, reason string
		image        v1.Image
		wantCause    bool
	}{
		{"config", "the config cannot be read", failing{Image: made, config: cause}, true},
		{"digest", "the manifest cannot be read", failing{Image: made, digest: cause}, true},
		{"layers", "the layers cannot be listed", failing{Image: made, layers: cause}, true},
		{"too few layers", "the config promises more", failing{Image: made}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := imageconfig.FromV1(tt.image)
			wantNoImage(t, image, err, imageconfig.ErrInvalid)
			if errors.Is(err, cause) != tt.wantCause {
				t.Errorf("error is %v, want the cause: %v", err, tt.wantCause)
			}
		})
	}
}
