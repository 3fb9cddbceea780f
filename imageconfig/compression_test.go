package imageconfig_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/drystart/drystart/imageconfig"
)

func zstdOf(t *testing.T, content []byte) []byte {
	t.Helper()
	made, err := tarball.LayerFromOpener(opens(content), tarball.WithCompression(compression.ZStd))
	if err != nil {
		t.Fatal(err)
	}
	body, err := made.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestLayerCompression(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"), file("bin/app", "app"))
	zstd := zstdOf(t, stream)
	frames := append(gzipped(t, stream[:700]), gzipped(t, stream[700:])...)
	tests := []struct {
		name, reason string
		mediaType    types.MediaType
		body         []byte
	}{
		{"none", "a layer need not be compressed", types.OCIUncompressedLayer, stream},
		{"gzip", "the usual layer", types.OCILayer, gzipped(t, stream)},
		{"gzip in parts", "eStargz writes many gzip streams after one another", types.OCILayer, frames},
		{"zstd", "the other compression of OCI", types.OCILayerZStd, zstd},
		{"zstd under a wrong name", "the content decides", types.DockerLayer, zstd},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			answers := liar{}
			config := answers.add("/blobs/", types.OCIConfigJSON, configOf(t, hashOf(stream)))
			answers.tag(manifestOf(t, config, answers.add("/blobs/", tt.mediaType, tt.body)), types.OCIManifestSchema1)
			files := filesOf(t, find(t, &imageconfig.Registry{}, serve(t, answers)+"/app"))
			wantContent(t, files, "etc/passwd", "root")
			wantContent(t, files, "bin/app", "app")
		})
	}
}

// A lowLevel is a layer of go-containerregistry whose stream is not what the
// config promises.
type lowLevel struct {
	v1.Layer
	open func() (io.ReadCloser, error)
}

func (l lowLevel) Uncompressed() (io.ReadCloser, error) { return l.open() }

// layered is an image with other layers than its config says.
type layered struct {
	v1.Image
	layers []v1.Layer
}

func (i layered) Layers() ([]v1.Layer, error) { return i.layers, nil }

func TestDiffIDIsChecked(t *testing.T) {
	t.Parallel()
	stream := tarOf(t, file("etc/passwd", "root"))
	other := tarOf(t, file("etc/passwd", "evil"))
	tests := []struct {
		name, reason string
		open         func() (io.ReadCloser, error)
		wantErr      bool
	}{
		{"as promised", "the check does not fail by itself", opens(stream), false},
		{"other content", "the files are not those of the config", opens(other), true},
		{"longer", "what follows the tar is part of the promise", opens(append(bytes.Clone(stream), 0)), true},
		{"shorter", "the end of the tar is part of the promise", opens(stream[:len(stream)-512]), true},
		{"no stream", "a layer that cannot be opened", func() (io.ReadCloser, error) { return nil, errors.New("gone") }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			made := layered{imageOf(t, "", layer{file("etc/passwd", "root")}), []v1.Layer{lowLevel{open: tt.open}}}
			image, err := imageconfig.FromV1(made)
			if err != nil {
				t.Fatal(err)
			}
			_, err = filesOf(t, image).Open("etc/passwd")
			if !tt.wantErr && err != nil {
				t.Fatal(err)
			}
			if tt.wantErr {
				wantKind(t, err, imageconfig.ErrInvalid)
			}
		})
	}
}

func opens(body []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
}

func TestFilesContext(t *testing.T) {
	t.Parallel()
	image, err := imageconfig.FromV1(imageOf(t, "", layer{file("etc/passwd", "root")}))
	if err != nil {
		t.Fatal(err)
	}
	files, err := image.Files(canceled(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := files.Open("etc/passwd"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	// The next caller is not affected.
	wantContent(t, filesOf(t, image), "etc/passwd", "root")
}
