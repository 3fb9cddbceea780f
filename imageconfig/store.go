package imageconfig

import (
	"bytes"
	"context"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// maxDocumentBytes is the largest manifest or config that is read.
	maxDocumentBytes = 8 << 20
	// maxIndexDepth is how many indexes may stand between a name and an image.
	maxIndexDepth = 4
)

// A store holds manifests and blobs by their digests, unverified.
type store interface {
	manifest(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error)
	blob(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error)
}

// find follows a descriptor to the image for a platform.
func find(ctx context.Context, from store, descriptor v1.Descriptor, platform v1.Platform) (*Image, error) {
	top := descriptor.Digest
	for range maxIndexDepth + 1 {
		body, err := readManifest(ctx, from, descriptor)
		if err != nil {
			return nil, err
		}
		if !isIndex(descriptor.MediaType, body) {
			image, err := imageOf(ctx, from, body, descriptor.Digest)
			if err == nil && top != descriptor.Digest {
				image.Index = top.String()
			}
			return image, err
		}
		index, err := v1.ParseIndexManifest(bytes.NewReader(body))
		if err != nil {
			return nil, invalid("index %s: %w", descriptor.Digest, err)
		}
		chosen, ok := choose(index, platform)
		if !ok {
			return nil, &Error{Kind: ErrNoPlatform, Digest: descriptor.Digest.String()}
		}
		descriptor = chosen
	}
	return nil, invalid("more than %d indexes lead to index %s", maxIndexDepth, descriptor.Digest)
}

// isIndex reports whether a manifest is an index: by its media type or, where
// that is not given, by its content.
func isIndex(mediaType types.MediaType, body []byte) bool {
	if bare := bareType(mediaType); bare != "" {
		return bare.IsIndex()
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(body))
	return err == nil && len(index.Manifests) > 0
}

// bareType returns a media type without the charset that a registry may add.
func bareType(mediaType types.MediaType) types.MediaType {
	bare, _, _ := strings.Cut(string(mediaType), ";")
	return types.MediaType(bare)
}

// imageOf reads the config that an image manifest names.
func imageOf(ctx context.Context, from store, body []byte, digest v1.Hash) (*Image, error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(body))
	if err != nil {
		return nil, invalid("manifest %s: %w", digest, err)
	}
	if manifest.SchemaVersion != 2 {
		return nil, invalid("manifest %s: schema version %d", digest, manifest.SchemaVersion)
	}
	config, err := readConfig(ctx, from, manifest.Config)
	if err != nil {
		return nil, err
	}
	layers := make([]*layer, len(manifest.Layers))
	for n, descriptor := range manifest.Layers {
		if err := unpacks(manifest.Config, descriptor); err != nil {
			layers[n] = &layer{open: func(context.Context) (io.ReadCloser, error) { return nil, err }}
			continue
		}
		layers[n] = &layer{
			open:      storedLayer(from, descriptor),
			sizeLimit: unpackedLimit(descriptor.Size),
			toc:       tocOf(from, descriptor),
			set:       layersOf(from),
		}
	}
	return newImage(config, digest.String(), layers)
}

// unpacks returns an error for a layer that runtimes keep as it is: that of an
// artifact, or of a kind that they do not know.
//
// Source: [IsConfigType and IsLayerType].
//
// [IsConfigType and IsLayerType]: https://github.com/containerd/containerd/blob/v2.3.0/core/images/mediatypes.go
func unpacks(config, layer v1.Descriptor) error {
	kind := string(layer.MediaType)
	switch {
	case !config.MediaType.IsConfig():
		return invalid("layer %s: the config is of media type %q, which is not an image's", layer.Digest, config.MediaType)
	case !strings.HasPrefix(kind, "application/vnd.oci.image.layer.") && !strings.HasPrefix(kind, "application/vnd.docker.image.rootfs."):
		return invalid("layer %s: media type %q is not known", layer.Digest, kind)
	default:
		return nil
	}
}

// storedLayer returns what opens a layer's tar stream, decompressed.
func storedLayer(from store, descriptor v1.Descriptor) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		ctx, stop := context.WithCancel(ctx)
		body, err := from.blob(ctx, descriptor)
		if err != nil {
			stop()
			return nil, err
		}
		return decompressed(verified(body, descriptor), stop)
	}
}
