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

// maxRootLinks is how many symbolic links Linux and containerd's own resolution
// follow.
const maxRootLinks = 40

// maxOSRootLinks is how many Go's os.Root follows.
//
// Source: [rootMaxSymlinks].
//
// [rootMaxSymlinks]: https://github.com/golang/go/blob/go1.25.0/src/os/root.go#L76
const maxOSRootLinks = 8

// resolveInOverlay follows links as containerd's view of an overlay does: a
// relative target is joined to its directory as text, ".." and all.
//
// Source: [overlayFS.resolve].
//
// [overlayFS.resolve]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/fsview/overlay.go#L145-L224
func resolveInOverlay(root fs.FS, name string, links int) (string, error) {
	if name == "." {
		return ".", nil
	}
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
	w := walk{root: root, maxLinks: maxOSRootLinks}
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
// RootPath joins ".." and doubled slashes as text, which makes a difference for
// links that go through a file or through themselves; that is not emulated.
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

// resolveSecurely follows links as CRI-O's SecureJoin does: a file on the way is
// no error to it.
//
// Source: [SecureJoin].
//
// [SecureJoin]: https://github.com/cyphar/filepath-securejoin/blob/v0.6.0/join.go
func resolveSecurely(root fs.FS, name string) (string, error) {
	w := walk{root: root, maxLinks: maxOverlayLinks, clamp: true, lenient: true, passesFiles: true}
	return w.to(name)
}
