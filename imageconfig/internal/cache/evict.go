package cache

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// blockBytes is what files are counted in. It bounds their number, too.
	blockBytes = 4096
	// abandonedAfter is when the file of a write that never ended is removed. A
	// writer that is slower than that loses its entry, no more.
	abandonedAfter = time.Hour
)

// onDisk returns what a file of that size takes of the bound; an empty one has a
// name, at least.
func onDisk(size int64) int64 { return max(1, (size+blockBytes-1)/blockBytes) * blockBytes }

// age returns how long ago a file was used. What lies ahead is as old as it is
// ahead: a clock that was wrong once keeps no file for ever.
func age(now, used time.Time) time.Duration { return now.Sub(used).Abs() }

// A file is a file in the directory of a cache.
type file struct {
	path  string
	bytes int64
	age   time.Duration
}

// reserve makes room for a file and reports whether there is some.
func (d *Disk) reserve(bytes int64) bool {
	if bytes > d.maxBytes {
		return false
	}
	if bytes > d.left {
		total := d.evict(bytes)
		// Other processes write, too. What they have written is seen after a 32nd
		// of the bound, so that together they do not pass it by much.
		d.left = min(d.maxBytes-total, max(bytes, d.maxBytes/32))
	}
	if bytes > d.left {
		return false
	}
	d.left -= bytes
	return true
}

// evict removes what was not used for the longest time until there is room for a
// file, and for an eighth of the bound more: else each file that follows would
// have to look again. It returns how much is left in the directory.
func (d *Disk) evict(bytes int64) int64 {
	files, total := d.files()
	if total+bytes <= d.maxBytes {
		return total
	}
	slices.SortStableFunc(files, func(a, b file) int { return cmp.Compare(b.age, a.age) })
	for _, file := range files {
		if total+bytes <= d.maxBytes-d.maxBytes/8 {
			break
		}
		if removed(file.path) {
			total -= file.bytes
		}
	}
	return total
}

// files returns the entries in the directory and how much it holds in all. It
// removes the files of writes that never ended; those of writes that may yet end
// count, but are no entries.
func (d *Disk) files() (entries []file, total int64) {
	now := d.now()
	_ = filepath.WalkDir(d.dir, func(path string, at fs.DirEntry, err error) error {
		if err != nil || at.IsDir() {
			return nil //nolint:nilerr // other processes remove files meanwhile
		}
		info, err := at.Info()
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		file := file{path, onDisk(info.Size()), age(now, info.ModTime())}
		writing := strings.HasSuffix(path, tempSuffix)
		if writing && file.age > abandonedAfter && removed(path) {
			return nil
		}
		if total += file.bytes; !writing {
			entries = append(entries, file)
		}
		return nil
	})
	return entries, total
}

// removed removes a file, unless another process was faster, and reports whether
// it is gone.
func removed(path string) bool {
	err := os.Remove(path)
	return err == nil || errors.Is(err, fs.ErrNotExist)
}
