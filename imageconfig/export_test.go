package imageconfig

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Sharing is a [Layout] whose images share their layers and their indexes.
type Sharing struct {
	blobs
	set layerSet
}

// NewSharing returns the source of a layout. The index functions may be nil.
func NewSharing(layout Layout, get func(v1.Hash) ([]byte, bool), put func(v1.Hash, []byte)) *Sharing {
	s := &Sharing{blobs: blobs{layout.FS}}
	if get != nil {
		s.set.index = indexFuncs{get, put}
	}
	return s
}

type indexFuncs struct {
	getFunc func(v1.Hash) ([]byte, bool)
	putFunc func(v1.Hash, []byte)
}

func (f indexFuncs) get(diffID v1.Hash) ([]byte, bool) { return f.getFunc(diffID) }
func (f indexFuncs) put(diffID v1.Hash, index []byte)  { f.putFunc(diffID, index) }
func (s *Sharing) layers() *layerSet                   { return &s.set }
func (s *Sharing) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	descriptor, err := Layout{FS: s.FS}.descriptor(ref)
	if err != nil {
		return nil, err
	}
	return find(ctx, s, descriptor, platform)
}

// Trees returns how many layers the set remembers, in use or not.
func (s *Sharing) Trees() int {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return len(s.set.trees)
}
