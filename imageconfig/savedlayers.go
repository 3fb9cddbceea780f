package imageconfig

import (
	"context"
	"errors"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A savedLayers is the layers of an image that come as one stream, in any order:
// what docker save writes. The list of its files stands near the stream's end, so
// a layer is known by what it holds: it is the file that unpacks to its diffID.
// One reading gives all trees; nothing is written to disk.
type savedLayers struct {
	// open returns the stream.
	open func(ctx context.Context) (io.ReadCloser, error)
	// diffIDs is what the config promises, the lowest layer first.
	diffIDs []v1.Hash
	// limit is how long the stream may be.
	limit int64

	turn   chan struct{} // held by the one who reads the layers
	layers []*layer      // the topmost first; nil until they are read
}

// files returns the image's files. Their layers are read when a path needs them.
func (s *savedLayers) files(ctx context.Context) (fs.FS, error) {
	return &savedFiles{ctx: ctx, layers: s}, nil
}

// read returns the layers. If they could not be read, the next call tries again.
func (s *savedLayers) read(ctx context.Context) ([]*layer, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.turn }()
	if s.layers != nil || len(s.diffIDs) == 0 {
		return s.layers, nil
	}
	found, err := s.scan(ctx)
	if err != nil {
		return nil, err
	}
	for n := len(s.diffIDs) - 1; n >= 0; n-- {
		l := &layer{diffID: s.diffIDs[n], lowest: n == 0, open: s.opener("", s.diffIDs[n])}
		if from, ok := found[l.diffID.Hex]; ok {
			l.open, l.sizeLimit = s.opener(from.name, l.diffID), unpackedLimit(from.size)
			if !l.lowest || !from.whiteouts {
				l.tree().root = from.tree
			}
		}
		s.layers = append(s.layers, l)
	}
	return s.layers, nil
}

// scan reads the stream as far as there are layers that it still lacks.
func (s *savedLayers) scan(ctx context.Context) (found map[string]savedFile, err error) {
	wanted := map[string]bool{}
	for _, diffID := range s.diffIDs {
		wanted[diffID.Hex] = true
	}
	stream, err := s.stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, stream.Close()) }()
	found = map[string]savedFile{}
	for len(found) < len(wanted) {
		header, err := stream.next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		file := savedFile{name: header.Name, size: header.Size}
		if sum, ok := file.unpack(ctx, stream.entries); ok && wanted[sum] {
			found[sum] = file
		}
	}
	return found, nil
}

// opener returns what opens the layer with that name in the stream.
func (s *savedLayers) opener(name string, diffID v1.Hash) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		lost := invalid("the saved image lacks the layer %s", diffID)
		if name == "" {
			return nil, lost
		}
		ctx, stop := context.WithCancel(ctx)
		stream, err := s.stream(ctx)
		if err != nil {
			stop()
			return nil, err
		}
		for {
			header, err := stream.next()
			if errors.Is(err, io.EOF) {
				err = lost
			}
			if err != nil {
				stop()
				return nil, firstError(err, stream.Close())
			}
			if header.Name == name {
				return decompressed(stream, stop)
			}
		}
	}
}

// A savedFiles is the files of an image whose layers come as one stream.
type savedFiles struct {
	ctx    context.Context //nolint:containedctx // fs.FS has no place for it
	layers *savedLayers
}

// Open opens a file as [overlay.Open] does.
func (f *savedFiles) Open(name string) (fs.File, error) {
	files, err := f.overlay("open", name)
	if err != nil {
		return nil, err
	}
	return files.Open(name)
}

// Lstat describes what stands at a path.
func (f *savedFiles) Lstat(name string) (fs.FileInfo, error) {
	files, err := f.overlay("lstat", name)
	if err != nil {
		return nil, err
	}
	return files.Lstat(name)
}

// ReadLink returns a symbolic link's target.
func (f *savedFiles) ReadLink(name string) (string, error) {
	files, err := f.overlay("readlink", name)
	if err != nil {
		return "", err
	}
	return files.ReadLink(name)
}

func (f *savedFiles) overlay(op, name string) (*overlay, error) {
	layers, err := f.layers.read(f.ctx)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: lostLayer{err}}
	}
	return &overlay{ctx: f.ctx, layers: layers}, nil
}
