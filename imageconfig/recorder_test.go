package imageconfig_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drystart/drystart/imageconfig"
)

// A source is asked once for each image, so that a lock has one image for a name
// even if the name moves while it is made.
func TestRecorderAsksOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	recorder := &imageconfig.Recorder{Source: imageconfig.SourceFunc(
		func(context.Context, string, v1.Platform) (*imageconfig.Image, error) {
			asked++
			return imageconfig.Declared(fmt.Sprint(asked), nil), nil
		})}
	for _, ref := range []string{"app", "app:latest", "docker.io/library/app"} {
		if got := find(t, recorder, ref).Config.Config.User; got != "1" {
			t.Errorf("%s has the USER %s, want that of the first answer", ref, got)
		}
	}
	if got := find(t, recorder, "app:2").Config.Config.User; got != "2" || asked != 2 {
		t.Errorf("another image has the USER %s after %d questions", got, asked)
	}
}

// TestRecorderErrors asks for what cannot be recorded. It is named, and the lock
// knows nothing of it.
func TestRecorderErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	files := failingFiles{fstest.MapFS{
		"large": {Data: make([]byte, 1<<20+1)},
		"link":  {Mode: fs.ModeSymlink | 0o777, Data: []byte("\xff")},
		"long":  {Mode: fs.ModeSymlink | 0o777, Data: []byte(strings.Repeat("x", 5000))},
	}, map[string]error{"broken": broken, "loop": syscall.ELOOP}}
	notText := imageconfig.Declared("\xff", nil)
	noDigest := imageconfig.Declared("", nil)
	noDigest.Digest = "sha256:short"
	source := imageconfig.SourceFunc(func(_ context.Context, ref string, platform v1.Platform) (*imageconfig.Image, error) {
		switch ref {
		case "nil":
			return nil, nil //nolint:nilnil // a bad source
		case "gone":
			return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotFound}
		}
		return imageconfig.Map{
			"app": imageconfig.Declared("", files), "not-text": notText, "no-digest": noDigest, "no-files": {},
		}.Image(t.Context(), ref, platform)
	})
	none := v1.Platform{}
	tests := []struct {
		name, reason string
		ref          string
		platform     v1.Platform
		path         string // of app
		want         string // the error of Lock
	}{
		{"not found", "it would outlive the push of the image", "gone", amd64, "", `linux/amd64: image "gone": the registry has no such image`},
		{"not held", "nobody has answered", "other", amd64, "", `linux/amd64: image "other": the source does not hold the image`},
		{"no answer", "the source is wrong", "nil", amd64, "", `linux/amd64: image "nil": the source returned neither an image nor an error`},
		{"not text", "JSON is UTF-8", "not-text", amd64, "", `linux/amd64: image "not-text": not a valid image: what is not UTF-8 cannot be locked`},
		{"digest", "the lock could not be read", "no-digest", amd64, "", `linux/amd64: image "no-digest": not a valid image: digest "sha256:short": found non-hex character in hash: s`},
		{"platform", "nothing was asked", "app", none, "", `: image "app": not a valid image: an image needs a reference and a platform to be locked`},
		{"files", "the image has none", "no-files", amd64, "etc", `linux/amd64: image "docker.io/library/no-files:latest": the image's files are not known`},
		{"path", "it is neither there nor absent", "app", amd64, "broken", `linux/amd64: image "docker.io/library/app:latest": lstat broken: broken`},
		{"loop", "a node would fail here, and the lock leaves it open", "app", amd64, "loop", `linux/amd64: image "docker.io/library/app:latest": lstat loop: too many levels of symbolic links`},
		{"large", "no account file is that large", "app", amd64, "large", `linux/amd64: image "docker.io/library/app:latest": read large: more than 1048576 bytes are too much for a lock`},
		{"target", "JSON is UTF-8", "app", amd64, "link", `linux/amd64: image "docker.io/library/app:latest": lstat link: JSON cannot say what stands there: it cannot be locked`},
		{"long", "no Linux makes such a link", "app", amd64, "long", `linux/amd64: image "docker.io/library/app:latest": lstat long: JSON cannot say what stands there: it cannot be locked`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			recorder := &imageconfig.Recorder{Source: source}
			image, err := recorder.Image(t.Context(), tt.ref, tt.platform)
			if tt.path != "" {
				if err != nil {
					t.Fatal(err)
				}
				_, err = filesOf(t, image).Open(tt.path)
			}
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("error is %v, want one, and not that nothing is there", err)
			}
			lock, err := recorder.Lock()
			if err == nil || err.Error() != tt.want {
				t.Errorf("error is\n%v, want\n%s", err, tt.want)
			}
			held, err := written(t, lock).Image(t.Context(), tt.ref, tt.platform)
			if tt.path == "" {
				wantNoImage(t, held, err, imageconfig.ErrNotHeld)
			} else if _, err := filesOf(t, held).Open(tt.path); !errors.Is(err, imageconfig.ErrNotLocked) {
				t.Errorf("in the lock it is %v", err)
			}
		})
	}
	image, err := (&imageconfig.Recorder{}).Image(t.Context(), "app", amd64)
	wantNoImage(t, image, err, imageconfig.ErrNotHeld)
}

