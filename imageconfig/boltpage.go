package imageconfig

import (
	"bytes"
	"encoding/binary"
	"io"
	"sort"
)

// A boltPage is a page of keys: a branch, whose keys lead to pages, or a leaf.
type boltPage []byte

// A boltElement is one key of a page and what stands there.
type boltElement struct {
	key    []byte
	page   uint64 // in a branch
	value  []byte // in a leaf
	bucket bool   // whether the value is one
}

func (p boltPage) flags() uint16 { return binary.NativeEndian.Uint16(p[8:]) }
func (p boltPage) count() int    { return int(binary.NativeEndian.Uint16(p[10:])) }

// element returns the nth key. Positions count from the element itself.
func (p boltPage) element(n int) (boltElement, error) {
	begin, order := boltHeaderBytes+n*boltElementBytes, binary.NativeEndian
	if begin+boltElementBytes > len(p) {
		return boltElement{}, invalid("bbolt page ends within its keys")
	}
	raw := p[begin:]
	if p.flags() == boltBranchPage {
		key, err := cut(raw, order.Uint32(raw), order.Uint32(raw[4:]))
		return boltElement{key: key, page: order.Uint64(raw[8:])}, err
	}
	at, keyBytes, valueBytes := order.Uint32(raw[4:]), order.Uint32(raw[8:]), order.Uint32(raw[12:])
	both, err := cut(raw, at, keyBytes, valueBytes)
	if err != nil {
		return boltElement{}, err
	}
	return boltElement{key: both[:keyBytes], value: both[keyBytes:], bucket: order.Uint32(raw) == boltBucketFlag}, nil
}

// cut returns what stands at a position, as long as the lengths together.
func cut(from []byte, at uint32, lengths ...uint32) ([]byte, error) {
	end := uint64(at)
	for _, length := range lengths {
		end += uint64(length)
	}
	if end > uint64(len(from)) {
		return nil, invalid("bbolt page ends within a key or its value")
	}
	return from[at:end], nil
}

// search returns the first element whose key is not less, and its place.
func (p boltPage) search(key string) (place int, found boltElement, err error) {
	place = sort.Search(p.count(), func(n int) bool {
		at, failure := p.element(n)
		if failure != nil {
			err = failure
			return true
		}
		return bytes.Compare(at.key, []byte(key)) >= 0
	})
	if err == nil && place < p.count() {
		found, err = p.element(place)
	}
	return place, found, err
}

// A boltBucket is a tree of keys.
type boltBucket struct {
	file  io.ReaderAt
	state boltState
	root  uint64   // its topmost page
	whole boltPage // instead, the page of a small bucket
}

// get returns what stands at a key; a nil element where nothing does.
func (b boltBucket) get(key string) (*boltElement, error) {
	here, next := b.whole, b.root
	for range maxBoltDepth {
		if here == nil {
			var err error
			if here, err = b.state.page(b.file, next); err != nil {
				return nil, err
			}
		}
		place, at, err := here.search(key)
		if err != nil {
			return nil, err
		}
		exact := place < here.count() && string(at.key) == key
		switch here.flags() {
		case boltLeafPage:
			if !exact {
				return nil, nil
			}
			return &at, nil
		case boltBranchPage:
			if !exact && place > 0 { // the key before it covers what follows
				if at, err = here.element(place - 1); err != nil {
					return nil, err
				}
			}
			here, next = nil, at.page
		default:
			return nil, invalid("bbolt page of the unknown kind %#x", here.flags())
		}
	}
	return nil, invalid("more than %d bbolt pages lead to a key", maxBoltDepth)
}

// bucket returns the bucket at a key; false where there is none.
func (b boltBucket) bucket(key string) (boltBucket, bool, error) {
	at, err := b.get(key)
	if err != nil || at == nil || !at.bucket {
		return boltBucket{}, false, err
	}
	if len(at.value) < boltBucketBytes {
		return boltBucket{}, false, invalid("bbolt bucket %q has no header", key)
	}
	inner := boltBucket{file: b.file, state: b.state, root: binary.NativeEndian.Uint64(at.value)}
	if inner.root == 0 {
		inner.whole = boltPage(at.value[boltBucketBytes:])
		if len(inner.whole) < boltHeaderBytes {
			return boltBucket{}, false, invalid("bbolt bucket %q has no page", key)
		}
	}
	return inner, true, nil
}
