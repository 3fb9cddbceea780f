package identity

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// A walk follows a path part by part.
type walk struct {
	root     fs.FS
	maxLinks int
	clamp    bool // absolute links and ".." stay below root; else they are errEscapes
	lenient  bool // what is missing is no error

	passesFiles bool // a file on the way is no error
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
			if len(pending) > 0 && !info.IsDir() && !w.passesFiles {
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
