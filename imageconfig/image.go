package imageconfig

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// An Image is what one platform's image says about itself. It is safe for
// concurrent use, its fields are not to be changed once it is in use. The zero
// Image has no USER and no command, and its files are not known.
type Image struct {
	// Config is the OCI image config. Config.Config has the USER, the
	// entrypoint, the environment and the working directory.
	Config v1.ConfigFile
	// Digest is the manifest's digest, "sha256:…". It is empty where there is no
	// manifest.
	Digest string
	// Index is the digest of the index that the reference names. It is empty
	// where the reference names the manifest.
	Index string
	// Runnable states that the image has a command and that it can be executed,
	// so that nobody looks for it. It is for images that are written down rather
	// than built.
	Runnable bool

	files   func(ctx context.Context) (fs.FS, error)
	derived sync.Map // by type: see Derive
}

// Files returns the image's files as a node's overlay shows them. Its paths are
// relative to the image's root; it has [fs.ReadLinkFS]. Layers are read when a
// path needs them, under this context. An error of the file system is that of a
// path (fs.ErrNotExist, ELOOP, ENOTDIR), or says that a layer could not be read:
// then it is an [*Error] or the context's, and never fs.ErrNotExist. Nor is
// [ErrNotLocked], which a [Lock] adds.
func (i *Image) Files(ctx context.Context) (fs.FS, error) {
	if i.files == nil {
		return nil, errors.New("the image's files are not known")
	}
	return i.files(ctx)
}

// Derive returns what is worked out from an image once, and kept for as long as
// the image is: the first value of its type that came without an error. The type
// is that of a package that keeps it to itself, and safe for concurrent use.
func Derive[T any](i *Image, work func(*Image) (*T, error)) (*T, error) {
	key := (*T)(nil)
	if kept, ok := i.derived.Load(key); ok {
		return kept.(*T), nil
	}
	first, err := work(i)
	if err != nil {
		return nil, err
	}
	kept, _ := i.derived.LoadOrStore(key, first)
	return kept.(*T), nil
}

// Declared returns an image that is written down: its USER and its files, as
// much as matters. A nil files is an image without any; they are not to be changed
// once the image is in use. Its command is taken to be there: see
// [Image.Runnable].
//
//	imageconfig.Declared("app", fstest.MapFS{
//		"etc/passwd": {Data: []byte("app:x:1000:1000::/:/bin/sh\n")},
//	})
func Declared(user string, files fs.FS) *Image {
	if files == nil {
		files = &overlay{}
	}
	return &Image{
		Config:   v1.ConfigFile{Config: v1.Config{User: user}},
		Runnable: true,
		files:    func(context.Context) (fs.FS, error) { return files, nil },
	}
}

// FromV1 returns an image of go-containerregistry, such as one that ko has built
// or that a test has made. The error is an [*Error] with [ErrInvalid].
func FromV1(image v1.Image) (*Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, invalid("config: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, invalid("manifest: %w", err)
	}
	contents, err := image.Layers()
	if err != nil {
		return nil, invalid("layers: %w", err)
	}
	layers := make([]*layer, len(contents))
	for n, content := range contents {
		layers[n] = &layer{open: uncompressed(content), sizeLimit: unlimited}
	}
	return newImage(config, digest.String(), layers)
}

// newImage returns an image with these layers, the lowest first.
func newImage(config *v1.ConfigFile, digest string, layers []*layer) (*Image, error) {
	if len(layers) != len(config.RootFS.DiffIDs) {
		return nil, invalid("%d layers, but the config has %d diff_ids", len(layers), len(config.RootFS.DiffIDs))
	}
	for n, l := range layers {
		l.diffID = config.RootFS.DiffIDs[n]
		l.lowest = n == 0
	}
	topFirst := slices.Clone(layers)
	slices.Reverse(topFirst)
	return &Image{
		Config: *config,
		Digest: digest,
		files: func(ctx context.Context) (fs.FS, error) {
			return &overlay{ctx: ctx, layers: topFirst}, nil
		},
	}, nil
}
