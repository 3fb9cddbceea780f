package imageconfig

import (
	"context"
	"errors"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// An Archive is the [Source] of a tar file that holds images: what docker save
// and podman save write, or a tar of an OCI layout. It is the file's path. The
// file is opened whenever something is read; it must not be compressed.
type Archive string

// Image finds a reference in the archive, in its OCI index first. What is not
// there is [ErrNotHeld].
func (a Archive) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	files, err := scanTar(ctx, string(a))
	if err != nil {
		return nil, named(ref, ErrInvalid, err)
	}
	if files.has("index.json") {
		image, err := Layout{FS: files}.Image(ctx, ref, platform)
		if !errors.Is(err, ErrNotHeld) || !files.has("manifest.json") {
			return image, err
		}
	}
	image, err := savedImage(files, ref)
	return image, named(ref, ErrInvalid, err)
}

// Platforms returns the platforms that the archive's OCI index has the image
// for; none for an image that only docker save's own list has.
func (a Archive) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	files, err := scanTar(ctx, string(a))
	if err != nil {
		return nil, named(ref, ErrInvalid, err)
	}
	if files.has("index.json") {
		platforms, err := Layout{FS: files}.Platforms(ctx, ref)
		if !errors.Is(err, ErrNotHeld) || !files.has("manifest.json") {
			return platforms, err
		}
	}
	_, err = savedImage(files, ref)
	return nil, named(ref, ErrInvalid, err)
}

// A saved is one image of a docker save archive's manifest.json.
//
// Source: [the format] that docker save writes.
//
// [the format]: https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md#combined-image-json--filesystem-changeset-format
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// savedImage finds a reference in manifest.json.
func savedImage(files fs.FS, ref string) (*Image, error) {
	var images []saved
	if err := decode(files, "manifest.json", &images); err != nil {
		return nil, err
	}
	wanted := canonical(ref)
	for _, image := range images {
		for _, tag := range image.RepoTags {
			if canonical(tag) == wanted {
				return image.read(files)
			}
		}
	}
	return nil, &Error{Kind: ErrNotHeld}
}

func (s saved) read(files fs.FS) (*Image, error) {
	content, err := readFile(files, s.Config)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(s.Config, content)
	if err != nil {
		return nil, err
	}
	layers := make([]*layer, len(s.Layers))
	for n, name := range s.Layers {
		info, err := fs.Stat(files, name)
		if err != nil {
			return nil, err
		}
		layers[n] = &layer{open: savedLayer(files, name), sizeLimit: unpackedLimit(info.Size())}
	}
	return newImage(config, "", layers)
}

// savedLayer returns what opens a layer of a docker save archive. Most are not
// compressed, some are.
func savedLayer(files fs.FS, name string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		body, err := files.Open(name)
		if err != nil {
			return nil, err
		}
		return decompressed(body, nil)
	}
}
