package simulate

import (
	"context"
	"io/fs"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
)

// An imageFS is an image's files. It opens them when something is asked that is
// not known of the image yet.
type imageFS struct {
	ctx   context.Context //nolint:containedctx // lives for one call of Start
	image *imageconfig.Image
	found *findings
	root  fs.FS
}

// findings are what has been found in an image's files. They are kept with the
// image.
type findings struct {
	accounts  identity.Accounts
	commands  commands
	processes processes
}

// filesOf returns an image's files, until the next call. The error is that of an
// image whose files are not known.
func (s *podSync) filesOf(image *imageconfig.Image) (*imageFS, error) {
	found, err := imageconfig.Derive(image, func(image *imageconfig.Image) (*findings, error) {
		_, err := image.Files(s.ctx)
		return &findings{}, err
	})
	if err != nil {
		return nil, err
	}
	s.images.files = imageFS{ctx: s.ctx, image: image, found: found}
	return &s.images.files, nil
}

// Accounts makes it an [identity.AccountsFS].
func (f *imageFS) Accounts() *identity.Accounts { return &f.found.accounts }

func (f *imageFS) Open(name string) (fs.File, error) {
	if err := f.open(); err != nil {
		return nil, err
	}
	return f.root.Open(name)
}

func (f *imageFS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.open(); err != nil {
		return nil, err
	}
	return fs.Lstat(f.root, name)
}

func (f *imageFS) ReadLink(name string) (string, error) {
	if err := f.open(); err != nil {
		return "", err
	}
	return fs.ReadLink(f.root, name)
}

func (f *imageFS) open() (err error) {
	if f.root == nil {
		f.root, err = f.image.Files(f.ctx)
	}
	return err
}
