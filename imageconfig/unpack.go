package imageconfig

import (
	"archive/tar"
	"io"
	"io/fs"
	"path"
	"strings"
)

const (
	whiteoutPrefix = ".wh."
	opaqueMarker   = ".wh..wh..opq"

	// maxNodes and maxTreeBytes bound what a layer's tree takes in memory.
	maxNodes     = 1 << 20
	maxTreeBytes = 64 << 20
	// maxLinkBytes is the longest symbolic link that Linux makes.
	maxLinkBytes = 4095
	// maxFileBytes is how much of a file is kept when it is asked for: one byte
	// above what a node reads of an account file.
	maxFileBytes = 10<<20 + 1
	// maxKeptBytes is the largest file that is kept before anybody asks.
	maxKeptBytes = 64 << 10
)

// A builder unpacks one layer into a tree.
//
// Source: containerd's [applyNaive], with [OverlayConvertWhiteout] for all
// layers but the lowest.
//
// [applyNaive]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/archive/tar.go#L155-L328
// [OverlayConvertWhiteout]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/archive/tar_opts_linux.go#L29-L54
type builder struct {
	root    *node
	lowest  bool
	listed  bool // the entries are those of a table of contents and have no content
	entries int
	nodes   int
	bytes   int
}

// add unpacks one entry.
func (b *builder) add(header *tar.Header, body io.Reader) error {
	b.entries++
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := strings.TrimLeft(path.Clean(header.Name), "/")
	if name == "." || name == "" {
		return nil
	}
	if name == ".." || strings.HasPrefix(name, "../") {
		return invalid("layer: entry %q leaves the image's root", header.Name)
	}
	dir, base := path.Split(name)
	parent, err := b.directory(dir)
	if err != nil {
		return err
	}
	if strings.HasPrefix(base, whiteoutPrefix) {
		return b.hide(parent, base)
	}
	existing := parent.children[base]
	merges := existing != nil && existing.mode.IsDir() && header.Typeflag == tar.TypeDir
	if !merges {
		delete(parent.children, base) // before a hard link looks for its file
	}
	child, err := b.nodeOf(header, base, body)
	if err != nil {
		return err
	}
	if merges {
		existing.mode, existing.uid, existing.gid, existing.implied = child.mode, child.uid, child.gid, false
		return nil
	}
	_, err = b.put(parent, base, child)
	return err
}

// hide applies a whiteout or an opaque marker. The lowest layer has nothing
// below it: its whiteouts remove what it has itself brought so far.
func (b *builder) hide(parent *node, base string) error {
	hidden := strings.TrimPrefix(base, whiteoutPrefix)
	switch {
	case base == opaqueMarker:
		parent.opaque = parent != b.root // the kernel merges the layers' roots all the same
		return nil
	case hidden == "", hidden == ".", hidden == "..":
		return invalid("layer: %q is the whiteout of no name", base)
	case b.lowest:
		delete(parent.children, hidden)
		return nil
	case parent.children[hidden] != nil:
		return invalid("layer: whiteout of %q, which the layer itself has", hidden)
	}
	_, err := b.put(parent, hidden, &node{whiteout: true, mode: fs.ModeDevice | fs.ModeCharDevice})
	return err
}

// nodeOf returns what an entry makes.
func (b *builder) nodeOf(header *tar.Header, base string, body io.Reader) (*node, error) {
	made := &node{mode: header.FileInfo().Mode(), uid: header.Uid, gid: header.Gid}
	switch header.Typeflag {
	case tar.TypeDir:
		made.children = map[string]*node{}
	case tar.TypeReg, '\x00':
		made.size, made.ordinal, made.listed = header.Size, b.entries, b.listed
		return made, made.keep(base, body)
	case tar.TypeSymlink:
		if len(header.Linkname) > maxLinkBytes {
			return nil, invalid("layer: symbolic link %q has a target of %d bytes", header.Name, len(header.Linkname))
		}
		made.link = header.Linkname
	case tar.TypeLink:
		return b.linked(header)
	case tar.TypeChar:
		made.whiteout = header.Devmajor == 0 && header.Devminor == 0 // the kernel's own
	case tar.TypeBlock, tar.TypeFifo:
	default:
		return nil, invalid("layer: entry %q has the unknown type %q", header.Name, header.Typeflag)
	}
	return made, nil
}

// linked returns the file that a hard link names: one of the same layer. The
// link's own mode and owner become the file's.
func (b *builder) linked(header *tar.Header) (*node, error) {
	dir, base := path.Split(path.Clean("/" + header.Linkname))
	parent, err := b.directory(dir)
	if err != nil {
		return nil, err
	}
	file := parent.children[base]
	if file == nil || file.mode.IsDir() {
		return nil, invalid("layer: hard link %q to %q, which is no file of the layer", header.Name, header.Linkname)
	}
	file.uid, file.gid = header.Uid, header.Gid
	if file.mode&fs.ModeSymlink == 0 {
		file.mode = file.mode.Type() | header.FileInfo().Mode()&^fs.ModeType
	}
	return file, nil
}

// keeps reports whether the content of a file is kept before anybody asks: it is
// an account file that is not too large.
func keeps(base string, size int64) bool {
	return size <= maxKeptBytes && (base == "passwd" || base == "group")
}

// keep holds the content of an account file, so that the layer need not be read
// again for it.
func (n *node) keep(base string, body io.Reader) (err error) {
	if n.listed || !keeps(base, n.size) {
		return nil
	}
	n.content, err = io.ReadAll(body)
	if err == nil && int64(len(n.content)) != n.size {
		err = invalid("layer: file %q has %d bytes, not %d", base, len(n.content), n.size)
	}
	return err
}
