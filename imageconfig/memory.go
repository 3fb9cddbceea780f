package imageconfig

import (
	"context"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Map holds images by reference. Its keys are references as a Pod writes them:
// "nginx", "nginx:latest" and "docker.io/library/nginx:latest" are the same. It
// holds each image for all platforms. It must not be changed while it is in use.
type Map map[string]*Image

// Image returns the image of that reference, or [ErrNotHeld].
func (m Map) Image(_ context.Context, ref string, _ v1.Platform) (*Image, error) {
	for _, key := range [...]string{ref, strings.TrimSuffix(ref, ":latest")} {
		if image := m[key]; image != nil {
			return image, nil
		}
	}
	if name, err := ParseName(ref); err == nil {
		for key := range name.spellings() {
			if image := m[key]; image != nil {
				return image, nil
			}
		}
	}
	return nil, &Error{Reference: ref, Kind: ErrNotHeld}
}
