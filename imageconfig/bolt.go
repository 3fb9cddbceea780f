package imageconfig

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
)

const (
	boltMagic   = 0xed0cdaed
	boltVersion = 2

	boltBranchPage = 0x01
	boltLeafPage   = 0x02
	boltBucketFlag = 0x01 // of a leaf's element: its value is a bucket

	// The sizes of what stands in a page.
	boltHeaderBytes  = 16 // a page's header
	boltElementBytes = 16 // an element of a branch or of a leaf
	boltBucketBytes  = 16 // a bucket's header
	boltMetaBytes    = 64

	minBoltPage = 1 << 10
	maxBoltPage = 64 << 10
	// maxBoltDepth is how many pages may lead to a key. Each level of a tree
	// has at least two pages.
	maxBoltDepth = 64
)

// A boltState is one committed state of a bbolt file: what its meta page says.
//
// The package bbolt cannot do this job: it waits for the lock of the file, which
// a running containerd never gives up, and a damaged file makes it panic, fault
// or recurse without end. What is read here is little and does not change.
//
// Source: bbolt's [meta] and [page].
//
// [meta]: https://github.com/etcd-io/bbolt/blob/v1.4.3/internal/common/meta.go#L12-L22
// [page]: https://github.com/etcd-io/bbolt/blob/v1.4.3/internal/common/page.go#L30-L35
type boltState struct {
	pageSize int64
	root     uint64 // the page of the topmost bucket
	pages    uint64 // how many pages are in use
	tx       uint64 // the transaction that committed the state
	checksum uint64
}

// readBoltState reads the newest state of a file. A file has two meta pages that
// are written in turn, so that one is whole whenever the other is not.
func readBoltState(file io.ReaderAt) (newest boltState, err error) {
	content := make([]byte, maxBoltPage+boltHeaderBytes+boltMetaBytes)
	n, err := file.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return boltState{}, err
	}
	content = content[:n]
	known := false
	for _, offset := range boltMetaOffsets() {
		state, ok := parseBoltState(content, offset)
		if ok && (!known || state.tx > newest.tx) {
			newest, known = state, true
		}
	}
	if !known {
		return boltState{}, invalid("not a bbolt file: no whole meta page")
	}
	return newest, nil
}

// boltMetaOffsets returns where a meta page may stand: the second begins at the
// page size, which only a meta page tells.
func boltMetaOffsets() []int {
	offsets := []int{0}
	for size := minBoltPage; size <= maxBoltPage; size *= 2 {
		offsets = append(offsets, size)
	}
	return offsets
}

// parseBoltState parses a meta page.
func parseBoltState(content []byte, offset int) (boltState, bool) {
	begin := offset + boltHeaderBytes
	if len(content) < begin+boltMetaBytes {
		return boltState{}, false
	}
	meta, order := content[begin:begin+boltMetaBytes], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(meta[:56]) // a hash never fails
	state := boltState{
		pageSize: int64(order.Uint32(meta[8:])),
		root:     order.Uint64(meta[16:]),
		pages:    order.Uint64(meta[40:]),
		tx:       order.Uint64(meta[48:]),
		checksum: order.Uint64(meta[56:]),
	}
	fits := state.pageSize >= minBoltPage && state.pageSize <= maxBoltPage &&
		(offset == 0 || int64(offset) == state.pageSize)
	return state, fits && order.Uint32(meta) == boltMagic && order.Uint32(meta[4:]) == boltVersion &&
		state.checksum == sum.Sum64()
}

// page reads a page with what overflows it.
func (s boltState) page(file io.ReaderAt, id uint64) (boltPage, error) {
	header := make([]byte, boltHeaderBytes)
	if id >= s.pages || id > 1<<40 {
		return nil, invalid("bbolt page %d of %d", id, s.pages)
	}
	begin := int64(id) * s.pageSize
	if _, err := file.ReadAt(header, begin); err != nil {
		return nil, invalid("bbolt page %d: %w", id, err)
	}
	size := (1 + int64(binary.NativeEndian.Uint32(header[12:]))) * s.pageSize
	if size > maxDocumentBytes {
		return nil, invalid("bbolt page %d has more than %d bytes", id, maxDocumentBytes)
	}
	content := make([]byte, size)
	if _, err := file.ReadAt(content, begin); err != nil {
		return nil, invalid("bbolt page %d: %w", id, err)
	}
	if binary.NativeEndian.Uint64(content) != id {
		return nil, invalid("bbolt page %d calls itself %d", id, binary.NativeEndian.Uint64(content))
	}
	return content, nil
}
