package imageconfig

import (
	"context"
	"errors"
	"io/fs"
	"strings"
)

// An overlay is the files of an image, all layers together. Lstat and ReadLink
// follow no symbolic link, Open does, inside of the image's root.
type overlay struct {
	ctx    context.Context //nolint:containedctx // fs.FS has no place for it
	layers []*layer        // the topmost first
}

// A found is a node and the layer that has it.
type found struct {
	*node
	layer *layer
}

// Lstat describes what stands at a path.
func (o *overlay) Lstat(name string) (fs.FileInfo, error) {
	at, err := o.find("lstat", name)
	if err != nil {
		return nil, err
	}
	return at.info(name), nil
}

// ReadLink returns a symbolic link's target.
func (o *overlay) ReadLink(name string) (string, error) {
	at, err := o.find("readlink", name)
	if err != nil {
		return "", err
	}
	if at.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return at.link, nil
}

// find returns what stands at a path whose directories hold no links.
func (o *overlay) find(op, name string) (found, error) { return o.look(op, name, false) }

// look is find, and content with knowing that there is a directory, whatever it
// looks like, where somebody only passes: lower layers are not asked then.
func (o *overlay) look(op, name string, passing bool) (found, error) {
	if !fs.ValidPath(name) {
		return found{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return found{node: newDirectory()}, nil
	}
	parts := strings.Split(name, "/")
	var implied found // a directory that looks like one further down, if there is one
	for _, l := range o.layers {
		root, err := l.root(o.ctx)
		if err != nil {
			return found{}, &fs.PathError{Op: op, Path: name, Err: lostLayer{err}}
		}
		at, settled := root.descend(parts)
		switch {
		case at != nil && at.implied && !at.opaque && !passing:
			implied = found{at, l}
		case at != nil && (implied.node == nil || at.mode.IsDir()):
			return found{at, l}, nil
		case at != nil:
			settled = true
		}
		if settled {
			break
		}
	}
	if implied.node != nil {
		return implied, nil
	}
	return found{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// lostLayer is the error of a layer that could not be read. It is what it wraps,
// but never [fs.ErrNotExist]: whether a path exists is then not known.
type lostLayer struct{ cause error }

func (l lostLayer) Error() string      { return l.cause.Error() }
func (l lostLayer) As(target any) bool { return errors.As(l.cause, target) }
func (l lostLayer) Is(target error) bool {
	return target != fs.ErrNotExist && errors.Is(l.cause, target)
}

// descend returns what one layer has at a path; settled says that what lower
// layers have there is hidden by a directory on the way, or by a whiteout.
//
// Source: the kernel's [overlayfs], "whiteouts and opaque directories".
//
// [overlayfs]: https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
func (n *node) descend(parts []string) (at *node, settled bool) {
	for _, part := range parts {
		if !n.mode.IsDir() {
			return nil, true
		}
		settled = settled || n.opaque
		n = n.children[part]
		if n == nil {
			return nil, settled
		}
		if n.whiteout {
			return nil, true
		}
	}
	return n, settled
}
