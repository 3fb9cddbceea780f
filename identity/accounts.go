package identity

import (
	"bufio"
	"errors"
	"io"
	"io/fs"

	"github.com/moby/sys/user"
)

// ErrNoGroupsFound is containerd's error for a requested group whose name no
// entry of the image's /etc/group has.
var ErrNoGroupsFound = errors.New("no groups found")

// ErrNoUsersFound is containerd's error for a user whose name no entry of the
// image's /etc/passwd has.
var ErrNoUsersFound = errors.New("no users found")

// findUser returns the first entry of /etc/passwd that the query takes, or
// ErrNoUsersFound.
//
// Source: [UserFromFS].
//
// [UserFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1169-L1183
func (u UserFiles) findUser(root fs.FS, wanted query) (user.User, error) {
	entries, err := u.users(root, wanted)
	if err != nil {
		return user.User{}, err
	}
	for i := range entries {
		if wanted.takesUser(&entries[i]) {
			return entries[i], nil
		}
	}
	return user.User{}, ErrNoUsersFound
}

// findGroups returns the entries of /etc/group that the query takes.
//
// Source: [getSupplementalGroupsFromFS].
//
// [getSupplementalGroupsFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1219-L1238
func (u UserFiles) findGroups(root fs.FS, wanted query) ([]user.Group, error) {
	entries, err := u.groups(root, wanted)
	if err != nil {
		return nil, err
	}
	var found []user.Group
	for i := range entries {
		if wanted.takesGroup(&entries[i]) {
			found = append(found, entries[i])
		}
	}
	return found, nil
}

// users returns the entries of /etc/passwd, or at least those that the query
// takes.
func (u UserFiles) users(root fs.FS, wanted query) ([]user.User, error) {
	known := rememberedUsers(root)
	if r := known.by(u); r != nil {
		return r.entries, r.err
	}
	takes := func(entry user.User) bool { return wanted.takesUser(&entry) }
	return readAccounts(u, root, "etc/passwd", known, user.ParsePasswdFilter, takes)
}

// groups returns the entries of /etc/group, or at least those that the query
// takes.
func (u UserFiles) groups(root fs.FS, wanted query) ([]user.Group, error) {
	known := rememberedGroups(root)
	if r := known.by(u); r != nil {
		return r.entries, r.err
	}
	takes := func(entry user.Group) bool { return wanted.takesGroup(&entry) }
	return readAccounts(u, root, "etc/group", known, user.ParseGroupFilter, takes)
}

// readAccounts reads a file. Of a small one it returns all entries and remembers
// them, of a large one those that are taken.
func readAccounts[T any](
	files UserFiles, root fs.FS, name string, known *readings[T],
	parse func(io.Reader, func(T) bool) ([]T, error), takes func(T) bool,
) ([]T, error) {
	file, err := files.open(root, name)
	if err != nil {
		return known.keep(files, nil, err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	if file.size > maxKeptBytes {
		entries, err := parse(file, takes)
		return entries, files.parseError(name, err)
	}
	entries, err := parse(file, nil)
	return known.keep(files, entries, files.parseError(name, err))
}

// parseError keeps the errors that a node meets too, and marks the others as
// none of a node's: only containerd 2.4 refuses a line of /etc/group for its
// length, the parsers of older ones and of CRI-O take what this one cannot.
func (u UserFiles) parseError(name string, err error) error {
	var tooLarge *fileSizeError
	if err == nil || errors.As(err, &tooLarge) || errors.Is(err, bufio.ErrTooLong) && (name == "etc/passwd" || u.View == OverlayThenLinks) {
		return err
	}
	return unreadable(name, err)
}
