package imageconfig

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
)

// maxArchiveEntries bounds what the list of an archive's files takes in memory.
const maxArchiveEntries = 1 << 16

// A tarFiles is the regular files of a tar file on disk. It is an [fs.FS] that
// opens them and lists nothing.
type tarFiles struct {
	path  string
	files map[string]tarEntry
}

// A tarEntry is where a file's content stands.
type tarEntry struct {
	fs.FileInfo
	offset int64
}

// scanTar reads the headers of a tar file.
func scanTar(ctx context.Context, name string) (found *tarFiles, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, file.Close()) }()
	found = &tarFiles{path: name, files: map[string]tarEntry{}}
	entries := tar.NewReader(file)
	for ctx.Err() == nil {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, invalid("%s is not an uncompressed tar file: %w", name, err)
		}
		offset, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if err := found.add(header, offset); err != nil {
			return nil, err
		}
	}
	return nil, context.Cause(ctx)
}

// add keeps a regular file, and a link to one: docker save links layers that are
// the same.
func (t *tarFiles) add(header *tar.Header, offset int64) error {
	name := path.Clean(header.Name)
	switch header.Typeflag {
	case tar.TypeReg:
		t.files[name] = tarEntry{header.FileInfo(), offset}
	case tar.TypeSymlink:
		if target, ok := t.files[path.Join(path.Dir(name), header.Linkname)]; ok {
			t.files[name] = target
		}
	case tar.TypeLink:
		if target, ok := t.files[path.Clean(header.Linkname)]; ok {
			t.files[name] = target
		}
	}
	if len(t.files) > maxArchiveEntries {
		return invalid("%s has more than %d files", t.path, maxArchiveEntries)
	}
	return nil
}

func (t *tarFiles) has(name string) bool {
	_, ok := t.files[name]
	return ok
}

// Open opens a file of the archive.
func (t *tarFiles) Open(name string) (fs.File, error) {
	entry, ok := t.files[path.Clean(name)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path.Join(t.path, name), Err: fs.ErrNotExist}
	}
	archive, err := os.Open(t.path)
	if err != nil {
		return nil, err
	}
	return &tarFile{tarEntry: entry, SectionReader: io.NewSectionReader(archive, entry.offset, entry.Size()), archive: archive}, nil
}

// Stat describes a file of the archive.
func (t *tarFiles) Stat(name string) (fs.FileInfo, error) {
	entry, ok := t.files[path.Clean(name)]
	if !ok {
		return nil, &fs.PathError{Op: "stat", Path: path.Join(t.path, name), Err: fs.ErrNotExist}
	}
	return entry, nil
}

type tarFile struct {
	tarEntry
	*io.SectionReader
	archive *os.File
}

func (f *tarFile) Stat() (fs.FileInfo, error) { return f.tarEntry, nil }
func (f *tarFile) Close() error               { return f.archive.Close() }
