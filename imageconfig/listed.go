package imageconfig

import (
	"archive/tar"
	"context"
	"errors"
	"path"
)

// listed reads the tree from the layer's table of contents, and where the
// account files stand.
func (l *layer) listed(ctx context.Context) (*node, map[int]*place, error) {
	b := &builder{root: newDirectory(), lowest: l.lowest, listed: true}
	places := map[int]*place{}
	kept := func(header *tar.Header, _ int) bool { return keeps(path.Base(path.Clean(header.Name)), header.Size) }
	err := l.toc.each(ctx, kept, func(header *tar.Header, at *place) error {
		if err := b.add(header, nil); err != nil || at == nil {
			return err
		}
		places[b.entries] = at
		return b.charge(at.bytes())
	})
	if err != nil {
		return nil, nil, err
	}
	return b.root, places, nil
}

// listedContent reads a file at its place in the blob, and keeps an account
// file's content.
func (l *layer) listedContent(ctx context.Context, file *node) ([]byte, error) {
	t := l.tree()
	if err := t.acquire(ctx); err != nil {
		return nil, err
	}
	defer t.release()
	switch {
	case t.whole:
		return nil, errNoTable
	case file.content != nil, file.size == 0:
		return file.content, nil
	}
	content, err := l.contentAt(ctx, t.places[file.ordinal], file.ordinal)
	if errors.Is(err, errNoTable) {
		t.whole, t.root, t.places = true, nil, nil
	}
	if err == nil && t.places[file.ordinal] != nil {
		file.content = content
	}
	return content, err
}

// contentAt reads the file at a place. If that is nil the table of contents is
// read once more to find it.
func (l *layer) contentAt(ctx context.Context, at *place, ordinal int) ([]byte, error) {
	if at == nil {
		wanted := func(_ *tar.Header, n int) bool { return n == ordinal }
		err := l.toc.each(ctx, wanted, func(_ *tar.Header, its *place) error {
			if its != nil {
				at = its
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if at == nil {
		return nil, errNoTable // as the tree was made of a table that has it, this one is another
	}
	return l.toc.content(ctx, at)
}
