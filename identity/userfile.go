package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"syscall"
)

// UserFiles says how a containerd release opens /etc/passwd and /etc/group, and
// in which words it fails. The zero UserFiles is that of containerd 2.4.
type UserFiles struct {
	// View is the way to the files.
	View View
	// Unbounded is whether it reads more than 10 MiB of a file, and takes what
	// is no regular file for one, as releases before CVE-2026-47262 was fixed do.
	Unbounded bool
}

// A View is a way in which containerd sees an image's files.
type View int

// The views, the newest first.
const (
	// OverlayThenLinks looks into the overlay's layers, and where that fails
	// follows each link itself: containerd 2.4.
	OverlayThenLinks View = iota
	// Overlay looks into the overlay's layers: containerd 2.3. A link with more
	// ".." than there are directories leads nowhere.
	Overlay
	// RootedFiles mounts the image and opens the file with Go's os.Root; of a
	// file that is itself an absolute link it opens the target: containerd 2.2.3
	// to 2.2.
	RootedFiles
	// RootedFilesOnly is RootedFiles without that exception: containerd 2.2.0 to
	// 2.2.2.
	RootedFilesOnly
	// MountedFiles mounts the image and opens the path that continuity's
	// RootPath returns: containerd 1.6 to 2.1.
	MountedFiles
	// insideFiles is what a process inside of the container sees.
	insideFiles
	// joinedFiles mounts the image and opens the path that SecureJoin returns:
	// CRI-O.
	joinedFiles
)

// maxUserFileBytes is how much containerd reads of /etc/passwd and /etc/group.
const maxUserFileBytes = 10 << 20

// mountPoint stands for where containerd mounts an image to look into it.
const mountPoint = "<root>/tmpmounts/containerd-mount<n>"

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
	if isUnreadable(err) {
		return err
	}
	return &UnreadableError{Path: name, Err: err}
}

func isUnreadable(err error) bool {
	_, is := errors.AsType[*UnreadableError](err)
	return is
}

// open opens an account file below root.
//
// Source: [openUserFile], and [openBoundedUserFile] before containerd 2.2.
//
// [openUserFile]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1841-L1863
// [openBoundedUserFile]: https://github.com/containerd/containerd/blob/v2.1.9/pkg/oci/spec_opts.go#L1721-L1738
func (u UserFiles) open(root fs.FS, name string) (*userFile, error) {
	if root == nil {
		return nil, unreadable(name, errors.New("the image's files are not known"))
	}
	if u.View == joinedFiles {
		return openJoined(root, name)
	}
	asked, resolved, err := u.resolve(root, name)
	if err != nil {
		return nil, err
	}
	info, err := lstat(root, resolved)
	if err != nil {
		return nil, u.missing(resolved, err)
	}
	if !info.Mode().IsRegular() {
		return nil, u.irregular(name, asked, resolved)
	}
	file, err := root.Open(resolved)
	if err != nil {
		return nil, unreadable(name, err)
	}
	if u.Unbounded {
		return &userFile{File: file, name: name, size: info.Size(), left: unbounded}, nil
	}
	return &userFile{File: file, name: u.shown(name, resolved), size: info.Size(), left: maxUserFileBytes}, nil
}

// resolve returns the path that is opened in the end, and where its links lead.
func (u UserFiles) resolve(root fs.FS, name string) (asked, resolved string, err error) {
	follow := func(root fs.FS, name string) (string, error) { return resolveInOverlay(root, name, 0) }
	switch u.View {
	case RootedFiles, RootedFilesOnly:
		follow = resolveRooted
	case MountedFiles:
		follow = resolveMounted
	case insideFiles:
		follow = resolveInRoot
	}
	resolved, err = follow(root, name)
	if err == nil || isUnreadable(err) {
		return name, resolved, err
	}
	switch u.View {
	case OverlayThenLinks:
		resolved, err = resolveInRoot(root, name)
	case Overlay, RootedFiles:
		if target, ok := absoluteLink(root, name, follow); ok {
			resolved, err = follow(root, target)
			return target, resolved, err
		}
	}
	return name, resolved, err
}

// missing returns the error for a resolved path at which nothing stands.
func (u UserFiles) missing(resolved string, err error) error {
	if isUnreadable(err) || u.View != MountedFiles {
		return err
	}
	op := "stat"
	if u.Unbounded {
		op = "open"
	}
	return &fs.PathError{Op: op, Path: path.Join(mountPoint, resolved), Err: syscall.ENOENT}
}

// irregular returns the error for a directory, a device and their like. asked is
// the path that was opened, resolved is where it leads.
func (u UserFiles) irregular(name, asked, resolved string) error {
	if !u.Unbounded {
		return fmt.Errorf("%s is not a regular file", u.shown(name, resolved))
	}
	shown := resolved
	switch u.View {
	case MountedFiles:
		shown = path.Join(mountPoint, resolved)
	case RootedFiles, RootedFilesOnly:
		shown = mountPoint + "/" + asked
	}
	return &fs.PathError{Op: "read", Path: shown, Err: syscall.EISDIR}
}

// shown returns what errors call a file.
func (u UserFiles) shown(name, resolved string) string {
	if u.View == MountedFiles {
		return path.Join(mountPoint, resolved)
	}
	return name
}

// absoluteLink returns where a path leads that is itself an absolute link. Links
// in its directory are followed.
func absoluteLink(root fs.FS, name string, follow func(fs.FS, string) (string, error)) (string, bool) {
	dir, err := follow(root, path.Dir(name))
	if err != nil {
		return "", false
	}
	target, err := fs.ReadLink(root, path.Join(dir, path.Base(name)))
	if err != nil || !path.IsAbs(target) {
		return "", false
	}
	return path.Clean("." + path.Clean(target)), true
}
