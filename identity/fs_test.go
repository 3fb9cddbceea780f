package identity_test

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// A closedFS fails the test that reads anything of it.
type closedFS struct{ t *testing.T }

func (c closedFS) Open(name string) (fs.File, error) {
	c.t.Errorf("Open(%q): no file may be read", name)
	return nil, fs.ErrInvalid
}

func (c closedFS) Lstat(name string) (fs.FileInfo, error) {
	c.t.Errorf("Lstat(%q): no file may be read", name)
	return nil, fs.ErrInvalid
}

func (c closedFS) ReadLink(name string) (string, error) {
	c.t.Errorf("ReadLink(%q): no file may be read", name)
	return "", fs.ErrInvalid
}

// A brokenFS is an image whose storage fails: each operation answers the error
// that it has for the path.
type brokenFS struct {
	fstest.MapFS
	lstat, readLink, open, read map[string]error
}

func (b brokenFS) Lstat(name string) (fs.FileInfo, error) {
	if err := b.lstat[name]; err != nil {
		return nil, err
	}
	return b.MapFS.Lstat(name)
}

func (b brokenFS) ReadLink(name string) (string, error) {
	if err := b.readLink[name]; err != nil {
		return "", err
	}
	return b.MapFS.ReadLink(name)
}

func (b brokenFS) Open(name string) (fs.File, error) {
	if err := b.open[name]; err != nil {
		return nil, err
	}
	file, err := b.MapFS.Open(name)
	if err != nil || b.read[name] == nil {
		return file, err
	}
	return brokenFile{file, b.read[name]}, nil
}

// A brokenFile fails each Read.
type brokenFile struct {
	fs.File
	err error
}

func (b brokenFile) Read([]byte) (int, error) { return 0, b.err }

// An openOnlyFS is a file system without symbolic links.
type openOnlyFS struct{ files fs.FS }

func (o openOnlyFS) Open(name string) (fs.File, error) { return o.files.Open(name) }
