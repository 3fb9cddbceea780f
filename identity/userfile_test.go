package identity_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
)

const entry = "app:x:1000:1000\n"

func TestProcessPasswdFile(t *testing.T) {
	const loop = "resolve etc/passwd: too many levels of symbolic links"
	device := fstest.MapFS{"etc/passwd": {Mode: fs.ModeDevice | fs.ModeCharDevice}}
	pipe := fstest.MapFS{"etc/passwd": {Mode: fs.ModeNamedPipe}}
	// An absent file is an error for a name alone; any other for a number too.
	type text struct{ absent, broken string }
	tests := []struct {
		name, reason string
		files        fs.FS
		want         text
	}{
		{"file", "The usual image.", image(map[string]string{"etc/passwd": entry}), text{}},
		{"empty image", "An image from scratch has no /etc.", fstest.MapFS{}, text{absent: "lstat etc: file does not exist"}},
		{"no passwd", "/etc is there, the file is not.", image(map[string]string{"etc/hosts": ""}), text{absent: "lstat etc/passwd: file does not exist"}},
		{"dangling absolute link", "The text names the target.", image(map[string]string{"etc/passwd": "-> /nonexist"}), text{absent: "lstat nonexist: file does not exist"}},
		{"dangling relative link", "The text names the target.", image(map[string]string{"etc/passwd": "-> nonexist"}), text{absent: "lstat etc/nonexist: file does not exist"}},
		{"dangling link in a missing directory", "The text names the first part that is missing.", image(map[string]string{"etc/passwd": "-> /a/b/c"}), text{absent: "lstat a: file does not exist"}},
		{"dangling link beyond the root", "It is cut at the root, then missing.", image(map[string]string{"etc/passwd": "-> ../../nonexist"}), text{absent: "lstat nonexist: file does not exist"}},
		{"absolute link", "The image's root is the root.", image(map[string]string{"etc/passwd": "-> /usr/lib/passwd", "usr/lib/passwd": entry}), text{}},
		{"relative link", "It begins at the link's directory.", image(map[string]string{"etc/passwd": "-> ../usr/lib/passwd", "usr/lib/passwd": entry}), text{}},
		{"link beyond the root", "The root's parent is the root.", image(map[string]string{"etc/passwd": "-> ../../../../usr/lib/passwd", "usr/lib/passwd": entry}), text{}},
		{"link with a slash at its end", "The first look drops the slash.", image(map[string]string{"etc/passwd": "-> /usr/lib/passwd/", "usr/lib/passwd": entry}), text{}},
		{"link beyond the root with a slash", "The second look does not.", image(map[string]string{"etc/passwd": "-> ../../usr/lib/passwd/", "usr/lib/passwd": entry}), text{broken: "resolve usr/lib/passwd: not a directory"}},
		{"link with an odd path", "Empty parts and dots say nothing.", image(map[string]string{"etc/passwd": "-> .././usr//lib/passwd", "usr/lib/passwd": entry}), text{}},
		{
			"dots as text", "The directory before the dots need not be there.",
			image(map[string]string{"etc/passwd": "-> nonexist/../real", "etc/real": entry}), text{},
		},
		{
			"dots after a link", "The dots are taken as text, not from the link's target.",
			image(map[string]string{"etc/passwd": "-> d/../real", "etc/d": "-> /a/b", "a/b/": "", "a/real": "app:x:5:5\n", "etc/real": entry}), text{},
		},
		{
			"dots after a link, second look", "Where the text leads nowhere the link is followed.",
			image(map[string]string{"etc/passwd": "-> d/../real", "etc/d": "-> /a/b", "a/b/": "", "a/real": entry}), text{},
		},
		{
			"absolute link beyond the root", "The first look cannot leave the root: only then must each directory be there.",
			image(map[string]string{"etc/passwd": "-> /nonexist/../../real", "real": entry}), text{absent: "lstat nonexist: file does not exist"},
		},
		{
			"absolute link with two slashes", "The first look finds nothing behind an empty name.",
			image(map[string]string{"etc/passwd": "-> //nonexist/../real", "real": entry}), text{absent: "lstat nonexist: file does not exist"},
		},
		{"absolute link beyond the root to a file", "The second look cuts it at the root.", image(map[string]string{"etc/passwd": "-> /../../usr/passwd", "usr/passwd": entry}), text{}},
		{"directory is a link", "/etc itself is followed.", image(map[string]string{"etc": "-> /conf", "conf/passwd": entry}), text{}},
		{"directory is a relative link", "/etc itself is followed.", image(map[string]string{"etc": "-> a/../conf", "conf/passwd": entry}), text{}},
		{"directory is a link to the root", "The root is a directory too.", image(map[string]string{"etc": "-> /", "passwd": entry}), text{}},
		{"directory is a dangling link", "The text names the target.", image(map[string]string{"etc": "-> conf"}), text{absent: "lstat conf: file does not exist"}},
		{"both are links", "Each is followed.", image(map[string]string{"etc": "-> conf", "conf/passwd": "-> real", "conf/real": entry}), text{}},
		{"link to itself", "It never ends.", image(map[string]string{"etc/passwd": "-> /etc/passwd"}), text{broken: loop}},
		{"link to itself beyond the root", "Cut at the root, it is the same link.", image(map[string]string{"etc/passwd": "-> ../../../../etc/passwd"}), text{broken: loop}},
		{"two links in a ring", "The text names the link that was one too many.", image(map[string]string{"etc/passwd": "-> other", "etc/other": "-> passwd"}), text{broken: loop}},
		{"directory is a link to itself", "The text names the directory.", image(map[string]string{"etc": "-> /etc"}), text{broken: "resolve etc: too many levels of symbolic links"}},
		{"directory is a file", "This is no missing file.", image(map[string]string{"etc": "x"}), text{broken: "resolve etc: not a directory"}},
		{"link through a file", "This is no missing file.", image(map[string]string{"etc/passwd": "-> /bin/sh/x", "bin/sh": "x"}), text{broken: "resolve bin/sh: not a directory"}},
		{"directory", "It is there, but no file.", image(map[string]string{"etc/passwd/": ""}), text{broken: "etc/passwd is not a regular file"}},
		{"link to a directory", "The text names the file that was asked for.", image(map[string]string{"etc/passwd": "-> /usr/lib", "usr/lib/": ""}), text{broken: "etc/passwd is not a regular file"}},
		{"link to the root", "The root is a directory.", image(map[string]string{"etc/passwd": "-> /"}), text{broken: "etc/passwd is not a regular file"}},
		{"link beyond the root to the root", "The root is a directory.", image(map[string]string{"etc/passwd": "-> ../.."}), text{broken: "etc/passwd is not a regular file"}},
		{"device", "A device is no regular file.", device, text{broken: "etc/passwd is not a regular file"}},
		{"pipe", "A pipe is no regular file.", pipe, text{broken: "etc/passwd is not a regular file"}},
		{"41 links", "The first look allows more than a kernel does.", chain(41, "etc/"), text{}},
		{"255 links", "That is the last number it allows.", chain(255, "etc/"), text{}},
		{"256 links", "Then the second look gives up after 40.", chain(256, "etc/"), text{broken: "resolve etc/l40: too many levels of symbolic links"}},
		{"40 links beyond the root", "Only the second look takes these.", chain(40, "../../etc/"), text{}},
		{"41 links beyond the root", "The second look allows 40.", chain(41, "../../etc/"), text{broken: "resolve etc/l40: too many levels of symbolic links"}},
		{"41 links behind two slashes", "Only the second look takes these.", chain(41, "/etc/"), text{broken: "resolve etc/l40: too many levels of symbolic links"}},
		{"files without links", "An image need not know links.", openOnlyFS{image(map[string]string{"etc/passwd": entry})}, text{}},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			byName, err := identity.Containerd{}.Process(test.files, asks("app"))
			checkUserFile(t, test.want.absent+test.want.broken, fromPasswd(1000, "app"), byName, err)
			byNumber, err := identity.Containerd{}.Process(test.files, asks("1000"))
			checkUserFile(t, test.want.broken, fromImage(1000, "1000"), byNumber, err)
			if test.want.absent != "" {
				same(t, fromDefault("1000"), byNumber.GID)
			}
		})
	}
}