// failingFiles fail for some paths.
type failingFiles struct {
	fstest.MapFS
	errs map[string]error
}

func (f failingFiles) Lstat(name string) (fs.FileInfo, error) {
	if err := f.errs[name]; err != nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return f.MapFS.Lstat(name)
}

// A lock is what was recorded when it was taken.
func TestRecorderGoesOn(t *testing.T) {
	t.Parallel()
	recorder := &imageconfig.Recorder{Source: goldenSource(t)}
	files := filesOf(t, find(t, recorder, "nginx:1.28"))
	wantContent(t, files, "etc/empty", "")
	early, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, files, "etc/group", "\xff\xfe")
	late, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filesOf(t, find(t, early, "nginx:1.28")).Open("etc/group"); !errors.Is(err, imageconfig.ErrNotLocked) {
		t.Errorf("what was asked for later is %v", err)
	}
	wantContent(t, filesOf(t, find(t, late, "nginx:1.28")), "etc/group", "\xff\xfe")
}

// What failed because a context had ended is asked for again; what failed
// otherwise is not: a registry that does not answer would be waited for each time.
func TestRecorderRetries(t *testing.T) {
	t.Parallel()
	image, err := imageconfig.FromV1(imageOf(t, "", layer{file("etc/passwd", passwd)}))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	recorder := &imageconfig.Recorder{Source: imageconfig.SourceFunc(
		func(ctx context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
			asked[ref]++
			if ref == "down" || ctx.Err() != nil {
				return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrUnreachable, Err: ctx.Err()}
			}
			return image, nil
		})}
	for range 3 {
		image, err := recorder.Image(t.Context(), "down", amd64)
		wantNoImage(t, image, err, imageconfig.ErrUnreachable)
	}
	if asked["down"] != 1 {
		t.Errorf("a registry that is down was asked %d times", asked["down"])
	}
	if _, err := recorder.Image(canceled(t), "app", amd64); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	locked := find(t, recorder, "app")
	files, err := locked.Files(canceled(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := files.Open("etc/passwd"); !errors.Is(err, context.Canceled) {
		t.Fatalf("after its context has ended a file is %v", err)
	}
	if _, err := recorder.Lock(); !errors.Is(err, context.Canceled) {
		t.Errorf("what could not be recorded is %v", err)
	}
	wantContent(t, filesOf(t, locked), "etc/passwd", passwd)
	lock, err := recorder.Lock()
	if want := `linux/amd64: image "down": the source could not be reached`; err == nil || err.Error() != want {
		t.Errorf("what could not be recorded is %v, want %s", err, want)
	}
	wantContent(t, filesOf(t, find(t, written(t, lock), "app")), "etc/passwd", passwd)
}

// slowFiles answer the first Lstat of a file late.
type slowFiles struct {
	fstest.MapFS
	before       *atomic.Bool
	asked, reply chan struct{}
}

func (f slowFiles) Lstat(name string) (fs.FileInfo, error) {
	if name == "etc/passwd" && !f.before.Swap(true) {
		close(f.asked)
		<-f.reply
	}
	return f.MapFS.Lstat(name)
}

// TestRecorderLateAnswer reads a file while somebody else still looks for it. The
// late answer does not undo what was read.
func TestRecorderLateAnswer(t *testing.T) {
	t.Parallel()
	slow := slowFiles{fstest.MapFS{"etc/passwd": {Data: []byte(passwd)}}, &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
	recorder := &imageconfig.Recorder{Source: imageconfig.Map{"app": imageconfig.Declared("", slow)}}
	files := filesOf(t, find(t, recorder, "app"))
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := fs.Lstat(files, "etc/passwd"); err != nil {
			t.Error(err)
		}
	})
	<-slow.asked
	wantContent(t, files, "etc/passwd", passwd)
	close(slow.reply)
	group.Wait()
	lock, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, filesOf(t, find(t, lock, "app")), "etc/passwd", passwd)
}

// TestRecorderConcurrently asks for the same at once, and takes locks meanwhile.
// A lock does not change any more. Run it with -race.
func TestRecorderConcurrently(t *testing.T) {
	t.Parallel()
	recorder := &imageconfig.Recorder{Source: goldenSource(t)}
	early, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			image, err := recorder.Image(t.Context(), "nginx:1.28", amd64)
			if err != nil {
				t.Error(err)
				return
			}
			files, err := image.Files(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if content, err := fs.ReadFile(files, "etc/passwd"); err != nil || len(content) == 0 {
				t.Errorf("/etc/passwd is %q, %v", content, err)
			}
			if _, err := recorder.Lock(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if entries := early.Entries(); len(entries) != 0 {
		t.Errorf("a lock has grown to %v", entries)
	}
	lock, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	image := find(t, lock, "nginx:1.28")
	wantContent(t, filesOf(t, image), "etc/passwd", "root:x:0:0::/root:/bin/sh\nnginx:x:101:101:<a> & \"b\":/:/bin/false\n")
	if diff := cmp.Diff([]string{"PATH=/usr/sbin:/usr/bin"}, image.Config.Config.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
