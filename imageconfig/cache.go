package imageconfig

import "github.com/drystart/drystart/imageconfig/internal/cache"

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
func (c Cache) open() (*cache.Disk, error) { return cache.Open(c.Dir, c.MaxBytes) }
