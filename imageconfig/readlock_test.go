package imageconfig_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/drystart/drystart/imageconfig"
)

// goldenText returns a lock as it is in a repository.
func goldenText(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile("testdata/drystart.lock")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestReadLockSpace reads a lock whose white space is another.
func TestReadLockSpace(t *testing.T) {
	t.Parallel()
	golden := goldenText(t)
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(golden)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, reason, text string }{
		{"as written", "nothing has happened to it", golden},
		{"carriage returns", "git may convert line ends", strings.ReplaceAll(golden, "\n", "\r\n")},
		{"compact", "a formatter may have another taste", compact.String()},
		{"escaped", "a formatter may escape what need not be", strings.ReplaceAll(golden, "<a>", `\u003ca\u003e`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			lock, err := imageconfig.ReadLock(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			if _, err := lock.WriteTo(&again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(golden, again.String()); diff != "" {
				t.Errorf("written again (-golden +written):\n%s", diff)
			}
		})
	}
}

func TestReadLockErrors(t *testing.T) {
	t.Parallel()
	golden := goldenText(t)
	image := golden[strings.Index(golden, "    {\n"):strings.Index(golden, "    },\n    {\n")] + "    },\n"
	changed := func(from, to string) string {
		if !strings.Contains(golden, from) {
			t.Fatalf("the lock has no %q", from)
		}
		return strings.Replace(golden, from, to, 1)
	}
	tests := []struct {
		name, reason string
		text         string
		want         string
	}{
		{"empty", "there is nothing", "", "line 1: the lock is not JSON: unexpected end of JSON input"},
		{"cut off", "a disk was full", golden[:len(golden)/2], "line 30: the lock is not JSON: unexpected end of JSON input"},
		{"conflict", "git could not merge", changed("    {\n", "<<<<<<< HEAD\n    {\n"), "line 4: a conflict of a merge that is not resolved; make the lock again"},
		{"rest of a conflict", "somebody resolved half of it", changed("      \"config\"", "=======\r\n      \"config\""), "line 9: a conflict of a merge that is not resolved; make the lock again"},
		{"comma", "an edit by hand", changed(`"user": "nginx",`, `"user": "nginx"`), `line 13: the lock is not JSON: invalid character '"' after object key:value pair`},
		{"trailing", "two locks in one file", golden + golden, "line 64: the lock is not JSON: invalid character '{' after top-level value"},
		{"other file", "it is JSON of another kind", `{"name": "x"}`, "line 1: there is name where version should be: this is no lock"},
		{"array", "the same", "[]", "line 1: there is [ where { should be: this is no lock"},
		{"null", "the same", "null", "line 1: there is <nil> where { should be: this is no lock"},
		{"newer", "what it means is not known", changed(`"version": 1`, `"version": 2`), "line 2: version 2 of the format is not known, only 1: another release of drystart made the lock"},
		{"version as text", "no release writes that", changed(`"version": 1`, `"version": "1"`), "line 2: version 1 of the format is not known, only 1: another release of drystart made the lock"},
		{"no images", "it is not what a release writes", `{"version": 1}`, "line 1: there is } where images should be: this is no lock"},
		{"unknown field", "it would have to mean something", changed(`"user": "nginx"`, `"usr": "nginx"`), `line 12: there is "usr" where "entrypoint" should be; make the lock again`},
		{"other case", "Go would take it for the field", changed(`"user": "nginx"`, `"User": "nginx"`), `line 12: there is "User" where "user" should be; make the lock again`},
		{"field twice", "a merge without a conflict; Go would take the last", changed(`"user": "nginx",`, `"user": "root", "user": "nginx",`), `line 12: there is "root" where "nginx" should be; make the lock again`},
		{"path twice", "the same", changed(`".": "drwxr-xr-x 0:0",`, `".": "drwxr-xr-x 0:0", ".": "drwxr-xr-x 0:0",`), `line 27: there is "." where "accounts" should be; make the lock again`},
		{"image twice", "the same", changed(image, image+image), `line 55: there is "docker.io/library/nginx:1.28" where "registry.example/declared:latest" should be; make the lock again`},
		{"order", "it is as a person would sort it", changed("        \".\": \"drwxr-xr-x 0:0\",\n        \"accounts\": \"drwxr-xr-x 0:0\",\n", "        \"accounts\": \"drwxr-xr-x 0:0\",\n        \".\": \"drwxr-xr-x 0:0\",\n"), `line 27: there is "accounts" where "." should be; make the lock again`},
		{"type", "a number is no user", changed(`"user": "nginx"`, `"user": 101`), "line 4: image 1: json: cannot unmarshal number into Go struct field lockConfig.config.user of type string"},
		{"null field", "it is left out where there is none", changed(`"user": "nginx"`, `"user": null`), `line 12: there is "user" where "entrypoint" should be; make the lock again`},
		{"reference", "it would never be found", changed("docker.io/library/nginx:1.28", "nginx:1.28"), `line 5: there is "nginx:1.28" where "docker.io/library/nginx:1.28" should be; make the lock again`},
		{"no reference", "the same", changed("docker.io/library/nginx:1.28", ""), `line 4: image "" for linux/amd64: an image needs a reference and a platform to be locked`},
		{"platform", "the same", changed("linux/amd64", "linux/x86_64"), `line 6: there is "linux/x86_64" where "linux/amd64" should be; make the lock again`},
		{"digest", "half of it was lost", changed(`"digest": "sha256:`, `"digest": "sha256:0`), `line 4: image "docker.io/library/nginx:1.28" for linux/amd64: digest "sha256:005b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f": wrong number of hex digits for sha256: 005b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f`},
		{"mode", "it is nobody's", changed("urwxr-xr-x", "urwxr-xr-y"), `line 4: image "docker.io/library/nginx:1.28" for linux/amd64: path "docker-entrypoint.sh": "urwxr-xr-y 0:101 2" does not describe a file`},
		{"owner", "it is nobody's", changed("0:101 2", "0:nginx 2"), `line 4: image "docker.io/library/nginx:1.28" for linux/amd64: path "docker-entrypoint.sh": "urwxr-xr-x 0:nginx 2" does not describe a file`},
		{"content", "an edit by hand, or lines that were merged", changed("nginx:x:101:101", "nginx:x:0:0"), `line 4: image "docker.io/library/nginx:1.28" for linux/amd64: path "accounts/passwd": its content has 61 bytes, and 65 are promised`},
		{"content of nothing", "there is no such file", changed(`"text": {`, `"text": {"a": [],`), `line 40: there is "a" where "accounts/passwd" should be; make the lock again`},
		{"base64", "it is none", changed("//4=", "?"), `line 4: image "docker.io/library/nginx:1.28" for linux/amd64: path "etc/group": illegal base64 data at input byte 0`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			lock, err := imageconfig.ReadLock(strings.NewReader(tt.text))
			if err == nil {
				t.Fatalf("it is taken for %+v", lock.Entries())
			}
			var wrong *imageconfig.LockError
			if !errors.As(err, &wrong) || lock != nil || err.Error() != tt.want {
				t.Errorf("error is\n%v, want\n%s\nand no lock: %v", err, tt.want, lock)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := imageconfig.ReadLock(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader's error is %v", err)
	}
}

// TestLockBounds reads and writes locks that are too large. It measures memory,
// so nothing runs beside it.
func TestLockBounds(t *testing.T) {
	var known *imageconfig.LockError
	if _, err := imageconfig.ReadLock(strings.NewReader(strings.Repeat(" ", 8<<20+1))); !errors.As(err, &known) || err.Error() != "line 1: the lock has more than 8388608 bytes" {
		t.Errorf("a lock that is too large is %v", err)
	}
	// What is read image by image does not grow with images that are none.
	many := `{"version": 1, "images": [{}` + strings.Repeat(",{}", 2<<20) + "]}"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := imageconfig.ReadLock(strings.NewReader(many))
	runtime.ReadMemStats(&after)
	if want := `line 1: image "" for : an image needs a reference and a platform to be locked`; err == nil || err.Error() != want {
		t.Errorf("a lock of nothing is %v, want %s", err, want)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d MiB were allocated for %d MiB", grown>>20, len(many)>>20)
	}
	files := fstest.MapFS{}
	for n := range 9 {
		files[fmt.Sprint(n)] = &fstest.MapFile{Data: bytes.Repeat([]byte("x"), 1<<20)}
	}
	recorder := &imageconfig.Recorder{Source: imageconfig.Map{"app": imageconfig.Declared("", files)}}
	for name := range files {
		if _, err := fs.ReadFile(filesOf(t, find(t, recorder, "app")), name); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := lock.WriteTo(&out); err == nil || n != 0 || out.Len() != 0 || !strings.HasSuffix(err.Error(), "more than 8388608") {
		t.Errorf("%d bytes of a lock that nobody reads are written: %v", out.Len(), err)
	}
}

// FuzzReadLock takes any bytes as a lock. It never panics; what it takes is, but
// for white space and escapes, what the lock writes, and that is read again as
// the same lock; what it refuses has a line.
func FuzzReadLock(f *testing.F) {
	golden := goldenText(f)
	f.Add([]byte(golden))
	f.Add([]byte(strings.Replace(golden, "text", "base64", 1)))
	f.Add([]byte(`{"version":1,"images":[]}`))
	f.Add([]byte(`{"version":1,"images":[{"reference":"a","platform":"b","config":{},"files":{"x":"Lrwxrwxrwx 0:0 "}}]}`))
	f.Add([]byte(`{"version":1,"images":[{"reference":"docker.io/library/a:b","platform":"b","config":{},"files":{"x":"---------- 0:-1 0"},"text":{"x":[""]}}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		lock, err := imageconfig.ReadLock(bytes.NewReader(content))
		if err != nil {
			var wrong *imageconfig.LockError
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Line > 1+bytes.Count(content, []byte("\n")) || lock != nil {
				t.Fatalf("error is %v (%T), and the lock %v", err, err, lock)
			}
			return
		}
		written(t, lock)
		var out bytes.Buffer
		if _, err := lock.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal(content, &got), json.Unmarshal(out.Bytes(), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what was read is written otherwise (-written +read):\n%s", diff)
		}
		for _, entry := range lock.Entries() {
			if image, err := lock.Image(t.Context(), entry.Reference, entry.Platform); err != nil || image != entry.Image {
				t.Errorf("%s on %v is %v, %v", entry.Reference, entry.Platform, image, err)
			}
			if content, err := fs.ReadFile(filesOf(t, entry.Image), "x"); err == nil && content == nil {
				t.Error("a file has neither content nor an error")
			}
		}
	})
}
