package imageconfig

import (
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Source finds images. It is safe for concurrent use.
type Source interface {
	// Image returns what a reference names for a platform. The reference is what
	// a Pod says, with the tag "latest" where it has neither tag nor digest. The
	// error is an *Error or a *NodeError; it unwraps to the context's where that
	// has ended.
	Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error)
}

// SourceFunc is a function that is a [Source].
type SourceFunc func(ctx context.Context, ref string, platform v1.Platform) (*Image, error)

// Image calls the function.
func (f SourceFunc) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	return f(ctx, ref, platform)
}

// A Chain asks its sources in turn. One that answers [ErrNotHeld] passes the
// question on; any other answer, an image or an error, is the chain's. An empty
// chain holds nothing.
type Chain []Source

// Image returns the first answer.
func (c Chain) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	for _, source := range c {
		image, err := source.Image(ctx, ref, platform)
		if errors.Is(err, ErrNotHeld) {
			continue
		}
		return image, err
	}
	return nil, &Error{Reference: ref, Kind: ErrNotHeld}
}

// canonical returns a reference in full: with its registry, and with the tag
// "latest" where it names none. What is no reference is returned as it is.
func canonical(ref string) string {
	name, err := ParseName(ref)
	if err != nil {
		return ref
	}
	return name.String()
}
