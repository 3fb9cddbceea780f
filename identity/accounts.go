package identity

import (
	"bufio"
	"errors"
	"io/fs"

	"github.com/moby/sys/user"
)

// ErrNoGroupsFound is containerd's error for a requested group whose name no
// entry of the image's /etc/group has.
var ErrNoGroupsFound = errors.New("no groups found")

// ErrNoUsersFound is containerd's error for a user whose name no entry of the
// image's /etc/passwd has.
var ErrNoUsersFound = errors.New("no users found")

// findUser returns the first entry of /etc/passwd that the filter takes, or
// ErrNoUsersFound.
//
// Source: [UserFromFS].
//
// [UserFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1169-L1183
func (u UserFiles) findUser(root fs.FS, filter func(user.User) bool) (user.User, error) {
	file, err := u.open(root, "etc/passwd")
	if err != nil {
		return user.User{}, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	found, err := user.ParsePasswdFilter(file, filter)
	if err != nil {
		return user.User{}, u.parseError("etc/passwd", err)
	}
	if len(found) == 0 {
		return user.User{}, ErrNoUsersFound
	}
	return found[0], nil
}

// findGroups returns the entries of /etc/group that the filter takes.
//
// Source: [getSupplementalGroupsFromFS].
//
// [getSupplementalGroupsFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1219-L1238
func (u UserFiles) findGroups(root fs.FS, filter func(user.Group) bool) ([]user.Group, error) {
	file, err := u.open(root, "etc/group")
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	found, err := user.ParseGroupFilter(file, filter)
	if err != nil {
		return nil, u.parseError("etc/group", err)
	}
	return found, nil
}

// parseError keeps the errors that a node meets too, and marks the others as
// none of a node's: only containerd 2.4 refuses a line of /etc/group for its
// length, the parser of older ones takes what this one cannot.
func (u UserFiles) parseError(name string, err error) error {
	var tooLarge *fileSizeError
	if errors.As(err, &tooLarge) || errors.Is(err, bufio.ErrTooLong) && (name == "etc/passwd" || u.View == OverlayThenLinks) {
		return err
	}
	return unreadable(name, err)
}
