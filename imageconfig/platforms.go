package imageconfig

import (
	"bytes"
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A PlatformLister is a [Source] that knows for which platforms an image exists.
// [Registry], [Layout], [Archive], [ContentStore] and a [Chain] of such are.
type PlatformLister interface {
	// Platforms returns the platforms of an index in its order, each once; none
	// for an image that is not an index. The error is as that of [Source].
	Platforms(ctx context.Context, ref string) ([]v1.Platform, error)
}

// Platforms returns the platforms that the registry has the image for.
func (r *Registry) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	from, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	platforms, err := platformsIn(from.top.MediaType, from.content)
	return platforms, named(ref, ErrInvalid, err)
}

// Platforms returns the platforms that the layout has the image for.
func (l Layout) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	descriptor, err := l.descriptor(ref)
	if err != nil {
		return nil, err
	}
	platforms, err := platformsAt(ctx, blobs{l.FS}, descriptor)
	return platforms, named(ref, ErrInvalid, err)
}

// Platforms returns the first answer of a source that lists platforms and holds
// the image.
func (c Chain) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	for _, source := range c {
		lister, ok := source.(PlatformLister)
		if !ok {
			continue
		}
		platforms, err := lister.Platforms(ctx, ref)
		if errors.Is(err, ErrNotHeld) {
			continue
		}
		return platforms, err
	}
	return nil, &Error{Reference: ref, Kind: ErrNotHeld}
}

// platformsAt returns the platforms of what a descriptor names.
func platformsAt(ctx context.Context, from store, descriptor v1.Descriptor) ([]v1.Platform, error) {
	body, err := readManifest(ctx, from, descriptor)
	if err != nil {
		return nil, err
	}
	return platformsIn(descriptor.MediaType, body)
}

// platformsIn returns the platforms of an index, and none of a manifest that is
// no index. What is no image for a node, as an attestation, has the platform
// "unknown".
func platformsIn(mediaType types.MediaType, body []byte) ([]v1.Platform, error) {
	if !isIndex(mediaType, body) {
		return nil, nil
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(body))
	if err != nil {
		return nil, invalid("index: %w", err)
	}
	var platforms []v1.Platform
	seen := map[target]bool{}
	for _, entry := range index.Manifests {
		if entry.Platform == nil || entry.Platform.OS == "unknown" {
			continue
		}
		if t := normalize(*entry.Platform); !seen[t] {
			seen[t] = true
			platforms = append(platforms, v1.Platform{OS: t.os, Architecture: t.arch, Variant: t.variant})
		}
	}
	return platforms, nil
}
