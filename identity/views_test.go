package identity_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
	"github.com/google/go-cmp/cmp"
)

// views are the ways in which containerd releases open account files.
var views = map[string]identity.UserFiles{
	"2.4":   {},
	"2.3":   {View: identity.Overlay},
	"2.2.5": {View: identity.RootedFiles},
	"2.2.0": {View: identity.RootedFilesOnly, Unbounded: true},
	"1.7":   {View: identity.MountedFiles},
	"1.6":   {View: identity.MountedFiles, Unbounded: true},
}

// TestViews resolves a named user on each release. A text without an error is
// the uid that comes out.
func TestViews(t *testing.T) {
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink}
	}
	app := func() *fstest.MapFile { return &fstest.MapFile{Data: []byte("app:x:1000:1000\n")} }
	const mount = "<root>/tmpmounts/containerd-mount<n>/"
	const escapes = "openat etc/passwd: path escapes from parent"
	tests := []struct {
		name, reason string
		files        fstest.MapFS
		want         map[string]string
	}{
		{
			name: "plain", reason: "all agree where nothing is odd", files: fstest.MapFS{"etc/passwd": app()},
			want: map[string]string{"2.4": "1000", "2.3": "1000", "2.2.5": "1000", "2.2.0": "1000", "1.7": "1000", "1.6": "1000"},
		},
		{
			name: "no /etc", reason: "each has its own words for a missing file", files: fstest.MapFS{},
			want: map[string]string{
				"2.4": "lstat etc: file does not exist", "2.3": "lstat etc: file does not exist",
				"2.2.5": "openat etc/passwd: no such file or directory", "2.2.0": "openat etc/passwd: no such file or directory",
				"1.7": "stat " + mount + "etc/passwd: no such file or directory", "1.6": "open " + mount + "etc/passwd: no such file or directory",
			},
		},
		{
			name: "absolute link", reason: "os.Root does not follow one", files: fstest.MapFS{"etc/passwd": link("/usr/passwd"), "usr/passwd": app()},
			want: map[string]string{"2.4": "1000", "2.3": "1000", "2.2.5": "1000", "2.2.0": escapes, "1.7": "1000", "1.6": "1000"},
		},
		{
			name: "/etc is an absolute link", reason: "the exception is for the file alone", files: fstest.MapFS{"etc": link("/conf"), "conf/passwd": app()},
			want: map[string]string{"2.4": "1000", "2.3": "1000", "2.2.5": escapes, "2.2.0": escapes, "1.7": "1000", "1.6": "1000"},
		},
		{
			name: "link beyond the root", reason: "clamped, missing, or an escape", files: fstest.MapFS{"etc/passwd": link("../../../usr/passwd"), "usr/passwd": app()},
			want: map[string]string{"2.4": "1000", "2.3": "lstat ..: file does not exist", "2.2.5": escapes, "2.2.0": escapes, "1.7": "1000", "1.6": "1000"},
		},
		{
			name: "relative ring", reason: "it never ends", files: fstest.MapFS{"etc/passwd": link("passwd")},
			want: map[string]string{
				"2.4": "resolve etc/passwd: too many levels of symbolic links", "2.3": "open etc/passwd: too many levels of symbolic links",
				"2.2.5": "openat etc/passwd: too many levels of symbolic links", "2.2.0": "openat etc/passwd: too many levels of symbolic links",
				"1.7": "too many links", "1.6": "too many links",
			},
		},
		{
			name: "dangling", reason: "the text names the target, or the file", files: fstest.MapFS{"etc/passwd": link("/nonexist")},
			want: map[string]string{
				"2.4": "lstat nonexist: file does not exist", "2.3": "lstat nonexist: file does not exist",
				"2.2.5": "openat nonexist: no such file or directory", "2.2.0": escapes,
				"1.7": "stat " + mount + "nonexist: no such file or directory", "1.6": "open " + mount + "nonexist: no such file or directory",
			},
		},
		{
			name: "directory", reason: "bounded readers look before they read", files: fstest.MapFS{"etc/passwd": {Mode: fs.ModeDir}},
			want: map[string]string{
				"2.4": "etc/passwd is not a regular file", "2.3": "etc/passwd is not a regular file",
				"2.2.5": "etc/passwd is not a regular file", "2.2.0": "read " + mount + "etc/passwd: is a directory",
				"1.7": mount + "etc/passwd is not a regular file", "1.6": "read " + mount + "etc/passwd: is a directory",
			},
		},
		{
			name: "too large", reason: "unbounded readers read on", files: fstest.MapFS{"etc/passwd": {Data: []byte(strings.Repeat("x:x:1:1\n", 1400000) + "app:x:1000:1000\n")}},
			want: map[string]string{
				"2.4": `"etc/passwd" exceeds 10485760 bytes`, "2.3": `"etc/passwd" exceeds 10485760 bytes`,
				"2.2.5": `"etc/passwd" exceeds 10485760 bytes`, "2.2.0": "1000",
				"1.7": `"` + mount + `etc/passwd" exceeds 10485760 bytes`, "1.6": "1000",
			},
		},
		{
			name: "/etc is a file", reason: "a part of the way is no directory", files: fstest.MapFS{"etc": {Data: []byte("x")}},
			want: map[string]string{
				"2.4": "resolve etc: not a directory", "2.3": "open etc/passwd: file does not exist",
				"2.2.5": "openat etc/passwd: not a directory", "2.2.0": "openat etc/passwd: not a directory",
				"1.7": "lstat " + mount + "etc/passwd: not a directory", "1.6": "lstat " + mount + "etc/passwd: not a directory",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]string{}
			for release, files := range views {
				process, err := identity.Containerd{UserFiles: files}.Process(test.files, identity.Request{RunAsUsername: "app"})
				got[release] = process.UID.String()
				if err != nil {
					got[release] = err.Error()
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || test.reason == "" {
				t.Errorf("outcomes by release (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutOfRange(t *testing.T) {
	files := fstest.MapFS{"etc/passwd": {Data: []byte("4294967296:x:7:8\n")}}
	request := identity.Request{RunAsUser: identity.NewID(4294967296, identity.Origin{Source: identity.SourceImage})}
	tests := []struct {
		name, reason string
		outOfRange   identity.OutOfRange
		files        fs.FS
		want         string
	}{
		{name: "refused", reason: "newest", outOfRange: identity.RefuseOutOfRange, files: files, want: `invalid USER value "4294967296": uid out of range`},
		{name: "name", reason: "the image has an entry of that name", outOfRange: identity.NameOutOfRange, files: files, want: "7:8"},
		{name: "unknown name", reason: "it has none", outOfRange: identity.NameOutOfRange, files: fstest.MapFS{"etc/passwd": {}}, want: "no users found"},
		{name: "wrapped", reason: "cut to 32 bits it is root", outOfRange: identity.WrapOutOfRange, files: files, want: "0:0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			process, err := identity.Containerd{OutOfRange: test.outOfRange}.Process(test.files, request)
			got := process.UID.String() + ":" + process.GID.String()
			if err != nil {
				got = err.Error()
			}
			if got != test.want || test.reason == "" {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	group := identity.Request{RunAsUser: identity.NewID(5, identity.Origin{}), RunAsGroup: identity.NewID(-1, identity.Origin{})}
	if _, err := (identity.Containerd{OutOfRange: identity.NameOutOfRange}).Process(fstest.MapFS{"etc/group": {}}, group); !errors.Is(err, identity.ErrNoGroupsFound) {
		t.Errorf("a group that is taken for a name: %v, want ErrNoGroupsFound", err)
	}
}
