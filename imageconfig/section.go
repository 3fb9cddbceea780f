package imageconfig

import (
	"context"
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A sectionStore is a store that can read a part of a blob.
type sectionStore interface {
	// section opens length bytes of a blob from an offset on, unverified. Where
	// the blob can only be read as a whole the error is errNoSection.
	section(ctx context.Context, descriptor v1.Descriptor, offset, length int64) (io.ReadCloser, error)
}

// errNoSection says that a part of a blob cannot be had, but all of it may.
var errNoSection = errors.New("no part of the blob can be read by itself")

// section opens a part of a file. Every file of the standard library's file
// systems that may be large can be read so.
func (b blobs) section(ctx context.Context, descriptor v1.Descriptor, offset, length int64) (io.ReadCloser, error) {
	body, err := b.blob(ctx, descriptor)
	if err != nil {
		return nil, err
	}
	if at, ok := body.(io.ReaderAt); ok {
		return &section{io.NewSectionReader(at, offset, length), body}, nil
	}
	seeker, ok := body.(io.Seeker)
	if !ok {
		return nil, firstError(body.Close(), errNoSection)
	}
	if _, err := seeker.Seek(offset, io.SeekStart); err != nil {
		return nil, firstError(&Error{Kind: ErrInvalid, Err: err}, body.Close())
	}
	return &section{io.LimitReader(body, length), body}, nil
}

// A section is a part of what is closed with it.
type section struct {
	io.Reader
	io.Closer
}
