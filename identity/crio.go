package identity

import (
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/moby/sys/user"
)

// CRIO resolves requests as CRI-O 1.31 to 1.36 does. Its zero value is ready.
type CRIO struct{}

// A CRIOError is CRI-O's error for a user that it cannot resolve. Its text is
// CRI-O's own.
type CRIOError struct {
	// Err tells the causes apart: user.ErrNoPasswdEntries, user.ErrRange, a
	// syscall.Errno.
	Err  error
	text string
}

// Error returns CRI-O's message.
func (e *CRIOError) Error() string { return e.text }

// Unwrap returns Err.
func (e *CRIOError) Unwrap() error { return e.Err }

// Sandbox takes every request: CRI-O does not look at a Pod's runAsGroup.
func (CRIO) Sandbox(Request) error { return nil }

// Process resolves a request against an image's files.
//
//  1. A file that cannot be opened counts as absent.
//  2. A name is the first /etc/passwd entry of exactly that name. A number is
//     the first entry with that uid, or itself, if it is between 0 and
//     2147483647.
//  3. The gid is the entry's, else 0; a requested group takes its place.
//  4. The groups are, in this order and each once: the gid; unless the policy is
//     Strict, those of /etc/group that list the entry's name; the request's.
//  5. For a uid without an entry CRI-O writes one into a copy of /etc/passwd,
//     and for a gid one into /etc/group: there a ring of links is an error.
//
// Source: [setupContainerUser], [GetUserInfo], [GetExecUser].
//
// [setupContainerUser]: https://github.com/cri-o/cri-o/blob/v1.36.3/server/container_create.go#L226-L371
// [GetUserInfo]: https://github.com/cri-o/cri-o/blob/v1.36.3/utils/utils.go#L173-L204
// [GetExecUser]: https://github.com/moby/sys/blob/user/v0.4.0/user/user.go#L230-L352
func (c CRIO) Process(root fs.FS, request Request) (Process, error) {
	if request.namesNobody() {
		return Process{}, ErrNoUser
	}
	entry, found, err := c.passwdEntry(root, request)
	if err != nil {
		return Process{}, err
	}
	process := Process{UID: request.RunAsUser}
	var listed []ID
	if !found {
		process.GID = NewID(0, Origin{SourceDefault, request.userKey()})
	} else {
		origin := Origin{SourcePasswd, entry.Name}
		process.GID = cut(int64(entry.Gid), origin)
		if uid := cut(int64(entry.Uid), origin); !process.UID.Is(uid.number) {
			process.UID = uid
		}
		if listed, err = c.listedGroups(root, entry.Name); err != nil {
			return Process{}, err
		}
	}
	gid := process.GID
	if request.RunAsGroup.known {
		gid = request.RunAsGroup
	}
	if err := c.generatedFiles(root, found, gid); err != nil {
		return Process{}, err
	}
	if request.RunAsGroup.known {
		process.GID = cut(request.RunAsGroup.number, request.RunAsGroup.origin)
	}
	process.Groups = append(make([]ID, 0, 1+len(listed)+len(request.SupplementalGroups)), process.GID)
	if request.Strict {
		listed = nil
	}
	process.addGroups(listed)
	process.addGroups(request.SupplementalGroups)
	return process, nil
}

// addGroups adds the groups that the process does not have yet.
func (p *Process) addGroups(groups []ID) {
	for _, group := range groups {
		id := cut(group.number, group.origin)
		if group.known && !slices.ContainsFunc(p.Groups, func(other ID) bool { return other.Is(id.number) }) {
			p.Groups = append(p.Groups, id)
		}
	}
}

// crioFiles is how CRI-O opens account files.
var crioFiles = UserFiles{View: joinedFiles, Unbounded: true}

// passwdEntry returns the entry for the request's user. A uid needs none.
func (CRIO) passwdEntry(root fs.FS, request Request) (entry user.User, found bool, err error) {
	uid, isNumber := request.RunAsUser.number, request.RunAsUsername == ""
	if number, err := parseNumber(request.RunAsUsername); err == nil {
		uid, isNumber = number, true
	}
	if isNumber {
		entry, err = crioFiles.findUser(root, query{by: byNumber, number: uid})
	} else {
		entry, err = crioFiles.findUser(root, query{by: byName, text: request.RunAsUsername})
	}
	switch {
	case err == nil, isUnreadable(err):
		return entry, err == nil, err
	case !isAbsent(err):
		return user.User{}, false, crioError(err, "unable to find user "+request.userKey()+": ")
	case !isNumber:
		return user.User{}, false, crioError(user.ErrNoPasswdEntries, "unable to find user "+request.userKey()+": ")
	case !isValid(uid):
		return user.User{}, false, crioError(user.ErrRange, "")
	default:
		return user.User{}, false, nil
	}
}

// listedGroups returns the groups that list a user; none for an entry without a
// name.
func (CRIO) listedGroups(root fs.FS, name string) ([]ID, error) {
	if name == "" {
		return nil, nil
	}
	entries, err := crioFiles.findGroups(root, query{by: byMember, text: name})
	if err != nil && !isUnreadable(err) && !isAbsent(err) {
		return nil, crioError(err, "unable to find groups for spec "+name+": ")
	}
	if isAbsent(err) {
		err = nil
	}
	return appendIDs(nil, entries), err
}

func crioError(err error, where string) error {
	return &CRIOError{Err: err, text: "get exec user: " + where + err.Error()}
}

// openJoined opens an account file below root. One that cannot be opened is
// absent, whatever the reason. A directory can be opened, but not read.
func openJoined(root fs.FS, name string) (*userFile, error) {
	resolved, err := resolveSecurely(root, name)
	if err != nil {
		return nil, absentUnlessUnreadable(err)
	}
	info, err := lstat(root, resolved)
	switch {
	case err != nil:
		return nil, absentUnlessUnreadable(err)
	case info.IsDir():
		return nil, fmt.Errorf("read <root> is a directory%w", hidden{syscall.EISDIR})
	}
	file, err := root.Open(resolved)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return &userFile{File: file, name: name, size: info.Size(), left: unbounded}, nil
}

func absentUnlessUnreadable(err error) error {
	if isUnreadable(err) {
		return err
	}
	return fs.ErrNotExist
}

// hidden is an error that adds no text.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }
