package imageconfig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Recorder is the [Source] that asks another one and remembers the answers,
// each image with the files that were asked for. It answers what its lock will
// answer: no more of a config than decides a start, and each image as it was when
// it was first asked for. What failed fails again, unless it was for a context
// that had ended. Start Pods over it, then take [Recorder.Lock].
type Recorder struct {
	// Source is who is asked. Nil holds nothing.
	Source Source

	mu     sync.Mutex
	images map[lockKey]*lockedImage
	failed map[lockKey]failure
}

// Image returns what the source has, or what it had when it was first asked.
func (r *Recorder) Image(ctx context.Context, ref string, platform v1.Platform) (*Image, error) {
	key := lockKeyOf(ref, platform)
	if image, err := r.known(key); image != nil || err != nil {
		return image, err
	}
	if r.Source == nil {
		return nil, &Error{Reference: ref, Kind: ErrNotHeld}
	}
	image, err := r.Source.Image(ctx, ref, platform)
	if err == nil && image == nil {
		err = fmt.Errorf("image %q: the source returned neither an image nor an error", ref)
	}
	if err == nil {
		err = named(ref, ErrInvalid, lockable(key, image))
	}
	if err != nil {
		r.fail(key, failure{err, ctx.Err() != nil})
		return nil, err
	}
	return r.note(key, image), nil
}

// known returns what was answered before; neither image nor error for nothing.
func (r *Recorder) known(key lockKey) (*Image, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.images[key]; known != nil {
		return known.image, nil
	}
	if failed := r.failed[key]; !failed.passing {
		return nil, failed.err
	}
	return nil, nil //nolint:nilnil // said above
}

// fail remembers why there is no image, unless there is one by now.
func (r *Recorder) fail(key lockKey, why failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = map[lockKey]failure{}
	}
	if r.images[key] == nil {
		r.failed[key] = why
	}
}

// note remembers an image, unless there is one already, and returns what is
// remembered.
func (r *Recorder) note(key lockKey, image *Image) *Image {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.images[key]; known != nil {
		return known.image
	}
	delete(r.failed, key)
	if r.images == nil {
		r.images = map[lockKey]*lockedImage{}
	}
	recorded := newLockedImage(image, newLockedFiles(), func(ctx context.Context) fs.FS {
		files, err := image.Files(ctx)
		if err != nil {
			return noFiles{lostLayer{err}}
		}
		return files
	})
	r.images[key] = recorded
	return recorded.image
}

// noFiles are files that cannot be read, none of them.
type noFiles struct{ cause error }

func (n noFiles) Open(string) (fs.File, error) { return nil, n.cause }

// Lock returns what has been recorded. The error joins what was asked for and
// could not be recorded: an image without an answer, a file that could not be
// read. The lock has the rest all the same.
//
// That a registry has no such image, or none for the platform, is not recorded
// either. It is true until somebody pushes one, and a lock that held it would
// keep a mistyped name for good.
func (r *Recorder) Lock() (*Lock, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lock := &Lock{images: map[lockKey]*lockedImage{}}
	var errs []error
	for _, key := range slices.SortedFunc(maps.Keys(r.failed), lockKey.compare) {
		errs = append(errs, fmt.Errorf("%v: %w", key.platform, r.failed[key].err))
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.images), lockKey.compare) {
		files, failed := r.images[key].files.copied()
		lock.images[key] = newLockedImage(r.images[key].image, files, nil)
		for _, name := range slices.Sorted(maps.Keys(failed)) {
			errs = append(errs, fmt.Errorf("%v: image %q: %w", key.platform, key.reference, failed[name].err))
		}
	}
	return lock, errors.Join(errs...)
}
