package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"

	"github.com/moby/sys/user"
)

// Containerd resolves requests as containerd does. Its zero value is containerd
// 2.4 with the overlayfs snapshotter.
type Containerd struct{}

// ErrGroupWithoutUser is containerd's refusal of a request that has a group but
// neither a uid nor a name. No container meets it; a Pod's sandbox does.
var ErrGroupWithoutUser = errors.New("group is specified without user")

// ErrIDOutOfRange is containerd's refusal of a requested number outside of 0 to
// 2147483647.
var ErrIDOutOfRange = errors.New("id out of range")

// A UserStringError says why a request makes no user that containerd takes. Its
// text is containerd's own.
type UserStringError struct {
	// Err is ErrGroupWithoutUser or ErrIDOutOfRange.
	Err  error
	text string
}

// Error returns containerd's message.
func (e *UserStringError) Error() string { return e.text }

// Unwrap returns Err.
func (e *UserStringError) Unwrap() error { return e.Err }

// UserString returns the request's user as containerd writes it: "uid", "name",
// "uid:gid" or "name:gid"; empty where the request says nothing.
//
// Source: [GenerateUserString].
//
// [GenerateUserString]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/util/util.go#L105-L146
func (Containerd) UserString(request Request) (string, error) {
	base := request.userKey()
	if !request.RunAsGroup.known {
		return base, nil
	}
	group := request.RunAsGroup.String()
	if base == "" {
		text := fmt.Sprintf("user group %q is specified without user", group)
		return "", &UserStringError{Err: ErrGroupWithoutUser, text: text}
	}
	return base + ":" + group, nil
}

// userKey returns the request's name or its decimal uid.
func (r Request) userKey() string {
	if r.RunAsUsername != "" || !r.RunAsUser.known {
		return r.RunAsUsername
	}
	return r.RunAsUser.String()
}

// Process resolves a request against an image's files. root is the image's root
// directory.
//
//  1. A requested number outside of 0 to 2147483647 is refused with
//     [ErrIDOutOfRange], before any file is read.
//  2. A name is the first /etc/passwd entry of exactly that name, else
//     [ErrNoUsersFound]. A missing file is an error too.
//  3. A number is itself; its gid is that of the first /etc/passwd entry with
//     that uid, else 0. A missing file counts as no entry.
//  4. A requested group takes the place of the entry's gid.
//  5. The groups are the gid, the request's groups and, unless the policy is
//     Strict, those of /etc/group that list the user's name: except the group
//     that has the name itself.
//  6. Numbers that come from the two files are cut to 32 bits, unchecked.
//
// A file that is there but cannot be used (a symbolic link that ends nowhere
// new, a directory, a line above 64 KiB, more than 10 MiB) is an error for
// whoever reads it, a numeric user included. An error that is containerd's has
// containerd's text. An [*UnreadableError] is none of containerd's: it says that
// the answer could not be found out.
//
// Source: [WithUser], [WithAdditionalGIDs].
//
// [WithUser]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L598-L729
// [WithAdditionalGIDs]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L869-L939
func (c Containerd) Process(root fs.FS, request Request) (Process, error) {
	process, err := c.user(root, request)
	if err != nil {
		return Process{}, err
	}
	groups := []ID{process.GID}
	for _, group := range request.SupplementalGroups {
		groups = append(groups, NewID(int64(uint32(group.number)), group.origin))
	}
	if !request.Strict {
		listed, err := c.additionalGroups(root, request.userKey())
		if err != nil {
			return Process{}, err
		}
		groups = append(groups, listed...)
	}
	process.Groups = sortedUnique(groups)
	return process, nil
}

// user is containerd's WithUser, for the user strings that a kubelet causes.
func (c Containerd) user(root fs.FS, request Request) (Process, error) {
	userString, err := c.UserString(request)
	if err != nil {
		return Process{}, err
	}
	outOfRange := func(what string) error {
		text := fmt.Sprintf("invalid USER value %q: %s out of range", userString, what)
		return &UserStringError{Err: ErrIDOutOfRange, text: text}
	}
	process := Process{UID: request.RunAsUser, GID: request.RunAsGroup}
	if process.UID.known && !inRange(process.UID) || overflows(request.RunAsUsername) {
		return Process{}, outOfRange("uid")
	}
	if process.GID.known && !inRange(process.GID) {
		return Process{}, outOfRange("gid")
	}
	switch {
	case !process.UID.known:
		return userByName(root, request)
	case process.GID.known:
		return process, nil // both are numbers: no file is read
	default:
		process.GID, err = primaryGroup(root, process.UID)
		return process, err
	}
}

// userByName resolves a request by name.
func userByName(root fs.FS, request Request) (Process, error) {
	entry, err := findUser(root, func(u user.User) bool { return u.Name == request.RunAsUsername })
	if err != nil {
		return Process{}, err
	}
	origin := Origin{SourcePasswd, entry.Name}
	process := Process{UID: NewID(int64(uint32(entry.Uid)), origin), GID: request.RunAsGroup}
	if !process.GID.known {
		process.GID = NewID(int64(uint32(entry.Gid)), origin)
	}
	return process, nil
}

// primaryGroup returns the gid of a numeric user for which no group is requested.
//
// Source: [WithUserID].
//
// [WithUserID]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L749-L808
func primaryGroup(root fs.FS, uid ID) (ID, error) {
	entry, err := findUser(root, func(u user.User) bool { return int64(u.Uid) == uid.number })
	switch {
	case err == nil:
		return NewID(int64(uint32(entry.Gid)), Origin{SourcePasswd, entry.Name}), nil
	case isAbsent(err):
		return NewID(0, Origin{SourceDefault, uid.String()}), nil
	default:
		return ID{}, err
	}
}

// additionalGroups returns the groups of /etc/group that list the user. key is
// the user's name or decimal uid.
func (Containerd) additionalGroups(root fs.FS, key string) ([]ID, error) {
	name := key
	if uid, err := strconv.Atoi(key); err == nil {
		entry, err := findUser(root, func(u user.User) bool { return u.Uid == uid })
		if isAbsent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		name = entry.Name
	}
	entries, err := findGroups(root, name)
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var groups []ID
	for _, entry := range entries {
		groups = append(groups, NewID(int64(uint32(entry.Gid)), Origin{SourceGroup, entry.Name}))
	}
	return groups, nil
}

// isAbsent reports whether a look-up found no file or no entry.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoUsersFound)
}

func inRange(id ID) bool { return id.number >= 0 && id.number <= math.MaxInt32 }

// overflows reports whether a name is a number too large for 64 bits.
func overflows(name string) bool {
	_, err := strconv.Atoi(name)
	return errors.Is(err, strconv.ErrRange)
}
