package imageconfig

import (
	"context"
	"sync"
	"weak"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A sharingStore is a store whose images share their layers.
type sharingStore interface {
	// layers returns the same set each time. Nil shares nothing.
	layers() *layerSet
}

// layersOf returns the layers that a store's images share.
func layersOf(from store) *layerSet {
	if sharing, ok := from.(sharingStore); ok {
		return sharing.layers()
	}
	return nil
}

// A layerSet is what is known of layers beyond one image: while an image that has
// the layer is in use, its tree; for longer, its index. The zero value is empty.
// A nil set is one that keeps nothing.
type layerSet struct {
	// index keeps the indexes of layers. Nil keeps none.
	index indexCache

	mu    sync.Mutex
	trees map[treeKey]weak.Pointer[tree]
	swept int // how many trees were in use when those that are not were dropped
}

// A treeKey is what two layers have in common whose trees are the same.
type treeKey struct {
	diffID v1.Hash
	lowest bool
	// toc is the digest of the table of contents that the tree may come from,
	// which nobody has compared with the diffID.
	toc v1.Hash
}

// A tree is what a layer unpacks to, once somebody has read it.
type tree struct {
	turn chan struct{} // held by the one who reads
	// root is nil until the layer has been read.
	root *node
	// places are where the account files stand of a tree from a table of
	// contents, by their ordinals.
	places map[int]*place
	// whole says that the table of contents has failed.
	whole bool
}

// tree returns the one tree of all layers with that key.
func (s *layerSet) tree(key treeKey) *tree {
	made := &tree{turn: make(chan struct{}, 1)}
	if s == nil {
		return made
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.trees[key].Value(); held != nil {
		return held
	}
	s.sweep()
	if s.trees == nil {
		s.trees = map[treeKey]weak.Pointer[tree]{}
	}
	s.trees[key] = weak.Make(made)
	return made
}

// sweep drops the trees that no image uses, whenever there may be as many of
// them as of the others.
func (s *layerSet) sweep() {
	if len(s.trees) < 2*s.swept+16 {
		return
	}
	for key, held := range s.trees {
		if held.Value() == nil {
			delete(s.trees, key)
		}
	}
	s.swept = len(s.trees)
}

// acquire waits until nobody else reads the layer, or the context ends.
func (t *tree) acquire(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *tree) release() { <-t.turn }
