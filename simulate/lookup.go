package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

// maxLinks is how many symbolic links Linux follows for one path.
const maxLinks = 40

// A lookup finds files as a container's process sees them.
type lookup struct {
	files fs.FS
	spec  *corev1.Container // for its mounts
	user  credentials
	dir   string // the working directory
	path  string // PATH

	mounts []string // paths whose files are not the image's, from spec

	directoryIsDenied bool // see runtime
}

// stat describes what a path names, as stat(2) by the process does: symbolic
// links followed, each directory on the way searchable. The error is a
// syscall.Errno, or says what is not known.
//
// Source: [path_resolution(7)].
//
// [path_resolution(7)]: https://man7.org/linux/man-pages/man7/path_resolution.7.html
func (l *lookup) stat(name string) (fs.FileInfo, error) {
	if !path.IsAbs(name) {
		name = l.dir + "/" + name
	}
	here := "."
	at, err := fs.Lstat(l.files, here)
	if err != nil {
		return nil, err
	}
	pending := strings.Split(name, "/")
	for links := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		if !at.IsDir() {
			return nil, syscall.ENOTDIR
		}
		if !l.user.mayExecute(at) {
			return nil, syscall.EACCES
		}
		next := l.step(here, part)
		if at, err = l.lstat(next); err != nil {
			return nil, err
		}
		if at.Mode()&fs.ModeSymlink == 0 {
			here = next
			continue
		}
		if links++; links > maxLinks {
			return nil, syscall.ELOOP
		}
		target, err := fs.ReadLink(l.files, next)
		if err != nil {
			return nil, err
		}
		if path.IsAbs(target) {
			here = "."
		}
		pending = append(strings.Split(target, "/"), pending...)
		if at, err = fs.Lstat(l.files, here); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// step returns the path one part further. The root's parent is the root.
func (l *lookup) step(here, part string) string {
	if part == ".." && here == "." {
		return "."
	}
	return path.Join(here, part)
}

// lstat describes what stands at a path of the image.
func (l *lookup) lstat(name string) (fs.FileInfo, error) {
	for _, mount := range l.mounts {
		if name == mount {
			return nil, fmt.Errorf("what is mounted at /%s is not known", mount)
		}
	}
	at, err := fs.Lstat(l.files, name)
	switch {
	case err == nil:
		return at, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case l.holdsMount(name):
		return nil, fmt.Errorf("what is mounted below /%s is not known", name)
	case l.dir == "/"+name || strings.HasPrefix(l.dir, "/"+name+"/"):
		return nil, fmt.Errorf("the working directory %s is not in the image", l.dir)
	default:
		return nil, syscall.ENOENT
	}
}

// holdsMount reports whether a path that the image lacks is made for a mount.
func (l *lookup) holdsMount(name string) bool {
	for _, mount := range l.mounts {
		if strings.HasPrefix(mount, name+"/") {
			return true
		}
	}
	return false
}

// mountPaths returns where a container's files are not those of its image,
// relative to the root: what the runtime and the kubelet always mount, and the
// container's volumes.
func mountPaths(spec *corev1.Container) []string {
	mounts := make([]string, 0, 8+len(spec.VolumeMounts)+len(spec.VolumeDevices))
	mounts = append(mounts,
		"proc", "sys", "dev", "etc/hosts", "etc/hostname", "etc/resolv.conf",
		"run/secrets", "var/run/secrets/kubernetes.io/serviceaccount",
	)
	for _, volume := range spec.VolumeMounts {
		mounts = append(mounts, strings.TrimPrefix(path.Clean("/"+volume.MountPath), "/"))
	}
	for _, device := range spec.VolumeDevices {
		mounts = append(mounts, strings.TrimPrefix(path.Clean("/"+device.DevicePath), "/"))
	}
	return mounts
}
