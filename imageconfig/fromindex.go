package imageconfig

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// FromIndex returns the image that a node of that platform takes from an index
// of go-containerregistry, such as one that ko has built for many platforms. Of
// the index's images only that one is read. The error is an [*Error]: with
// [ErrNoPlatform] where the index has nothing for the platform, else with
// [ErrInvalid].
func FromIndex(index v1.ImageIndex, platform v1.Platform) (*Image, error) {
	for range maxIndexDepth {
		manifest, err := index.IndexManifest()
		if err != nil {
			return nil, invalid("index: %w", err)
		}
		chosen, ok := choose(manifest, platform)
		if !ok {
			return nil, noPlatformIn(index)
		}
		if !chosen.MediaType.IsIndex() {
			image, err := index.Image(chosen.Digest)
			if err != nil {
				return nil, invalid("manifest %s: %w", chosen.Digest, err)
			}
			return FromV1(image)
		}
		if index, err = index.ImageIndex(chosen.Digest); err != nil {
			return nil, invalid("index %s: %w", chosen.Digest, err)
		}
	}
	return nil, invalid("more than %d indexes lead to the image", maxIndexDepth)
}

// noPlatformIn says that an index has nothing for the platform.
func noPlatformIn(index v1.ImageIndex) error {
	digest, err := index.Digest()
	if err != nil {
		return invalid("index: %w", err)
	}
	return &Error{Kind: ErrNoPlatform, Digest: digest.String()}
}
