package imageconfig

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// defaultCacheBytes is the bound of a Cache that names none.
const defaultCacheBytes = 1 << 30

// cacheVersion is the directory of this format: another one gets another name,
// so that no release misreads what a different one has written.
const cacheVersion = "v1"

// A Cache is a directory in which a [Registry] keeps what it has read, for its
// next run and for other processes, any number of them at once. The zero Cache
// keeps nothing.
//
// What a Cache holds is checked whenever it is read; what is damaged is removed
// and asked of the registry again. A disk that is full or cannot be written to
// makes a Cache useless, never an answer wrong. It is safe to remove the
// directory, or any file in it, at any time.
//
// The directory and its files are made for their owner alone: they hold what a
// registry says to the owner's credentials. For manifests and configs a Cache
// need not trust what it finds, their digests tell; for a layer's files and for
// tags it must. A directory that somebody else could have written to is
// therefore refused: it has to belong to the user of the process or to root, and
// no group and no other user may have write permission. On a volume that is open
// to all, name a directory that is not there yet: it will be made so. On Windows
// this is not checked: access lists decide there, and a profile's keep others out.
type Cache struct {
	// Dir is the directory; it is made if it is not there. The usual place is
	// "drystart" in what [os.UserCacheDir] returns. Empty: nothing is kept.
	Dir string
	// MaxBytes is how much the directory may hold; what was not used for the
	// longest time makes room. Each file counts in whole blocks of 4 KiB, as a
	// disk counts it. Zero is 1 GiB. Where processes write at the same moment,
	// each may pass the bound by a 32nd, or by one file, until it looks again.
	MaxBytes int64
}

// open makes the directory and returns the cache in it; nil for the zero Cache.
// It fails where a cache could never work: a directory that cannot be made or
// cannot be trusted.
func (c Cache) open() (*diskCache, error) {
	if c.Dir == "" {
		return nil, nil
	}
	if c.MaxBytes < 0 {
		return nil, fmt.Errorf("cache directory %q: a bound of %d bytes", c.Dir, c.MaxBytes)
	}
	top, err := filepath.Abs(c.Dir) // the process may change its directory
	if err != nil {
		return nil, fmt.Errorf("cache directory %q: %w", c.Dir, err)
	}
	versioned := filepath.Join(top, cacheVersion)
	for _, dir := range []string{top, versioned} {
		if err := makePrivate(dir); err != nil {
			return nil, fmt.Errorf("cache directory %q: %w", dir, err)
		}
	}
	return &diskCache{dir: versioned, maxBytes: cmp.Or(c.MaxBytes, defaultCacheBytes), now: time.Now}, nil
}

// makePrivate makes a directory for its owner alone, or checks the one that is
// there.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return trusted(info, os.Geteuid())
}
