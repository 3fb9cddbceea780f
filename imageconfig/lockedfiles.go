package imageconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"sync"
	"unicode/utf8"
)

// ErrNotLocked says that the [Lock] does not know what stands at the path, or
// what the file holds, since nobody asked for it when the lock was made.
var ErrNotLocked = errors.New("it is not in the lock; make the lock again")

// maxLockedBytes is the largest file that a lock holds.
const maxLockedBytes = 1 << 20

// lockedFiles are the files of an image, as far as they were asked for. A node
// among them is never changed, but replaced.
type lockedFiles struct {
	mu     sync.Mutex
	known  map[string]*node   // nil for a path at which nothing stands
	failed map[string]failure // why nothing could be found out
}

// A failure is why something could not be found out.
type failure struct {
	err error
	// passing is whether the context had ended: another one may do better.
	passing bool
}

func newLockedFiles() *lockedFiles {
	return &lockedFiles{known: map[string]*node{}, failed: map[string]failure{}}
}

// get returns what stands at a path; ok is false where that is not known.
func (l *lockedFiles) get(name string) (at *node, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok = l.known[name]
	return at, ok
}

// lasting returns the error of a path that need not be asked for again.
func (l *lockedFiles) lasting(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if failed := l.failed[name]; !failed.passing {
		return failed.err
	}
	return nil
}

// note remembers what stands at a path. A content that is known stays known.
func (l *lockedFiles) note(name string, at *node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.known[name]; known == nil || known.content == nil {
		l.known[name] = at
		delete(l.failed, name)
	}
}

// fail remembers why something about a path could not be found out.
func (l *lockedFiles) fail(name string, why failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[name] = why
}

// copied returns the files as they are known now, and what is not.
func (l *lockedFiles) copied() (files *lockedFiles, failed map[string]failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	files = newLockedFiles()
	maps.Copy(files.known, l.known)
	return files, maps.Clone(l.failed)
}

// A lockedView is the file system of lockedFiles. What they do not know it asks
// of another one, and they know it from then on. So a [Recorder] answers what its
// lock will answer.
type lockedView struct {
	files *lockedFiles
	asked fs.FS        // nil where there is nobody to ask
	ended func() error // the context's, where there is somebody
}

// Lstat describes what stands at a path.
func (v *lockedView) Lstat(name string) (fs.FileInfo, error) {
	at, err := v.find("lstat", name)
	if err != nil {
		return nil, err
	}
	return at.info(name), nil
}

// ReadLink returns a symbolic link's target.
func (v *lockedView) ReadLink(name string) (string, error) {
	at, err := v.find("readlink", name)
	if err != nil {
		return "", err
	}
	if at.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return at.link, nil
}

// Open opens a file, as that of an image's overlay does.
func (v *lockedView) Open(name string) (fs.File, error) {
	resolved, at, err := follow(name, func(op, name string, _ bool) (found, error) { return v.find(op, name) })
	if err != nil {
		return nil, err
	}
	if !at.mode.IsRegular() {
		return &file{fileInfo: at.info(name)}, nil
	}
	if at.content == nil {
		if at.node, err = v.read(resolved, at.node); err != nil {
			return nil, err
		}
	}
	return &file{fileInfo: at.info(name), content: bytes.NewReader(at.content)}, nil
}

// find returns what stands at a path.
func (v *lockedView) find(op, name string) (found, error) {
	if !fs.ValidPath(name) {
		return found{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at, ok := v.files.get(name)
	if !ok {
		var err error
		if at, err = ask(v, op, name, describe); err != nil {
			return found{}, err
		}
		v.files.note(name, at)
	}
	if at == nil {
		return found{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return found{node: at}, nil
}

// ask asks the other files about a path. It does not ask what cannot be answered
// again.
func ask[T any](v *lockedView, op, name string, question func(fs.FS, string) (T, error)) (answer T, err error) {
	if v.asked == nil {
		return answer, &fs.PathError{Op: op, Path: name, Err: ErrNotLocked}
	}
	if err := v.files.lasting(name); err != nil {
		return answer, err
	}
	answer, err = question(v.asked, name)
	if err != nil {
		v.files.fail(name, failure{err, v.ended() != nil})
	}
	return answer, err
}

// describe returns what stands at a path of other files; nil where nothing does.
func describe(files fs.FS, name string) (*node, error) {
	info, err := fs.Lstat(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // said above
	}
	if err != nil {
		return nil, err
	}
	at := &node{mode: info.Mode()}
	if owner, ok := info.Sys().(*Owner); ok {
		at.uid, at.gid = owner.UID, owner.GID
	}
	if at.mode.IsRegular() {
		at.size = info.Size()
	}
	if at.mode&fs.ModeSymlink != 0 {
		if at.link, err = fs.ReadLink(files, name); err != nil {
			return nil, err
		}
	}
	if _, err := parseLockText(at.lockText()); err != nil || !utf8.ValidString(at.link) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: errCannotLock}
	}
	return at, nil
}

var errCannotLock = errors.New("JSON cannot say what stands there: it cannot be locked")

// read returns a regular file's node with its content.
func (v *lockedView) read(name string, at *node) (*node, error) {
	content, err := ask(v, "open", name, contentOf)
	if err != nil {
		return nil, err
	}
	full := *at
	full.content, full.size = content, int64(len(content))
	v.files.note(name, &full)
	return &full, nil
}

// contentOf reads a file that is small enough for a lock.
func contentOf(files fs.FS, name string) (content []byte, err error) {
	opened, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, opened.Close()) }()
	content, err = io.ReadAll(io.LimitReader(opened, maxLockedBytes+1))
	if len(content) > maxLockedBytes {
		err = fmt.Errorf("more than %d bytes are too much for a lock", maxLockedBytes)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return content, nil
}
