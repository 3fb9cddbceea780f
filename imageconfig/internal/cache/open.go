// Package cache keeps small contents by their names: on disk, for the next run
// and for other processes at the same time, and in memory. Both are bounded, and
// what was not used for the longest time makes room. What it gives is what was
// put, or nothing.
package cache

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// defaultBytes is the bound of a cache that is given none.
const defaultBytes = 1 << 30

// version is the directory of this format: another one gets another name, so
// that no release misreads what a different one has written.
const version = "v1"

// Open makes the directory and returns the cache in it; nil for no directory.
// It fails where a cache could never work: a directory that cannot be made or
// cannot be trusted.
func Open(dir string, maxBytes int64) (*Disk, error) {
	if dir == "" {
		return nil, nil
	}
	if maxBytes < 0 {
		return nil, fmt.Errorf("cache directory %q: a bound of %d bytes", dir, maxBytes)
	}
	top, err := filepath.Abs(dir) // the process may change its directory
	if err != nil {
		return nil, fmt.Errorf("cache directory %q: %w", dir, err)
	}
	versioned := filepath.Join(top, version)
	for _, each := range []string{top, versioned} {
		if err := makePrivate(each); err != nil {
			return nil, fmt.Errorf("cache directory %q: %w", each, err)
		}
	}
	return &Disk{dir: versioned, maxBytes: cmp.Or(maxBytes, defaultBytes), now: time.Now}, nil
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
