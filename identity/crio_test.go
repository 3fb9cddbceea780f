package identity_test

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/sys/user"
)

func TestCRIO(t *testing.T) {
	uid := func(number int64) identity.Request {
		return identity.Request{RunAsUser: identity.NewID(number, identity.Origin{Source: identity.SourceImage})}
	}
	name := identity.Request{RunAsUsername: "app"}
	files := fstest.MapFS{
		"etc/passwd": {Data: []byte("app:x:1000:1000\nwrap:x:4294967296:5\n:x:9:9\n")},
		"etc/group":  {Data: []byte("app:x:7:app\nstaff:x:50:app\napp2:x:1000:app\n")},
	}
	ring := &fstest.MapFile{Data: []byte("passwd"), Mode: fs.ModeSymlink}
	strict, grouped := name, name
	strict.Strict = true
	grouped.RunAsGroup = identity.NewID(2000, identity.Origin{})
	grouped.SupplementalGroups = []identity.ID{identity.NewID(3000, identity.Origin{}), identity.NewID(50, identity.Origin{})}
	tests := []struct {
		name, reason string
		files        fs.FS
		request      identity.Request
		want         string // uid:gid groups, or the error
		wantErr      error
	}{
		{name: "name", reason: "groups in the file's order, the user's own included, each once", files: files, request: name, want: "1000:1000 1000 7 50"},
		{name: "uid", reason: "the entry's groups come with it", files: files, request: uid(1000), want: "1000:1000 1000 7 50"},
		{name: "Strict", reason: "the image's groups stay out", files: files, request: strict, want: "1000:1000 1000"},
		{name: "requested groups", reason: "runAsGroup first, then the image's, then the Pod's", files: files, request: grouped, want: "1000:2000 2000 7 50 1000 3000"},
		{name: "unknown uid", reason: "it needs no entry", files: files, request: uid(5), want: "5:0 0"},
		{name: "no files", reason: "an absent file has no entries", files: fstest.MapFS{}, request: uid(5), want: "5:0 0"},
		{name: "unnamed entry", reason: "an entry without a name is in no group", files: files, request: uid(9), want: "9:9 9"},
		{name: "wrapped", reason: "an entry's uid is cut to 32 bits, whatever was asked for", files: files, request: uid(4294967296), want: "0:5 5"},
		{name: "out of range", reason: "only without an entry", files: files, request: uid(-1), want: "get exec user: uids and gids must be in range 0-2147483647", wantErr: user.ErrRange},
		{name: "unknown name", reason: "a name needs an entry", files: fstest.MapFS{}, request: name, want: "get exec user: unable to find user app: no matching entries in passwd file", wantErr: user.ErrNoPasswdEntries},
		{name: "directory", reason: "it can be opened, but not read", files: fstest.MapFS{"etc/passwd": {Mode: fs.ModeDir}}, request: uid(5), want: "get exec user: unable to find user 5: read <root> is a directory", wantErr: syscall.EISDIR},
		{name: "long line", reason: "the scanner's limit", files: fstest.MapFS{"etc/passwd": {Data: []byte(strings.Repeat("y", 70000))}}, request: uid(5), want: "get exec user: unable to find user 5: bufio.Scanner: token too long"},
		{name: "ring, name", reason: "what cannot be opened has no entries", files: fstest.MapFS{"etc/passwd": ring}, request: name, want: "get exec user: unable to find user app: no matching entries in passwd file", wantErr: user.ErrNoPasswdEntries},
		{name: "ring, uid", reason: "CRI-O wants to write an entry for the uid", files: fstest.MapFS{"etc/passwd": ring}, request: uid(5), want: "unable to follow symlinks to /etc/passwd file: SecureJoin <root> too many levels of symbolic links", wantErr: syscall.ELOOP},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			process, err := identity.CRIO{}.Process(test.files, test.request)
			got := process.UID.String() + ":" + process.GID.String()
			for _, group := range process.Groups {
				got += " " + group.String()
			}
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" || test.reason == "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if test.wantErr != nil && !errors.Is(err, test.wantErr) {
				t.Errorf("errors.Is(%v, %v) = false", err, test.wantErr)
			}
		})
	}
	if err := (identity.CRIO{}).Sandbox(identity.Request{RunAsGroup: identity.NewID(5, identity.Origin{})}); err != nil {
		t.Errorf("the sandbox of a group without a user: %v", err)
	}
	var unreadable *identity.UnreadableError
	if _, err := (identity.CRIO{}).Process(nil, name); !errors.As(err, &unreadable) {
		t.Errorf("without files: %v, want an *UnreadableError", err)
	}
}
