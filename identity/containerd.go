package identity

import (
	"errors"
	"io/fs"
)

// Containerd resolves requests as containerd with the overlayfs snapshotter does.
// Its zero value is containerd 2.4; what older releases do otherwise is its
// fields.
type Containerd struct {
	// OutOfRange is what becomes of a requested number that no process may have.
	OutOfRange OutOfRange
	// UserFiles is how it opens the account files.
	UserFiles UserFiles
	// IgnoresPolicy is whether it does not know supplementalGroupsPolicy and
	// merges always: containerd before 2.0.
	IgnoresPolicy bool
}

// UserString returns the request's user as containerd writes it: "uid", "name",
// "uid:gid" or "name:gid"; empty where the request says nothing.
//
// Source: [GenerateUserString].
//
// [GenerateUserString]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/util/util.go#L105-L146
func (c Containerd) UserString(request Request) (string, error) {
	if err := c.Sandbox(request); err != nil {
		return "", err
	}
	if !request.RunAsGroup.known {
		return request.userKey(), nil
	}
	return request.userKey() + ":" + request.RunAsGroup.String(), nil
}

// namesNobody reports whether the request has neither a name nor a uid.
func (r Request) namesNobody() bool { return r.RunAsUsername == "" && !r.RunAsUser.known }

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
//     [ErrIDOutOfRange], before any file is read; older releases differ, see
//     [OutOfRange].
//  2. A name is the first /etc/passwd entry of exactly that name, else
//     [ErrNoUsersFound]. A missing file is an error too.
//  3. A number is itself; its gid is that of the first /etc/passwd entry with
//     that uid, else 0. A missing file counts as no entry.
//  4. A requested group takes the place of the entry's gid.
//  5. The groups are the gid, the request's groups and, unless the policy is
//     Strict, those of /etc/group that list the user's name: except a group of
//     the user's own name, whatever its number.
//  6. Numbers that come from the two files are cut to 32 bits, unchecked.
//
// A file that is there but cannot be used (a symbolic link that leads back to
// itself, a directory, a line above 64 KiB, more than 10 MiB) is an error for
// whoever reads it, a numeric user included. A link that leads to nothing counts
// as a missing file. An error that is containerd's has
// containerd's text. An [*UnreadableError] is none of containerd's: it says that
// the answer could not be found out.
//
// The request is one that [ContainerRequest] makes. One without a user is
// [ErrNoUser]; one whose RunAsUsername is a number or has a colon is undefined.
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
	groups := append(make([]ID, 0, 1+len(request.SupplementalGroups)), process.GID)
	for _, group := range request.SupplementalGroups {
		if group.known {
			groups = append(groups, cut(group.number, group.origin))
		}
	}
	if !request.Strict || c.IgnoresPolicy {
		if groups, err = c.additionalGroups(groups, root, request); err != nil {
			return Process{}, err
		}
	}
	process.Groups = sortedUnique(groups)
	return process, nil
}

// user is containerd's WithUser, for the user strings that a kubelet causes.
func (c Containerd) user(root fs.FS, request Request) (Process, error) {
	if err := c.Sandbox(request); err != nil {
		return Process{}, err
	}
	if request.namesNobody() {
		return Process{}, ErrNoUser
	}
	name, uid, ok := c.requested(request.RunAsUsername, request.RunAsUser)
	if !ok {
		return Process{}, c.outOfRange(request, "uid")
	}
	groupName, gid, ok := c.requested("", request.RunAsGroup)
	if !ok {
		return Process{}, c.outOfRange(request, "gid")
	}
	process, err := Process{UID: uid, GID: gid}, error(nil)
	if name != "" {
		if process, err = c.userByName(root, name, gid); err != nil {
			return Process{}, err
		}
	}
	if groupName != "" {
		process.GID, err = c.groupByName(root, groupName)
		return process, err
	}
	if process.GID.known {
		return process, nil // both are numbers: no file is read
	}
	process.GID, err = c.primaryGroup(root, process.UID)
	return process, err
}

// userByName resolves a name; a gid that is known takes the place of the entry's.
func (c Containerd) userByName(root fs.FS, name string, gid ID) (Process, error) {
	entry, err := c.UserFiles.findUser(root, query{by: byName, text: name})
	if err != nil {
		return Process{}, err
	}
	origin := Origin{SourcePasswd, entry.Name}
	if !gid.known {
		gid = cut(int64(entry.Gid), origin)
	}
	return Process{UID: cut(int64(entry.Uid), origin), GID: gid}, nil
}

func (c Containerd) groupByName(root fs.FS, name string) (ID, error) {
	entries, err := c.UserFiles.findGroups(root, query{by: byName, text: name})
	if err != nil {
		return ID{}, err
	}
	if len(entries) == 0 {
		return ID{}, ErrNoGroupsFound
	}
	return cut(int64(entries[0].Gid), Origin{SourceGroup, name}), nil
}

// primaryGroup returns the gid of a numeric user for which no group is requested.
//
// Source: [WithUserID].
//
// [WithUserID]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/pkg/oci/spec_opts.go#L749-L808
func (c Containerd) primaryGroup(root fs.FS, uid ID) (ID, error) {
	entry, err := c.UserFiles.findUser(root, query{by: byNumber, number: uid.number})
	switch {
	case err == nil:
		return cut(int64(entry.Gid), Origin{SourcePasswd, entry.Name}), nil
	case isAbsent(err):
		return NewID(0, Origin{SourceDefault, uid.String()}), nil
	default:
		return ID{}, err
	}
}

// isAbsent reports whether a look-up found no file or no entry.
func isAbsent(err error) bool {
	return !isUnreadable(err) && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoUsersFound))
}
