package identity

import (
	"io/fs"
	"sync/atomic"

	"github.com/moby/sys/user"
)

// maxKeptBytes is the size of the largest account file that is remembered.
const maxKeptBytes = 64 << 10

// An AccountsFS is an image's files, with what is known of its account files. A
// [Runtime] reads and parses those once, of a root that is an AccountsFS.
type AccountsFS interface {
	fs.FS
	// Accounts returns the same value for the same image.
	Accounts() *Accounts
}

// Accounts are one image's account files, as far as they have been read. The zero
// Accounts are those of an image that nobody has looked at. They are safe for
// concurrent use.
type Accounts struct {
	users  readings[user.User]
	groups readings[user.Group]
}

func rememberedUsers(root fs.FS) *readings[user.User] {
	if kept, ok := root.(AccountsFS); ok {
		return &kept.Accounts().users
	}
	return nil
}

func rememberedGroups(root fs.FS) *readings[user.Group] {
	if kept, ok := root.(AccountsFS); ok {
		return &kept.Accounts().groups
	}
	return nil
}

// readings are what is known of one file: a list, since the ways to read it are
// few. Nil knows nothing and keeps nothing.
type readings[T any] struct{ last atomic.Pointer[reading[T]] }

// A reading is what one way to read a file has brought.
type reading[T any] struct {
	way     UserFiles
	entries []T
	err     error
	earlier *reading[T]
}

// by returns the reading in one way, or nil.
func (r *readings[T]) by(way UserFiles) *reading[T] {
	if r == nil {
		return nil
	}
	known := r.last.Load()
	for known != nil && known.way != way {
		known = known.earlier
	}
	return known
}

// keep adds a reading and returns it; what could not be read is left for the
// next one who asks. Of two who read at the same time, one may be forgotten.
func (r *readings[T]) keep(way UserFiles, entries []T, err error) ([]T, error) {
	if r != nil && !isUnreadable(err) {
		r.last.Store(&reading[T]{way, entries, err, r.last.Load()})
	}
	return entries, err
}
