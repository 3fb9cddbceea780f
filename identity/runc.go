package identity

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"syscall"

	"github.com/moby/sys/user"
)

// SetupUserByFiles is [SetupUser] of runc 1.2 and older: it looks each number up
// in the container's own /etc/passwd and /etc/group once more. A number that is
// above 2147483647 and not there is refused. A supplementary group is taken for
// the first group that has its number, or has it as its name. It returns who the
// process then is.
//
// Source: [setupUser].
//
// [setupUser]: https://github.com/opencontainers/runc/blob/v1.1.5/libcontainer/init_linux.go#L310-L399
func SetupUserByFiles(root fs.FS, process Process, size int64) (Process, error) {
	files := UserFiles{View: insideFiles, Unbounded: true}
	users, err := files.findUser(root, query{by: byNumber, number: process.UID.number})
	if isUnreadable(err) {
		return Process{}, err
	}
	if err != nil && !isValid(process.UID.number) || err == nil && int64(users.Uid) != process.UID.number {
		return Process{}, outOfRuncsRange()
	}
	groups, err := files.findGroups(root, query{by: byNothing})
	if isUnreadable(err) {
		return Process{}, err
	}
	if errors.Is(err, syscall.EISDIR) {
		return Process{}, &StartError{Err: err, text: "unable to setup user: unable to find groups for spec " + users.Name + ": read /etc/group: is a directory"}
	}
	byNumber := func(id ID) bool {
		return slices.ContainsFunc(groups, func(g user.Group) bool { return int64(g.Gid) == id.number })
	}
	if !isValid(process.GID.number) && !byNumber(process.GID) {
		return Process{}, outOfRuncsRange()
	}
	process.Groups = slices.Clone(process.Groups)
	taken := map[int]bool{}
	for i, id := range process.Groups {
		at := slices.IndexFunc(groups, func(g user.Group) bool {
			return !taken[g.Gid] && (g.Name == id.String() || strconv.Itoa(g.Gid) == id.String())
		})
		switch {
		case at >= 0:
			taken[groups[at].Gid] = true
			process.Groups[i] = NewID(int64(groups[at].Gid), id.origin)
		case !isValid(id.number):
			return Process{}, outOfRuncsRange()
		default:
			taken[int(id.number)] = true
		}
	}
	if !mapped(process.UID, size) {
		return Process{}, &StartError{Err: ErrIDNotMapped, text: "unable to setup user: cannot set uid to unmapped user in user namespace"}
	}
	if !mapped(process.GID, size) {
		return Process{}, &StartError{Err: ErrIDNotMapped, text: "unable to setup user: cannot set gid to unmapped user in user namespace"}
	}
	return process, SetupUser(process, size)
}

func outOfRuncsRange() error {
	return &StartError{Err: ErrIDNotSettable, text: "unable to setup user: " + user.ErrRange.Error()}
}

func mapped(id ID, size int64) bool { return size == math.MaxUint32 || id.number < size }
