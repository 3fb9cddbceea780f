package imageconfig

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	containerdRoot    = "/var/lib/containerd"
	containerdContent = "io.containerd.content.v1.content"
	containerdNames   = "io.containerd.metadata.v1.bolt/meta.db"

	// maxNameReads is how often the names are read while they change.
	maxNameReads = 16
)

// A ContentStore is the [Source] of what containerd keeps on a node. Its zero
// value is the node's own. It only reads, takes no lock, and can be used while
// containerd runs: each answer is that of one committed state.
//
// An image is found by its digest, or by the name that containerd has for it. A
// node usually pulls only the parts that are for its own platform: what the
// index promises for another one is [ErrNotHeld]. containerd may be set to
// discard layers that it has unpacked (discard_unpacked_layers, the default of
// some distributions): then an image has its config, and reading its files is
// [ErrNotHeld]. A directory that cannot be read is [ErrUnreachable].
type ContentStore struct {
	// FS is containerd's root directory. Nil is /var/lib/containerd.
	FS fs.FS
	// Namespace is the one whose names count. Empty is "k8s.io", where the
	// kubelet's images are.
	Namespace string
}

// Image finds what a reference names. What is not there is [ErrNotHeld].
func (s ContentStore) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	descriptor, err := s.descriptor(ctx, ref)
	if err != nil {
		return nil, named(ref, ErrUnreachable, err)
	}
	image, err := find(ctx, s.blobs(), descriptor, platform)
	return image, named(ref, ErrUnreachable, err)
}

// Platforms returns the platforms that the image's index names, whether or not
// their parts are there.
func (s ContentStore) Platforms(ctx context.Context, ref string) ([]v1.Platform, error) {
	descriptor, err := s.descriptor(ctx, ref)
	if err != nil {
		return nil, named(ref, ErrUnreachable, err)
	}
	platforms, err := platformsAt(ctx, s.blobs(), descriptor)
	return platforms, named(ref, ErrUnreachable, err)
}

// descriptor returns the manifest or index that a reference names. A digest needs
// no name.
func (s ContentStore) descriptor(ctx context.Context, ref string) (v1.Descriptor, error) {
	parsed, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return v1.Descriptor{}, &Error{Kind: ErrNotHeld, Err: err}
	}
	if digested, ok := parsed.(reference.Digested); ok {
		digest, err := v1.NewHash(digested.Digest().String())
		if err != nil {
			return v1.Descriptor{}, invalid("%w", err)
		}
		return v1.Descriptor{Digest: digest}, nil
	}
	return s.target(ctx, canonical(ref))
}

// target looks up a name. bbolt never overwrites a page of the newest state, so
// what was read is true if that is still the newest when all is read.
func (s ContentStore) target(ctx context.Context, name string) (found v1.Descriptor, err error) {
	opened, err := s.root().Open(containerdNames)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer func() { err = firstError(err, opened.Close()) }()
	file, ok := opened.(io.ReaderAt)
	if !ok {
		return v1.Descriptor{}, fmt.Errorf("%s: a file that cannot be read from its middle", containerdNames)
	}
	for range maxNameReads {
		if ctx.Err() != nil {
			return v1.Descriptor{}, context.Cause(ctx)
		}
		before, err := readBoltState(file)
		if err != nil {
			return v1.Descriptor{}, err
		}
		found, failure := s.targetIn(boltBucket{file: file, state: before, root: before.root}, name)
		after, err := readBoltState(file)
		if err != nil {
			return v1.Descriptor{}, err
		}
		if before == after {
			return found, failure
		}
	}
	return v1.Descriptor{}, fmt.Errorf("%s: changed each of the %d times it was read", containerdNames, maxNameReads)
}

// targetIn looks up a name in containerd's database.
//
// Source: containerd's [schema] and [readImage].
//
// [schema]: https://github.com/containerd/containerd/blob/v2.3.4/core/metadata/buckets.go#L59-L138
// [readImage]: https://github.com/containerd/containerd/blob/v2.3.4/core/metadata/images.go#L379-L417
func (s ContentStore) targetIn(here boltBucket, name string) (v1.Descriptor, error) {
	namespace := s.Namespace
	if namespace == "" {
		namespace = "k8s.io"
	}
	for _, key := range []string{"v1", namespace, "images", name, "target"} {
		inner, ok, err := here.bucket(key)
		if err != nil {
			return v1.Descriptor{}, err
		}
		if !ok {
			return v1.Descriptor{}, &Error{Kind: ErrNotHeld}
		}
		here = inner
	}
	fields := map[string][]byte{"digest": nil, "mediatype": nil, "size": nil}
	for key := range fields {
		at, err := here.get(key)
		if err != nil {
			return v1.Descriptor{}, err
		}
		if at != nil {
			fields[key] = at.value
		}
	}
	digest, err := v1.NewHash(string(fields["digest"]))
	if err != nil {
		return v1.Descriptor{}, invalid("%s: %w", containerdNames, err)
	}
	size, _ := binary.Varint(fields["size"])
	return v1.Descriptor{Digest: digest, MediaType: types.MediaType(fields["mediatype"]), Size: size}, nil
}

func (s ContentStore) root() fs.FS {
	if s.FS == nil {
		return os.DirFS(containerdRoot)
	}
	return s.FS
}

func (s ContentStore) blobs() store { return contentBlobs{s.root()} }

// contentBlobs is the blobs of a content store. Unlike a layout, it need not hold
// all that it names.
type contentBlobs struct{ root fs.FS }

func (c contentBlobs) manifest(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	return c.blob(ctx, descriptor)
}

func (c contentBlobs) blob(ctx context.Context, descriptor v1.Descriptor) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	digest := descriptor.Digest
	opened, err := c.root.Open(path.Join(containerdContent, "blobs", digest.Algorithm, digest.Hex))
	switch {
	case err == nil:
		return opened, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Kind: ErrUnreachable, Err: err}
	case descriptor.MediaType.IsLayer():
		err = fmt.Errorf("layer %s is not in the content store: containerd may have discarded it once it was unpacked", digest)
	default:
		err = fmt.Errorf("%s is not in the content store", digest)
	}
	return nil, &Error{Kind: ErrNotHeld, Err: err}
}
