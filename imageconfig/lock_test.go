package imageconfig_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

// goldenSource has images of which all that a lock can say is said.
func goldenSource(t testing.TB) imageconfig.Source {
	t.Helper()
	nginx := imageWith(t, v1.Config{
		User: "nginx", Entrypoint: []string{"/docker-entrypoint.sh"}, Cmd: []string{"nginx", "-g", "daemon off;"},
		Env: []string{"SECRET=hunter2", "PATH=/not/this/one", "PATH=/usr/sbin:/usr/bin"}, WorkingDir: "/srv",
	},
		file("accounts/passwd", "root:x:0:0::/root:/bin/sh\nnginx:x:101:101:<a> & \"b\":/:/bin/false\n"),
		symlink("etc/passwd", "/accounts/passwd"), file("etc/group", "\xff\xfe"), file("etc/empty", ""),
		dir("tmp").owned(0o1777, 0, 0), program("docker-entrypoint.sh").owned(0o4755, 0, 101), device("dev/null", 1, 3),
	)
	found, err := imageconfig.FromV1(nginx)
	if err != nil {
		t.Fatal(err)
	}
	found.Digest = "sha256:" + hashOf([]byte("manifest")).Hex // the layers' compression is not this test's
	found.Index = "sha256:" + hashOf([]byte("index")).Hex
	return imageconfig.Map{"nginx:1.28": found, "registry.example/declared": imageconfig.Declared("1000:1000", nil)}
}