func checkUserFile(t *testing.T, want string, uid identity.ID, got identity.Process, err error) {
	t.Helper()
	if want != "" {
		failsWith(t, want, err)
		var unreadable *identity.UnreadableError
		same(t, false, errors.As(err, &unreadable))
		same(t, false, errors.Is(err, identity.ErrNoUsersFound))
		return
	}
	if err != nil {
		t.Errorf("unexpected error: %v", err)
	}
	same(t, uid, got.UID)
}

// chain returns an image whose /etc/passwd is behind that many links. The first
// one leads to the second by way of the prefix.
func chain(links int, first string) fstest.MapFS {
	contents := map[string]string{"etc/passwd": "-> /" + first + "l1"}
	if first[0] == '.' {
		contents["etc/passwd"] = "-> " + first + "l1"
	}
	for i := 1; i < links; i++ {
		contents[fmt.Sprintf("etc/l%d", i)] = fmt.Sprintf("-> l%d", i+1)
	}
	contents[fmt.Sprintf("etc/l%d", links)] = entry
	return image(contents)
}

func TestProcessGroupFile(t *testing.T) {
	tests := []struct {
		name, reason string
		contents     map[string]string
		want         string
	}{
		{"no file", "Without the file there are no groups.", map[string]string{"etc/passwd": entry}, ""},
		{"dangling link", "It counts as no file.", map[string]string{"etc/passwd": entry, "etc/group": "-> /nonexist"}, ""},
		{"link", "It is followed.", map[string]string{"etc/passwd": entry, "etc/group": "-> /g", "g": "app:x:1:app\n"}, ""},
		{"link to itself", "It fails the name and the number.", map[string]string{"etc/passwd": entry, "etc/group": "-> group"}, "resolve etc/group: too many levels of symbolic links"},
		{"directory", "It fails the name and the number.", map[string]string{"etc/passwd": entry, "etc/group/": ""}, "etc/group is not a regular file"},
		{"link through a file", "It fails the name and the number.", map[string]string{"etc/passwd": entry, "etc/group": "-> passwd/x"}, "resolve etc/passwd: not a directory"},
	}
	table := newTable(t)
	for _, test := range tests {
		table.run(test.name, test.reason, func(t *testing.T) {
			for _, user := range []string{"app", "1000"} {
				request := asks(user)
				got, err := identity.Containerd{}.Process(image(test.contents), request)
				if test.want != "" {
					failsWith(t, test.want, err)
				} else if err != nil {
					t.Errorf("unexpected error: %v", err)
				} else {
					same(t, []identity.ID{fromPasswd(1000, "app")}, got.Groups)
				}
				request.Strict = true
				if _, err := (identity.Containerd{}).Process(image(test.contents), request); err != nil {
					t.Errorf("strict reads no group file: %v", err)
				}
			}
			// Without an entry there is no name to look for in the group file.
			if _, err := (identity.Containerd{}).Process(image(test.contents), asks("4242")); err != nil {
				t.Errorf("a number without an entry reads no group file: %v", err)
			}
		})
	}
}
