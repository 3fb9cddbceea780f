package imageconfig

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"
)

// maxOpenLinks is how many symbolic links Linux follows for one path.
const maxOpenLinks = 40

// Open opens a file. It follows symbolic links as a process whose root is the
// image's would. Of a file above 10 MiB only so much can be read. A directory
// can be opened but not listed.
func (o *overlay) Open(name string) (fs.File, error) {
	_, at, err := follow(name, o.look)
	if err != nil {
		return nil, err
	}
	opened := &file{fileInfo: at.info(name)}
	if at.mode.IsRegular() {
		content, err := at.layer.content(o.ctx, at.node)
		if errors.Is(err, errNoTable) {
			return o.Open(name) // each layer has such an error once
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: lostLayer{err}}
		}
		opened.content = bytes.NewReader(content)
	}
	return opened, nil
}

// follow finds a path, symbolic links followed, and returns what it leads to. It
// tells look of what it is only passing.
func follow(name string, look func(op, name string, passing bool) (found, error)) (resolved string, at found, err error) {
	at, err = look("open", ".", true)
	if err != nil {
		return "", found{}, err
	}
	if !fs.ValidPath(name) {
		return "", found{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	here, pending := ".", strings.Split(name, "/")
	for links := 0; len(pending) > 0; {
		if !at.mode.IsDir() {
			return "", found{}, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
		}
		next := path.Join(here, pending[0])
		pending = pending[1:]
		if next == ".." {
			next = "."
		}
		if at, err = look("open", next, len(pending) > 0); err != nil {
			return "", found{}, err
		}
		if at.mode&fs.ModeSymlink == 0 {
			here = next
			continue
		}
		if links++; links > maxOpenLinks {
			return "", found{}, &fs.PathError{Op: "open", Path: name, Err: syscall.ELOOP}
		}
		if path.IsAbs(at.link) {
			here = "."
		}
		pending = append(strings.Split(strings.TrimLeft(at.link, "/"), "/"), pending...)
		if at, err = look("open", here, true); err != nil {
			return "", found{}, err
		}
	}
	return here, at, nil
}

// A file is an opened file or directory.
type file struct {
	fileInfo
	content *bytes.Reader // nil for what cannot be read
}

func (f *file) Stat() (fs.FileInfo, error) { return f.fileInfo, nil }
func (f *file) Close() error               { return nil }

// Read reads the content; that of a file above 10 MiB ends with an error.
func (f *file) Read(p []byte) (int, error) {
	if f.content == nil {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	if f.content.Len() == 0 && f.Size() > f.content.Size() {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: invalid("more than %d bytes", maxFileBytes)}
	}
	return f.content.Read(p)
}

// A fileInfo describes a node. Its Sys is a [*Owner].
type fileInfo struct {
	name string
	node *node
}

// An Owner is the numeric user and group that own a file of an image. It is what
// the Sys method of the image's file infos returns.
type Owner struct {
	UID, GID int
}

func (n *node) info(name string) fileInfo { return fileInfo{path.Base(name), n} }

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.node.size }
func (i fileInfo) Mode() fs.FileMode  { return i.node.mode }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.node.mode.IsDir() }
func (i fileInfo) Sys() any           { return &Owner{i.node.uid, i.node.gid} }