// golden records what testdata/drystart.lock has.
func golden(t testing.TB) *imageconfig.Lock {
	t.Helper()
	recorder := &imageconfig.Recorder{Source: goldenSource(t)}
	files := filesOf(t, find(t, recorder, "nginx:1.28"))
	for _, name := range []string{"etc/passwd", "etc/group", "etc/empty", "dev/null", "etc/nsswitch.conf"} {
		if _, err := files.Open(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"docker-entrypoint.sh", "tmp"} {
		if _, err := fs.Lstat(files, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := recorder.Image(t.Context(), "registry.example/declared", v1.Platform{OS: "linux", Architecture: "armhf"}); err != nil {
		t.Fatal(err)
	}
	lock, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

// TestLockFormat compares a lock with the file that an earlier release wrote.
func TestLockFormat(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if n, err := golden(t).WriteTo(&got); err != nil || n != int64(got.Len()) {
		t.Fatalf("%d of %d bytes were written: %v", n, got.Len(), err)
	}
	want, err := os.ReadFile("testdata/drystart.lock")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("lock (-file +written):\n%s", diff)
	}
	if strings.Contains(got.String(), "hunter2") {
		t.Error("the lock holds a variable that decides nothing")
	}
}

// TestLockFiles asks a lock for what was asked when it was made, and for more.
func TestLockFiles(t *testing.T) {
	t.Parallel()
	files := filesOf(t, find(t, written(t, golden(t)), "docker.io/library/nginx:1.28"))
	wantContent(t, files, "etc/passwd", "root:x:0:0::/root:/bin/sh\nnginx:x:101:101:<a> & \"b\":/:/bin/false\n")
	wantContent(t, files, "etc/group", "\xff\xfe")
	wantContent(t, files, "etc/empty", "")
	tests := []struct {
		name, reason string
		path         string
		mode         fs.FileMode
		owner        imageconfig.Owner
		want         error
	}{
		{"root", "all paths begin there", ".", fs.ModeDir | 0o755, imageconfig.Owner{}, nil},
		{"link", "a link is not followed", "etc/passwd", fs.ModeSymlink | 0o777, imageconfig.Owner{}, nil},
		{"program", "it was looked at, not opened", "docker-entrypoint.sh", fs.ModeSetuid | 0o755, imageconfig.Owner{GID: 101}, nil},
		{"sticky", "a mode that is more than permissions", "tmp", fs.ModeDir | fs.ModeSticky | 0o777, imageconfig.Owner{}, nil},
		{"device", "it is of two types", "dev/null", fs.ModeDevice | fs.ModeCharDevice | 0o644, imageconfig.Owner{}, nil},
		{"absent", "it was asked for, and nothing was there", "etc/nsswitch.conf", 0, imageconfig.Owner{}, fs.ErrNotExist},
		{"not asked", "nobody knows what is there", "etc/shadow", 0, imageconfig.Owner{}, imageconfig.ErrNotLocked},
		{"invalid", "it is no path", "/etc", 0, imageconfig.Owner{}, fs.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			info, err := fs.Lstat(files, tt.path)
			if !errors.Is(err, tt.want) || errors.Is(err, fs.ErrNotExist) != (tt.want == fs.ErrNotExist) { //nolint:errorlint // a case's own
				t.Fatalf("error is %v, want %v", err, tt.want)
			}
			if err == nil && (info.Mode() != tt.mode || *info.Sys().(*imageconfig.Owner) != tt.owner) {
				t.Errorf("there is %v of %v, want %v of %v", info.Mode(), info.Sys(), tt.mode, tt.owner)
			}
		})
	}
	_, err := files.Open("docker-entrypoint.sh")
	if want := "open docker-entrypoint.sh: it is not in the lock; make the lock again"; !errors.Is(err, imageconfig.ErrNotLocked) || err.Error() != want {
		t.Errorf("what was never read is %v, want %q", err, want)
	}
	if _, err := fs.ReadLink(files, "tmp"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("the target of a directory is %v", err)
	}
}

func TestLockImage(t *testing.T) {
	t.Parallel()
	lock := written(t, golden(t))
	arm := v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
	tests := []struct {
		name, reason string
		ref          string
		platform     v1.Platform
		wantText     string // of the error; empty: none
	}{
		{"short", "a Pod need not write all of it", "nginx:1.28", amd64, ""},
		{"in full", "the same", "docker.io/library/nginx:1.28", amd64, ""},
		{"other name of the platform", "it is the same one", "nginx:1.28", v1.Platform{OS: "linux", Architecture: "x86_64"}, ""},
		{"variant", "arm is v7", "registry.example/declared:latest", arm, ""},
		{"other tag", "it was not recorded", "nginx:1.29", amd64,
			`image "nginx:1.29": the source does not hold the image: the lock has none for linux/amd64; make the lock again`},
		{"other platform", "it was recorded for another", "nginx:1.28", arm,
			`image "nginx:1.28": the source does not hold the image: the lock has none for linux/arm/v7; make the lock again`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			image, err := lock.Image(t.Context(), tt.ref, tt.platform)
			if tt.wantText == "" {
				if err != nil || image == nil {
					t.Fatalf("there is the image %v and the error %v", image, err)
				}
				return
			}
			if known := wantNoImage(t, image, err, imageconfig.ErrNotHeld); known.Error() != tt.wantText {
				t.Errorf("error is %q, want %q", known.Error(), tt.wantText)
			}
		})
	}
	image, err := (&imageconfig.Lock{}).Image(t.Context(), "nginx:1.28", amd64)
	wantNoImage(t, image, err, imageconfig.ErrNotHeld)

	// What the lock lacks a chain asks of the next.
	chain := imageconfig.Chain{lock, imageconfig.Map{"other": imageconfig.Declared("other", nil)}}
	if got := find(t, chain, "other").Config.Config.User; got != "other" {
		t.Errorf("the USER of what the lock lacks is %q", got)
	}
}

func TestLockEntries(t *testing.T) {
	t.Parallel()
	lock := written(t, golden(t))
	type entry struct {
		Reference string
		Platform  v1.Platform
		User      string
		Runnable  bool
	}
	var got []entry
	for _, e := range lock.Entries() {
		got = append(got, entry{e.Reference, e.Platform, e.Image.Config.Config.User, e.Image.Runnable})
		if image, err := lock.Image(t.Context(), e.Reference, e.Platform); err != nil || image != e.Image {
			t.Errorf("%s is %v, %v when it is asked for", e.Reference, image, err)
		}
	}
	want := []entry{
		{"docker.io/library/nginx:1.28", amd64, "nginx", false},
		{"registry.example/declared:latest", v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, "1000:1000", true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if empty := (&imageconfig.Lock{}).Entries(); len(empty) != 0 {
		t.Errorf("the zero Lock has %v", empty)
	}
}
