package imageconfig_test

import (
	"archive/tar"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// gone is what look says of a path where there is nothing.
const gone = "-"

// look describes what stands at each path: a file's content, a link's target
// after an arrow, a directory as a slash.
func look(t *testing.T, files fs.FS, names ...string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, name := range names {
		info, err := fs.Lstat(files, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			seen[name] = gone
		case err != nil:
			t.Error(err)
		case info.IsDir():
			seen[name] = "/"
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := fs.ReadLink(files, name)
			if err != nil {
				t.Error(err)
			}
			seen[name] = "->" + target
		case info.Mode().IsRegular():
			seen[name] = read(t, files, name)
		default:
			seen[name] = info.Mode().String()
		}
	}
	return seen
}

func keysOf(want map[string]string) []string {
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	return names
}

// One layer is unpacked as containerd's archive package unpacks it.
func TestOneLayer(t *testing.T) {
	t.Parallel()
	old := file("old", "old")
	old.Typeflag = '\x00'
	global := entry{Header: tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "x"}}}
	tests := []struct {
		name, reason string
		entries      layer
		want         map[string]string
	}{
		{"no entries", "an empty layer has a root and nothing else", layer{}, map[string]string{".": "/", "etc": gone}},
		{"plain", "the usual layer", layer{dir("etc"), file("etc/passwd", "root")},
			map[string]string{"etc": "/", "etc/passwd": "root", "etc/group": gone}},
		{"implicit parents", "ko and others leave directories out", layer{file("a/b/c", "c")},
			map[string]string{"a": "/", "a/b": "/", "a/b/c": "c"}},
		{"dots and slashes", "tar -C / . writes such names", layer{dir("."), file("./a//b/./c", "c"), file("/d", "d"), file("e/../f", "f")},
			map[string]string{"a/b/c": "c", "d": "d", "f": "f", "e": gone}},
		{"last wins", "a name may come twice", layer{file("a", "1"), file("a", "2")}, map[string]string{"a": "2"}},
		{"directory twice", "the second only changes the mode", layer{dir("a"), file("a/b", "b"), dir("a")},
			map[string]string{"a": "/", "a/b": "b"}},
		{"file over directory", "the directory goes with all it has", layer{dir("a"), file("a/b", "b"), file("a", "a")},
			map[string]string{"a": "a", "a/b": gone}},
		{"directory over file", "the file goes", layer{file("a", "a"), dir("a"), file("a/b", "b")},
			map[string]string{"a": "/", "a/b": "b"}},
		{"link over directory", "as a file over it", layer{file("a/b", "b"), symlink("a", "c")},
			map[string]string{"a": "->c", "a/b": gone}},
		{"directory over link", "the link goes, what it names stays", layer{dir("c"), symlink("a", "c"), dir("a"), file("a/b", "b")},
			map[string]string{"a": "/", "a/b": "b", "c/b": gone}},
		{"through a link", "an entry's parents may be links", layer{dir("usr/lib"), symlink("lib", "usr/lib"), file("lib/x", "x")},
			map[string]string{"lib": "->usr/lib", "usr/lib/x": "x", "lib/x": gone}},
		{"through a link to nothing", "the directory is made where the link leads to", layer{symlink("lib", "usr/lib"), file("lib/x", "x")},
			map[string]string{"usr": "/", "usr/lib/x": "x"}},
		{"through an absolute link", "it starts at the root", layer{symlink("a/b", "/c"), file("a/b/x", "x")},
			map[string]string{"c/x": "x"}},
		{"through a link out of the root", "nothing is above the root", layer{symlink("a/b", "../../../c"), file("a/b/x", "x")},
			map[string]string{"c/x": "x"}},
		{"hard link", "the name has the same content", layer{file("a", "a"), hardlink("b/c", "a"), hardlink("d", "/a")},
			map[string]string{"a": "a", "b/c": "a", "d": "a"}},
		{"hard link through a link", "its directories may be links", layer{file("c/a", "a"), symlink("l", "c"), hardlink("b", "l/a")},
			map[string]string{"b": "a"}},
		{"hard link to a link", "it is the link that gets another name", layer{symlink("a", "x"), hardlink("b", "a")},
			map[string]string{"b": "->x"}},
		{"hard link to what is replaced", "the name keeps what it had", layer{file("a", "1"), hardlink("b", "a"), file("a", "2")},
			map[string]string{"a": "2", "b": "1"}},
		{"hard link out of the root", "nothing is above the root", layer{file("a", "a"), hardlink("b", "../../a")},
			map[string]string{"b": "a"}},
		{"whiteout in the lowest layer", "it removes what came before", layer{file("a/b", "b"), file("a/.wh.b", ""), file("c", "c")},
			map[string]string{"a": "/", "a/b": gone, "a/.wh.b": gone, "c": "c"}},
		{"whiteout of nothing", "there is nothing to remove", layer{file(".wh.a", ""), dir("b")}, map[string]string{"a": gone, ".wh.a": gone}},
		{"old type", "tar once marked files so", layer{old}, map[string]string{"old": "old"}},
		{"global header", "git archive writes one", layer{global, file("a", "a")}, map[string]string{"a": "a", "pax_global_header": gone}},
		{"the root", "an entry for the root itself is nothing new", layer{dir("/"), file("a", "a")}, map[string]string{".": "/", "a": "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			got := look(t, unpack(t, tt.entries), keysOf(tt.want)...)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFileInfos(t *testing.T) {
	t.Parallel()
	files := unpack(t, layer{
		dir("home/app").owned(0o750, 1000, 2000), file("home/app/run", "run").owned(0o4755, 7, 8),
		symlink("home/app/link", "run").owned(0o777, 3, 4), file("plain", "x"), hardlink("hard", "plain").owned(0o600, 5, 6),
		file("tmp/x", "").owned(0o644, -1, 1<<31), dir("tmp").owned(0o1777, 0, 0),
	}, layer{dir("home/app").owned(0o700, 1000, 1000)})
	tests := []struct {
		name, reason string
		path         string
		mode         fs.FileMode
		size         int64
		owner        imageconfig.Owner
	}{
		{"directory", "the topmost layer decides on a directory's mode", "home/app", fs.ModeDir | 0o700, 0, imageconfig.Owner{UID: 1000, GID: 1000}},
		{"setuid file", "the special bits are Go's", "home/app/run", fs.ModeSetuid | 0o755, 3, imageconfig.Owner{UID: 7, GID: 8}},
		{"link", "Lstat is about the link", "home/app/link", fs.ModeSymlink | 0o777, 0, imageconfig.Owner{UID: 3, GID: 4}},
		{"hard link", "a hard link's entry has the last word on the file", "hard", 0o600, 1, imageconfig.Owner{UID: 5, GID: 6}},
		{"hard link's file", "both names are one file", "plain", 0o600, 1, imageconfig.Owner{UID: 5, GID: 6}},
		{"implicit directory", "what no entry names belongs to root", "home", fs.ModeDir | 0o755, 0, imageconfig.Owner{}},
		{"later directory", "an entry may come after what it holds", "tmp", fs.ModeDir | fs.ModeSticky | 0o777, 0, imageconfig.Owner{}},
		{"odd owner", "the numbers are the layer's, whatever they are", "tmp/x", 0o644, 0, imageconfig.Owner{UID: -1, GID: 1 << 31}},
		{"root", "no entry is about the root", ".", fs.ModeDir | 0o755, 0, imageconfig.Owner{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			info := lstat(t, files, tt.path)
			owner, ok := info.Sys().(*imageconfig.Owner)
			if !ok {
				t.Fatalf("Sys is a %T, want an *Owner", info.Sys())
			}
			if info.Mode() != tt.mode || info.Size() != tt.size || *owner != tt.owner {
				t.Errorf("there is %v, %d bytes, %v, want %v, %d bytes, %v",
					info.Mode(), info.Size(), *owner, tt.mode, tt.size, tt.owner)
			}
			if want := tt.path[strings.LastIndex(tt.path, "/")+1:]; info.Name() != want || !info.ModTime().IsZero() {
				t.Errorf("name is %q and time %v, want %q and none", info.Name(), info.ModTime(), want)
			}
			if info.IsDir() != tt.mode.IsDir() {
				t.Errorf("IsDir is %v", info.IsDir())
			}
		})
	}
}

func TestReadLink(t *testing.T) {
	t.Parallel()
	files := unpack(t, layer{symlink("link", "../some//where/"), file("file", "x"), dir("dir")})
	if got, err := fs.ReadLink(files, "link"); got != "../some//where/" || err != nil {
		t.Errorf("target is %q and error %v, want what the layer says", got, err)
	}
	for _, name := range []string{"file", "dir", "."} {
		if _, err := fs.ReadLink(files, name); err == nil {
			t.Errorf("%s is said to be a link", name)
		}
	}
	if _, err := fs.ReadLink(files, "nothing"); err == nil {
		t.Error("nothing is said to be a link")
	}
}
