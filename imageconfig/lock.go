package imageconfig

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Lock is the [Source] of images that were recorded: for each its digest, what
// of its config decides a start, and the files that were asked for. It needs no
// network. [ReadLock] reads one, a [Recorder] makes one. The zero Lock holds
// nothing.
//
// What a lock does not say it does not make up: an image that it lacks is
// [ErrNotHeld], and a path that nobody asked for when it was made is
// [ErrNotLocked], never fs.ErrNotExist.
//
// A Lock is no [PlatformLister]: it knows the platforms that were asked for, not
// those that exist.
type Lock struct {
	images map[lockKey]*lockedImage
}

// A LockEntry is one image of a [Lock].
type LockEntry struct {
	// Reference is the reference in full, with its registry and its tag.
	Reference string
	// Platform is the platform that it was asked for, in its normal form.
	Platform v1.Platform
	// Image is what [Lock.Image] returns.
	Image *Image
}

// Image returns the image that was recorded for the reference and the platform,
// or [ErrNotHeld].
func (l *Lock) Image(_ context.Context, ref string, platform v1.Platform) (*Image, error) {
	key := lockKeyOf(ref, platform)
	if locked := l.images[key]; locked != nil {
		return locked.image, nil
	}
	return nil, &Error{Reference: ref, Kind: ErrNotHeld, Err: fmt.Errorf("the lock has none for %v; make the lock again", key.platform)}
}

// Entries returns the lock's images, sorted by reference and platform.
func (l *Lock) Entries() []LockEntry {
	entries := make([]LockEntry, 0, len(l.images))
	for _, key := range l.keys() {
		entries = append(entries, LockEntry{key.reference, parsePlatform(key.platform.String()), l.images[key].image})
	}
	return entries
}

func (l *Lock) keys() []lockKey { return slices.SortedFunc(maps.Keys(l.images), lockKey.compare) }

// A lockKey is what an image was asked for: a canonical reference and a platform
// in normal form.
type lockKey struct {
	reference string
	platform  target
}

func lockKeyOf(ref string, platform v1.Platform) lockKey {
	return lockKey{canonical(ref), normalize(platform)}
}

func (k lockKey) String() string { return fmt.Sprintf("image %q for %v", k.reference, k.platform) }

func (k lockKey) compare(other lockKey) int {
	return cmp.Or(cmp.Compare(k.reference, other.reference), cmp.Compare(k.platform.String(), other.platform.String()))
}

// String returns the platform as text, such as "linux/arm/v7".
func (t target) String() string { return strings.TrimRight(t.os+"/"+t.arch+"/"+t.variant, "/") }

// parsePlatform returns the platform of such a text.
func parsePlatform(text string) v1.Platform {
	parts := append(strings.SplitN(text, "/", 3), "", "")
	return v1.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}

// A lockedImage is an image as a lock has it, and what is known of its files.
type lockedImage struct {
	image *Image
	files *lockedFiles
}

// newLockedImage returns an image with what of another decides a start. ask
// returns whom to ask for files that are not known yet; a nil ask nobody.
func newLockedImage(of *Image, files *lockedFiles, ask func(context.Context) fs.FS) *lockedImage {
	image := &Image{Config: decisive(&of.Config), Digest: of.Digest, Index: of.Index, Runnable: of.Runnable}
	image.files = func(ctx context.Context) (fs.FS, error) {
		if ask == nil {
			return &lockedView{files: files}, nil
		}
		return &lockedView{files: files, asked: ask(ctx), ended: ctx.Err}, nil
	}
	return &lockedImage{image, files}
}

// decisive returns what of a config decides how a container starts. Of the
// environment that is PATH: the other variables decide nothing, and may be
// nobody else's business.
func decisive(config *v1.ConfigFile) v1.ConfigFile {
	kept := v1.ConfigFile{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	kept.Config = v1.Config{
		User:       config.Config.User,
		Entrypoint: append([]string(nil), config.Config.Entrypoint...),
		Cmd:        append([]string(nil), config.Config.Cmd...),
		WorkingDir: config.Config.WorkingDir,
	}
	for _, variable := range config.Config.Env {
		if strings.HasPrefix(variable, "PATH=") {
			kept.Config.Env = []string{variable} // the last one counts
		}
	}
	return kept
}
