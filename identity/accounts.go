package identity

import (
	"bufio"
	"errors"
	"io/fs"
	"slices"

	"github.com/moby/sys/user"
)

// ErrNoUsersFound is containerd's error for a user whose name no entry of the
// image's /etc/passwd has.
var ErrNoUsersFound = errors.New("no users found")

// findUser returns the first entry of /etc/passwd that the filter takes, or
// ErrNoUsersFound.
//
// Source: [UserFromFS].
//
// [UserFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1169-L1183
func findUser(root fs.FS, filter func(user.User) bool) (user.User, error) {
	file, err := openUserFile(root, "etc/passwd")
	if err != nil {
		return user.User{}, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	found, err := user.ParsePasswdFilter(file, filter)
	if err != nil {
		return user.User{}, parseError("etc/passwd", err)
	}
	if len(found) == 0 {
		return user.User{}, ErrNoUsersFound
	}
	return found[0], nil
}

// findGroups returns the entries of /etc/group that list the user, without the
// group that has the user's name.
//
// Source: [getSupplementalGroupsFromFS].
//
// [getSupplementalGroupsFromFS]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L1219-L1238
func findGroups(root fs.FS, name string) ([]user.Group, error) {
	file, err := openUserFile(root, "etc/group")
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	found, err := user.ParseGroupFilter(file, func(g user.Group) bool {
		return g.Name != name && slices.Contains(g.List, name)
	})
	if err != nil {
		return nil, parseError("etc/group", err)
	}
	return found, nil
}

// parseError keeps the errors that a node meets too, and marks the others as
// none of a node's.
func parseError(name string, err error) error {
	var tooLarge *fileSizeError
	if errors.Is(err, bufio.ErrTooLong) || errors.As(err, &tooLarge) {
		return err
	}
	return unreadable(name, err)
}
