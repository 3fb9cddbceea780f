package cache

import (
	"os"
	"path/filepath"
	"sync"
	"time"
)

// useInterval is how exactly the use of an entry is recorded.
const useInterval = time.Minute

// tempSuffix ends the names of files that are being written. No entry's name has
// it.
const tempSuffix = ".tmp"

// A Disk is an opened directory. There is no lock that a process could leave
// behind: an entry appears by a rename, whole, and whoever renames last has
// written it. Nil is one that holds nothing.
type Disk struct {
	dir      string
	maxBytes int64
	now      func() time.Time

	mu   sync.Mutex // held by the one who writes
	left int64      // bytes that may be written before the directory is looked at
}

// Get returns an entry's content. One that is damaged is removed.
func (d *Disk) Get(kind Kind, key string) ([]byte, bool) {
	if d == nil {
		return nil, false
	}
	entry := name{kind, key}
	path := entry.path(d.dir)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, false
	}
	var content []byte
	valid := info.Mode().IsRegular() && info.Size() <= d.maxBytes // nothing else was ever put
	if valid {
		stored, err := os.ReadFile(path)
		if err != nil {
			return nil, false // gone meanwhile, or for another user: put replaces it
		}
		content, valid = entry.decode(stored)
	}
	if !valid {
		_ = os.RemoveAll(path) // what cannot be removed is found out again
		return nil, false
	}
	if now := d.now(); age(now, info.ModTime()) > useInterval {
		_ = os.Chtimes(path, time.Time{}, now) // else it counts as unused, no more
	}
	return content, true
}

// Put keeps an entry, if it can: what it could not keep is a miss later, and
// nobody has to know before.
func (d *Disk) Put(kind Kind, key string, content []byte) {
	if d == nil {
		return
	}
	entry := name{kind, key}
	stored := entry.encode(content)
	// Held until the file is there, so that the next look at the directory sees it.
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reserve(onDisk(int64(len(stored)))) {
		_ = writeWhole(entry.path(d.dir), stored)
	}
}

// writeWhole makes a file appear with its content. It is not synced to the disk:
// what a crash of the machine leaves of it is found out by get.
func writeWhole(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "*"+tempSuffix) // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name()) // else it is swept in time
	}
	return err
}
