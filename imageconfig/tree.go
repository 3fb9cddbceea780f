package imageconfig

import (
	"io/fs"
	"path"
	"strings"
)

// A node is a file, a directory or a whiteout of one layer.
type node struct {
	mode     fs.FileMode
	uid, gid int
	size     int64
	link     string           // a symbolic link's target
	children map[string]*node // a directory's
	opaque   bool             // a directory that hides the one below
	implied  bool             // a directory that no entry made: it looks like the one below
	whiteout bool             // hides what is below
	ordinal  int              // a regular file's place in the tar stream, from 1
	listed   bool             // a regular file that a table of contents lists; its content is elsewhere
	content  []byte           // of a regular file that is likely to be asked for
}

func newDirectory() *node {
	return &node{mode: fs.ModeDir | 0o755, children: map[string]*node{}}
}

// maxTreeLinks is how many symbolic links the way to an entry may have.
const maxTreeLinks = 255

// directory returns the directory at a path of this tree, following symbolic
// links inside of it and making what is missing, as containerd does for an
// entry's parents.
//
// Source: containerd's [mkparent] after continuity's RootPath.
//
// [mkparent]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/archive/tar.go#L435-L486
func (b *builder) directory(name string) (*node, error) {
	here, done := b.root, []*node{b.root}
	pending := strings.Split(name, "/")
	for links := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = done[:max(1, len(done)-1)]
			here = done[len(done)-1]
			continue
		}
		next := here.children[part]
		switch {
		case next == nil:
			var err error
			made := newDirectory()
			made.implied = true
			if next, err = b.put(here, part, made); err != nil {
				return nil, err
			}
		case next.mode&fs.ModeSymlink != 0:
			if links++; links > maxTreeLinks {
				return nil, invalid("layer: too many symbolic links on the way to %q", name)
			}
			if path.IsAbs(next.link) {
				here, done = b.root, done[:1]
			}
			pending = append(strings.Split(next.link, "/"), pending...)
			continue
		case !next.mode.IsDir():
			return nil, invalid("layer: %q is not a directory on the way to %q", part, name)
		}
		here, done = next, append(done, next)
	}
	return here, nil
}

// put sets an entry of a directory, within the limits.
func (b *builder) put(parent *node, name string, child *node) (*node, error) {
	b.nodes++
	if err := b.charge(len(name) + len(child.link) + len(child.content)); err != nil {
		return nil, err
	}
	parent.children[name] = child
	return child, nil
}

// charge counts what is held in memory.
func (b *builder) charge(bytes int) error {
	if b.bytes += bytes; b.nodes > maxNodes || b.bytes > maxTreeBytes {
		return invalid("layer has more than %d entries or %d bytes of names", maxNodes, maxTreeBytes)
	}
	return nil
}
