package identity

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// maxOverlayLinks is how many symbolic links containerd's view of an overlay
// follows, and continuity's RootPath.
const maxOverlayLinks = 255

// maxRootLinks is how many symbolic links Linux, os.Root and containerd's own
// resolution follow.
const maxRootLinks = 40

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
		if path.IsAbs(target) {
			target = strings.TrimPrefix(target, "/") // one of them: "//x" leads nowhere
		} else {
			target = path.Join(path.Dir(here), target)
		}
		next := strings.Join(append([]string{target}, parts[i+1:]...), "/")
		return resolveInOverlay(root, path.Clean(next), links)
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
	w := walk{root: root, maxLinks: maxRootLinks, clamp: true}
	here, err := w.to(name)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
		return "", &fs.PathError{Op: "resolve", Path: here, Err: err}
	}
	return here, err
}

// resolveRooted follows links as Go's os.Root does: none may leave root.
//
// Source: [os.Root].
//
// [os.Root]: https://github.com/golang/go/blob/go1.25.0/src/os/root_openat.go
func resolveRooted(root fs.FS, name string) (string, error) {
	w := walk{root: root, maxLinks: maxRootLinks}
	here, err := w.to(name)
	switch {
	case err == nil, isUnreadable(err):
		return here, err
	case errors.Is(err, fs.ErrNotExist):
		err = syscall.ENOENT
	}
	return "", &fs.PathError{Op: "openat", Path: name, Err: err}
}

// resolveMounted follows links as continuity's RootPath does: what is missing is
// left as it is, the parent of root is root.
//
// Source: [RootPath].
//
// [RootPath]: https://github.com/containerd/continuity/blob/v0.4.5/fs/path.go#L168-L190
func resolveMounted(root fs.FS, name string) (string, error) {
	w := walk{root: root, maxLinks: maxOverlayLinks, clamp: true, lenient: true}
	here, err := w.to(name)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return "", errors.New("too many links")
	case errors.Is(err, syscall.ENOTDIR):
		return "", &fs.PathError{Op: "lstat", Path: path.Join(mountPoint, name), Err: err}
	default:
		return here, err
	}
}

// A walk follows a path part by part.
type walk struct {
	root     fs.FS
	maxLinks int
	clamp    bool // absolute links and ".." stay below root; else they are errEscapes
	lenient  bool // what is missing is no error
}

var errEscapes = errors.New("path escapes from parent")

// to returns the path without links that name leads to. With an error that the
// walk itself found it returns how far it came.
func (w walk) to(name string) (string, error) {
	var done []string
	pending := strings.Split(name, "/")
	for links := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		switch {
		case part == "", part == ".":
			continue
		case part == ".." && len(done) == 0 && !w.clamp:
			return "", errEscapes
		case part == "..":
			done = done[:max(0, len(done)-1)]
			continue
		}
		done = append(done, part)
		here := strings.Join(done, "/")
		info, err := lstat(w.root, here)
		if w.lenient && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return here, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if len(pending) > 0 && !info.IsDir() {
				return here, syscall.ENOTDIR
			}
			continue
		}
		if links++; links > w.maxLinks {
			return here, syscall.ELOOP
		}
		target, err := readLink(w.root, here)
		if err != nil {
			return here, err
		}
		done = done[:len(done)-1]
		if path.IsAbs(target) {
			if !w.clamp {
				return here, errEscapes
			}
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
