package identity

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
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
	if request.userKey() == "" {
		return Process{}, ErrNoUser
	}
	entry, found, err := c.passwdEntry(root, request.userKey())
	if err != nil {
		return Process{}, err
	}
	process := Process{UID: request.RunAsUser, GID: NewID(0, Origin{SourceDefault, request.userKey()})}
	var listed []ID
	if found {
		origin := Origin{SourcePasswd, entry.Name}
		process.GID = NewID(int64(uint32(entry.Gid)), origin)
		if !process.UID.known || process.UID.number != int64(uint32(entry.Uid)) {
			process.UID = NewID(int64(uint32(entry.Uid)), origin)
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
		process.GID = NewID(int64(uint32(request.RunAsGroup.number)), request.RunAsGroup.origin)
	}
	process.Groups = []ID{process.GID}
	if request.Strict {
		listed = nil
	}
	for _, group := range slices.Concat(listed, request.SupplementalGroups) {
		group.number = int64(uint32(group.number))
		if group.known && !slices.ContainsFunc(process.Groups, func(id ID) bool { return id.number == group.number }) {
			process.Groups = append(process.Groups, group)
		}
	}
	return process, nil
}

// passwdEntry returns the entry for a name or a decimal uid. A uid needs none.
func (CRIO) passwdEntry(root fs.FS, key string) (entry user.User, found bool, err error) {
	uid, notNumeric := strconv.Atoi(key)
	entries, err := readAccounts(root, "etc/passwd", func(r io.Reader) ([]user.User, error) {
		return user.ParsePasswdFilter(r, func(u user.User) bool {
			return notNumeric == nil && u.Uid == uid || notNumeric != nil && u.Name == key
		})
	})
	switch {
	case isUnreadable(err):
		return user.User{}, false, err
	case err != nil:
		return user.User{}, false, crioError(err, "unable to find user "+key+": ")
	case len(entries) > 0:
		return entries[0], true, nil
	case notNumeric != nil:
		return user.User{}, false, crioError(user.ErrNoPasswdEntries, "unable to find user "+key+": ")
	case uid < 0 || uid > math.MaxInt32:
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
	entries, err := readAccounts(root, "etc/group", func(r io.Reader) ([]user.Group, error) {
		return user.ParseGroupFilter(r, func(g user.Group) bool { return slices.Contains(g.List, name) })
	})
	if errors.Is(err, bufio.ErrTooLong) {
		return nil, unreadable("etc/group", err) // CRI-O's parser takes lines of any length
	}
	if err != nil && !isUnreadable(err) {
		return nil, crioError(err, "unable to find groups for spec "+name+": ")
	}
	return groupIDs(entries), err
}

func crioError(err error, where string) error {
	return &CRIOError{Err: err, text: "get exec user: " + where + err.Error()}
}

// readAccounts opens a file and parses it; one that cannot be opened has no
// entries. A directory can be opened, but not read.
func readAccounts[T any](root fs.FS, name string, parse func(io.Reader) ([]T, error)) ([]T, error) {
	if root == nil {
		return nil, unreadable(name, errors.New("the image's files are not known"))
	}
	resolved, err := resolveSecurely(root, name)
	if isUnreadable(err) {
		return nil, err
	}
	if err != nil {
		return nil, nil // it cannot be opened
	}
	info, err := lstat(root, resolved)
	switch {
	case isUnreadable(err):
		return nil, err
	case err != nil:
		return nil, nil // it is not there
	case info.IsDir():
		return nil, fmt.Errorf("read <root> is a directory%w", hidden{syscall.EISDIR})
	}
	file, err := root.Open(resolved)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	entries, err := parse(&userFile{File: file, name: name, left: unbounded})
	return entries, err
}

// hidden is an error that adds no text.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }
