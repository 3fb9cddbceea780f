package imageconfig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The annotations by which an index entry names its image.
const (
	refNameAnnotation   = "org.opencontainers.image.ref.name"
	imageNameAnnotation = "io.containerd.image.name"
)

// A Layout is the [Source] of an OCI image layout: [os.DirFS] of a directory, or
// an [embed.FS].
//
// An image is found by its digest or by the name that its entry of index.json
// is annotated with: a whole reference (org.opencontainers.image.ref.name or
// io.containerd.image.name), or a tag alone, which fits every repository.
type Layout struct {
	FS fs.FS
}

// Image finds a reference in index.json. What is not there is [ErrNotHeld].
func (l Layout) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	descriptor, err := l.descriptor(ref)
	if err != nil {
		return nil, err
	}
	image, err := find(ctx, blobs{l.FS}, descriptor, platform)
	return image, named(ref, ErrInvalid, err)
}

// descriptor finds a reference's entry in index.json.
func (l Layout) descriptor(ref string) (v1.Descriptor, error) {
	if l.FS == nil {
		return v1.Descriptor{}, &Error{Reference: ref, Kind: ErrNotHeld, Err: errors.New("the layout has no file system")}
	}
	content, err := readFile(l.FS, "index.json")
	if err != nil {
		return v1.Descriptor{}, named(ref, ErrInvalid, err)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(content))
	if err != nil {
		return v1.Descriptor{}, named(ref, ErrInvalid, err)
	}
	descriptor, ok := entryFor(index, ref)
	if !ok {
		return v1.Descriptor{}, &Error{Reference: ref, Kind: ErrNotHeld}
	}
	return descriptor, nil
}

// entryFor returns the entry of index.json that a reference names.
func entryFor(index *v1.IndexManifest, ref string) (v1.Descriptor, bool) {
	wanted := canonical(ref)
	for _, entry := range index.Manifests {
		if strings.HasSuffix(wanted, "@"+entry.Digest.String()) {
			return entry, true
		}
		for _, key := range []string{imageNameAnnotation, refNameAnnotation} {
			if name := entry.Annotations[key]; name != "" && (canonical(name) == wanted || name == tagOf(wanted)) {
				return entry, true
			}
		}
	}
	return v1.Descriptor{}, false
}

// tagOf returns the tag of a reference; empty where it has none, and where it
// has a digest, which alone decides.
func tagOf(ref string) string {
	parsed, err := reference.Parse(ref)
	if err != nil {
		return ""
	}
	if _, ok := parsed.(reference.Digested); ok {
		return ""
	}
	if tagged, ok := parsed.(reference.Tagged); ok {
		return tagged.Tag()
	}
	return ""
}

// blobs is the store of a layout.
type blobs struct{ fs.FS }

func (b blobs) manifest(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	return b.blob(ctx, descriptor)
}

func (b blobs) blob(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	opened, err := b.Open(path.Join("blobs", descriptor.Digest.Algorithm, descriptor.Digest.Hex))
	if err != nil {
		return nil, &Error{Kind: ErrInvalid, Err: err}
	}
	return opened, nil
}

// readFile reads a small file of a layout or an archive.
func readFile(from fs.FS, name string) (content []byte, err error) {
	opened, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, opened.Close()) }()
	content, err = io.ReadAll(io.LimitReader(opened, maxDocumentBytes+1))
	if len(content) > maxDocumentBytes {
		return nil, invalid("%s has more than %d bytes", name, maxDocumentBytes)
	}
	return content, err
}

// decode reads a small JSON file.
func decode(from fs.FS, name string, into any) error {
	content, err := readFile(from, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return invalid("%s: %w", name, err)
	}
	return nil
}
