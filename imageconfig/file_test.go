package imageconfig_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

// read returns what a file holds.
func read(t testing.TB, files fs.FS, name string) string {
	t.Helper()
	content, err := fs.ReadFile(files, name)
	if err != nil {
		t.Error(err)
	}
	return string(content)
}

func TestOpenFollowsLinks(t *testing.T) {
	t.Parallel()
	files := unpack(t,
		layer{
			dir("etc"), file("etc/passwd", "root"), dir("usr/lib"), file("usr/lib/os", "linux"), symlink("lib", "usr/lib"),
			symlink("etc/relative", "passwd"), symlink("etc/absolute", "/etc/passwd"), symlink("etc/up", "../usr/lib/os"),
			symlink("etc/above", "../../../../etc/passwd"), symlink("etc/slashes", "//etc///passwd"), symlink("top", "/"),
			symlink("etc/dangling", "nothing"), symlink("etc/slash", "passwd/"), symlink("loop", "loop"), symlink("ping", "pong"), symlink("pong", "ping"),
			symlink("etc/through", "passwd/x"), symlink("etc/updir", "../lib/.."), symlink("nowhere", ""),
		},
		layer{symlink("etc/lower", "/lib/os")},
	)
	tests := []struct {
		name, reason string
		path         string
		want         string
		wantErr      error
	}{
		{"file", "the plain case", "etc/passwd", "root", nil},
		{"relative", "a link is relative to its directory", "etc/relative", "root", nil},
		{"absolute", "an absolute link starts at the image's root", "etc/absolute", "root", nil},
		{"up", "a link may go up", "etc/up", "linux", nil},
		{"above the root", "nothing is above the root", "etc/above", "root", nil},
		{"slashes", "more slashes mean nothing", "etc/slashes", "root", nil},
		{"directory link", "a link among the directories is followed", "lib/os", "linux", nil},
		{"link to the root", "a link to the root is a directory", "top/etc/passwd", "root", nil},
		{"up from a link", "going up starts where the link leads to", "etc/updir/lib/os", "linux", nil},
		{"other layer", "a link in one layer leads to a file in another", "etc/lower", "linux", nil},
		{"dangling", "a link to nothing is nothing", "etc/dangling", "", fs.ErrNotExist},
		{"missing", "what is not there", "etc/shadow", "", fs.ErrNotExist},
		{"missing directory", "what is not there, deeper", "opt/app/x", "", fs.ErrNotExist},
		{"below a file", "a file is no directory", "etc/passwd/x", "", syscall.ENOTDIR},
		{"link with a slash at its end", "it has to lead to a directory", "etc/slash", "", syscall.ENOTDIR},
		{"link below a file", "the same by way of a link", "etc/through", "", syscall.ENOTDIR},
		{"loop", "a link to itself ends as on Linux", "loop", "", syscall.ELOOP},
		{"loop of two", "two links to one another end as on Linux", "ping/x", "", syscall.ELOOP},
		{"absolute path", "the paths are fs.FS paths", "/etc/passwd", "", fs.ErrInvalid},
		{"dots", "the paths are fs.FS paths", "etc/../etc/passwd", "", fs.ErrInvalid},
		{"empty path", "the paths are fs.FS paths", "", "", fs.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			content, err := fs.ReadFile(files, tt.path)
			var at *fs.PathError
			if tt.wantErr != nil && (!errors.Is(err, tt.wantErr) || !errors.As(err, &at)) {
				t.Fatalf("error is %v (%T), want a path error with %v", err, err, tt.wantErr)
			}
			if tt.wantErr == nil && err != nil {
				t.Fatal(err)
			}
			if string(content) != tt.want {
				t.Errorf("content is %q, want %q", content, tt.want)
			}
		})
	}
}

// Linux follows forty links for one path, and no more.
func TestOpenCountsLinks(t *testing.T) {
	t.Parallel()
	entries := layer{file("l0", "end")}
	for n := 1; n <= 41; n++ {
		entries = append(entries, symlink("l"+strings.Repeat("i", n), "l"+strings.Repeat("i", n-1)))
	}
	entries = append(entries, symlink("l", "l0")) // the first is a link too
	files := unpack(t, entries)
	if got := read(t, files, "l"+strings.Repeat("i", 39)); got != "end" {
		t.Errorf("after 40 links there is %q, want the file", got)
	}
	if _, err := files.Open("l" + strings.Repeat("i", 40)); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("after 41 links there is %v, want ELOOP", err)
	}
}

func TestOpenOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	pipe := file("dev/pipe", "")
	pipe.Typeflag = '6'
	files := unpack(t, layer{dir("etc"), device("dev/null", 1, 3), pipe})
	tests := []struct {
		name, reason string
		path         string
		wantMode     fs.FileMode
	}{
		{"directory", "a directory can be opened but has no content", "etc", fs.ModeDir | 0o755},
		{"root", "the root is a directory too", ".", fs.ModeDir | 0o755},
		{"device", "there is no device in an image, only its name", "dev/null", fs.ModeDevice | fs.ModeCharDevice | 0o644},
		{"pipe", "a pipe has no content", "dev/pipe", fs.ModeNamedPipe | 0o644},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			opened, err := files.Open(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			info, err := opened.Stat()
			if err != nil || info.Mode() != tt.wantMode {
				t.Errorf("mode is %v and error %v, want %v", info.Mode(), err, tt.wantMode)
			}
			// io.Copy uses whatever methods the file has.
			if n, err := io.Copy(io.Discard, opened); n != 0 || !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%d bytes and error %v, want none and an error", n, err)
			}
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is not kept with the tree is read from the layer again.
func TestOpenOfLargeFiles(t *testing.T) {
	t.Parallel()
	passwd := strings.Repeat("user:x:1000:1000::/home/user:/bin/sh\n", 200<<10/37)
	program := strings.Repeat("0123456789abcdef", 16<<10)
	full, above := strings.Repeat("x", 10<<20), strings.Repeat("y", 10<<20+2)
	files := unpack(t, layer{
		file("etc/passwd", passwd), file("bin/app", program), hardlink("bin/same", "bin/app"),
		file("full", full), file("above", above), file("etc/group", ""),
	}, layer{file("bin/other", "other")})
	tests := []struct {
		name, reason string
		path, want   string
	}{
		{"account file", "it is larger than what is kept", "etc/passwd", passwd},
		{"other file", "it is no account file", "bin/app", program},
		{"hard link", "its content stands at another entry", "bin/same", program},
		{"empty account file", "it needs no second look", "etc/group", ""},
		{"10 MiB", "the largest that is read in full", "full", full},
		{"other layer", "the first entry of another layer", "bin/other", "other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			if read(t, files, tt.path) != tt.want {
				t.Error("the content is not that of the layer")
			}
		})
	}
	t.Run("above 10 MiB", func(t *testing.T) {
		opened, err := files.Open("above")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, opened)
		if n != 10<<20+1 {
			t.Errorf("%d bytes can be read, want 10 MiB and one", n)
		}
		wantKind(t, err, imageconfig.ErrInvalid)
	})
}
