package identity_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
)

var errStorage = errors.New("storage failed")

func TestProcessUnreadable(t *testing.T) {
	plain := image(map[string]string{"etc/passwd": entry, "etc/group": "app:x:1000:\n"})
	linked := image(map[string]string{"etc/passwd": "-> real", "etc/real": entry, "etc/group": "-> /g", "g": ""})
	type at = map[string]error
	// gone is how a lost blob of a lazily read image looks: the image has the
	// file, its bytes do not exist here.
	gone := &fs.PathError{Op: "open", Path: "blob", Err: fs.ErrNotExist}
	tests := []struct {
		name, reason string
		files        fs.FS
		cause        error
		want         string
	}{
		{"lstat of /etc", "Nothing is known of either file.", brokenFS{MapFS: plain, lstat: at{"etc": errStorage}}, errStorage, "cannot read /etc: storage failed"},
		{"lstat", "Whether the file is there is not known.", brokenFS{MapFS: plain, lstat: at{"etc/passwd": errStorage}}, errStorage, "cannot read /etc/passwd: storage failed"},
		{"lstat of a link's target", "Whether the target is there is not known.", brokenFS{MapFS: linked, lstat: at{"etc/real": errStorage}}, errStorage, "cannot read /etc/real: storage failed"},
		{"link", "Where the link leads is not known.", brokenFS{MapFS: linked, readLink: at{"etc/passwd": errStorage}}, errStorage, "cannot read /etc/passwd: storage failed"},
		{"open", "The file is there, its content is not known.", brokenFS{MapFS: plain, open: at{"etc/passwd": errStorage}}, errStorage, "cannot read /etc/passwd: storage failed"},
		{"open of a link's target", "The text names the account file.", brokenFS{MapFS: linked, open: at{"etc/real": errStorage}}, errStorage, "cannot read /etc/passwd: storage failed"},
		{"read", "The file is there, its content is not known.", brokenFS{MapFS: plain, read: at{"etc/passwd": errStorage}}, errStorage, "cannot read /etc/passwd: storage failed"},
		{"permission", "A node reads as root: this is no answer of a node's.", brokenFS{MapFS: plain, open: at{"etc/passwd": fs.ErrPermission}}, fs.ErrPermission, "cannot read /etc/passwd: permission denied"},
		{"short read", "Half a file is no file.", brokenFS{MapFS: plain, read: at{"etc/passwd": io.ErrUnexpectedEOF}}, io.ErrUnexpectedEOF, "cannot read /etc/passwd: unexpected EOF"},
		{"wrapped end", "Only the bare end is the end of a file.", brokenFS{MapFS: plain, read: at{"etc/passwd": fmt.Errorf("blob: %w", io.EOF)}}, io.EOF, "cannot read /etc/passwd: blob: EOF"},
		{"open of a lost blob", "A file that is listed is not absent.", brokenFS{MapFS: plain, open: at{"etc/passwd": gone}}, gone, "cannot read /etc/passwd: open blob: file does not exist"},
		{"read of a lost blob", "A file that is open is not absent.", brokenFS{MapFS: plain, read: at{"etc/passwd": gone}}, gone, "cannot read /etc/passwd: open blob: file does not exist"},
		{"link in a lost blob", "A link that is listed is not absent.", brokenFS{MapFS: linked, readLink: at{"etc/passwd": gone}}, gone, "cannot read /etc/passwd: open blob: file does not exist"},
		{"no files", "Nothing is known of the image's files.", nil, nil, "cannot read /etc/passwd: the image's files are not known"},
		{"files that cannot read links", "A link that cannot be read is no answer.", noLinksFS{linked}, nil, "cannot read /etc/passwd: readlink etc/passwd: invalid argument"},
		{"group's lstat", "The other file counts as well.", brokenFS{MapFS: plain, lstat: at{"etc/group": errStorage}}, errStorage, "cannot read /etc/group: storage failed"},
		{"group's link", "The other file counts as well.", brokenFS{MapFS: linked, readLink: at{"etc/group": errStorage}}, errStorage, "cannot read /etc/group: storage failed"},
		{"group's open", "The other file counts as well.", brokenFS{MapFS: plain, open: at{"etc/group": errStorage}}, errStorage, "cannot read /etc/group: storage failed"},
		{"group's read", "The other file counts as well.", brokenFS{MapFS: plain, read: at{"etc/group": errStorage}}, errStorage, "cannot read /etc/group: storage failed"},
		{"group in a lost blob", "A file that is open is not absent.", brokenFS{MapFS: plain, read: at{"etc/group": gone}}, gone, "cannot read /etc/group: open blob: file does not exist"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			for _, user := range []string{"app", "1000"} {
				got, err := identity.Containerd{}.Process(test.files, asks(user))
				checkUnreadable(t, test.want, test.cause, got, err)
			}
		})
	}
}

func checkUnreadable(t *testing.T, want string, cause error, got identity.Process, err error) {
	t.Helper()
	same(t, identity.Process{}, got)
	var unreadable *identity.UnreadableError
	if !errors.As(err, &unreadable) {
		t.Errorf("error %v is no UnreadableError, want %q", err, want)
		return
	}
	same(t, want, err.Error())
	same(t, "cannot read /"+unreadable.Path+": "+unreadable.Err.Error(), err.Error())
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("error %v hides its cause", err)
	}
	for _, other := range []error{identity.ErrNoUsersFound, identity.ErrIDOutOfRange, identity.ErrGroupWithoutUser} {
		same(t, false, errors.Is(err, other))
	}
}

// A request that needs no file has an answer without any.
func TestProcessWithoutFiles(t *testing.T) {
	request := identity.Request{RunAsUser: fromPod(5, "runAsUser"), RunAsGroup: fromPod(6, "runAsGroup"), Strict: true}
	got, err := identity.Containerd{}.Process(nil, request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, identity.Process{UID: request.RunAsUser, GID: request.RunAsGroup, Groups: []identity.ID{request.RunAsGroup}}, got)
	request.Strict = false
	got, err = identity.Containerd{}.Process(nil, request)
	checkUnreadable(t, "cannot read /etc/passwd: the image's files are not known", nil, got, err)
}

// The first look at the links fails for reasons of the storage. Then the second
// one must not find an answer elsewhere: a node's first look would have led to
// /etc/real.
func TestProcessUnreadableIsFinal(t *testing.T) {
	files := brokenFS{
		MapFS: image(map[string]string{
			"etc/passwd": "-> d/../real", "etc/real": entry,
			"etc/d": "-> /a/b", "a/b/": "", "a/real": "app:x:5:5\n",
		}),
		lstat: map[string]error{"etc/real": errStorage},
	}
	got, err := identity.Containerd{}.Process(files, asks("app"))
	checkUnreadable(t, "cannot read /etc/real: storage failed", errStorage, got, err)
}

// A noLinksFS lists links but cannot read them.
type noLinksFS struct{ fstest.MapFS }

func (noLinksFS) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}
