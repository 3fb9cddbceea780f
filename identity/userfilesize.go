package identity

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// unbounded is what is left of a file without a limit.
const unbounded = -1

// A userFile reads an account file up to containerd's limit.
//
// Source: [limitedFile].
//
// [limitedFile]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1893-L1909
type userFile struct {
	fs.File
	name string
	size int64
	left int // bytes that may still be read, or unbounded
}

// Read fails with a fileSizeError once the file has more than the limit.
func (f *userFile) Read(p []byte) (int, error) {
	if f.left != unbounded && len(p) > f.left+1 {
		p = p[:f.left+1] // one byte above the limit tells a longer file
	}
	n, err := f.File.Read(p)
	if f.left != unbounded {
		if f.left -= n; f.left < 0 {
			f.left = 0
			return n, &fileSizeError{f.name}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, unreadable(f.name, err)
	}
	return n, err
}

// A fileSizeError is containerd's error for an account file above the limit.
type fileSizeError struct{ name string }

func (e *fileSizeError) Error() string {
	return fmt.Sprintf("%q exceeds %d bytes", e.name, maxUserFileBytes)
}
