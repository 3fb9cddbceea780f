package identity

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// maxUserFileBytes is how much containerd reads of /etc/passwd and /etc/group.
const maxUserFileBytes = 10 << 20

// The number of symbolic links that containerd follows: in its view of the
// overlay, and when it resolves the path itself after that view has failed.
const (
	maxOverlayLinks = 255
	maxResolveLinks = 40
)

// An UnreadableError says that one of an image's files could not be read here.
// A node may well be able to: what depends on the file is undecided.
type UnreadableError struct {
	// Path is the file's, relative to the image's root.
	Path string
	// Err is what the image's files answered.
	Err error
}

// Error returns the path and the cause.
func (e *UnreadableError) Error() string { return "cannot read /" + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *UnreadableError) Unwrap() error { return e.Err }

func unreadable(name string, err error) error {
	var already *UnreadableError
	if errors.As(err, &already) {
		return err
	}
	return &UnreadableError{Path: name, Err: err}
}

// openUserFile opens an account file below root: first by way of the overlay
// view, then, where that finds nothing, by resolving each link inside of root.
//
// Source: [openUserFile].
//
// [openUserFile]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1841-L1863
func openUserFile(root fs.FS, name string) (io.ReadCloser, error) {
	if root == nil {
		return nil, unreadable(name, errors.New("the image's files are not known"))
	}
	resolved, err := resolveInOverlay(root, name, 0)
	if err != nil {
		resolved, err = resolveInRoot(root, name)
	}
	if err != nil {
		return nil, err
	}
	return openRegular(root, resolved, name)
}

// openRegular opens a path that holds no links. name is what errors call it.
func openRegular(root fs.FS, resolved, name string) (io.ReadCloser, error) {
	info, err := lstat(root, resolved)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	file, err := root.Open(resolved)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return &userFile{File: file, name: name, left: maxUserFileBytes}, nil
}

// resolveInOverlay follows links as containerd's view of an overlay does: a
// relative target is joined to its directory as text, ".." and all.
//
// Source: [overlayFS.resolve].
//
// [overlayFS.resolve]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/fsview/overlay.go#L145-L224
func resolveInOverlay(root fs.FS, name string, links int) (string, error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		here := strings.Join(parts[:i+1], "/")
		info, err := lstat(root, here)
		if err != nil {
			return "", err
		}
		last := i == len(parts)-1
		if info.Mode()&fs.ModeSymlink == 0 {
			if !last && !info.IsDir() {
				return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			continue
		}
		if links++; links > maxOverlayLinks {
			return "", &fs.PathError{Op: "open", Path: name, Err: syscall.ELOOP}
		}
		target, err := readLink(root, here)
		if err != nil {
			return "", err
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(here), target)
		}
		rest := strings.Join(parts[i+1:], "/")
		return resolveInOverlay(root, path.Clean(strings.TrimPrefix(path.Join(target, rest), "/")), links)
	}
	return name, nil
}

// resolveInRoot follows links one component at a time and never leaves root:
// the parent of root is root.
//
// Source: [resolveInRootFS].
//
// [resolveInRootFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/utils_unix.go#L199-L287
func resolveInRoot(root fs.FS, name string) (string, error) {
	var done []string
	pending := strings.Split(name, "/")
	for links := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = done[:max(0, len(done)-1)]
			continue
		}
		done = append(done, part)
		here := strings.Join(done, "/")
		info, err := lstat(root, here)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if len(pending) > 0 && !info.IsDir() {
				return "", &fs.PathError{Op: "resolve", Path: here, Err: syscall.ENOTDIR}
			}
			continue
		}
		if links++; links > maxResolveLinks {
			return "", &fs.PathError{Op: "resolve", Path: here, Err: syscall.ELOOP}
		}
		target, err := readLink(root, here)
		if err != nil {
			return "", err
		}
		done = done[:len(done)-1]
		if path.IsAbs(target) {
			done = done[:0]
		}
		pending = append(strings.Split(target, "/"), pending...)
	}
	if len(done) == 0 {
		return ".", nil
	}
	return strings.Join(done, "/"), nil
}

// lstat returns what stands at a path whose directories hold no links. Where
// nothing does, its error is the one that containerd shows.
func lstat(root fs.FS, name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	info, err := fs.Lstat(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, unreadable(name, err)
	}
	return info, nil
}

func readLink(root fs.FS, name string) (string, error) {
	target, err := fs.ReadLink(root, name)
	if err != nil {
		return "", unreadable(name, err)
	}
	return target, nil
}
