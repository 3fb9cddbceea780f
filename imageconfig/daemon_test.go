package imageconfig_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/drystart/drystart/imageconfig"
)

var arm64 = v1.Platform{OS: "linux", Architecture: "arm64"}

// engines are the daemons that there are.
var engines = []struct {
	name string
	fakeDaemon
}{
	{"docker before platforms", fakeDaemon{api: 43}},
	{"docker", fakeDaemon{api: 52}},
	{"docker with containerd's store", fakeDaemon{api: 56, containerd: true}},
	{"docker with containerd's store, before platforms", fakeDaemon{api: 47, containerd: true}},
	{"docker with containerd's store, halfway", fakeDaemon{api: 48, containerd: true}},
	{"podman", fakeDaemon{api: 44, podman: true}},
}

// eachEngine runs a test with each daemon, which holds these images.
func eachEngine(t *testing.T, images map[string][]v1.Image, test func(t *testing.T, daemon *fakeDaemon, source imageconfig.Daemon)) {
	t.Helper()
	for n := range engines {
		t.Run(engines[n].name, func(t *testing.T) {
			t.Parallel()
			daemon := &fakeDaemon{t: t, api: engines[n].api, podman: engines[n].podman, containerd: engines[n].containerd, images: images}
			test(t, daemon, listen(t, daemon))
		})
	}
}

// appFiles returns an image of three layers, the lowest with a whiteout, for
// amd64.
func appFiles(t testing.TB) v1.Image {
	t.Helper()
	image := imageOf(t, "app:staff",
		layer{file("etc/passwd", "lowest"), file("etc/gone", "x"), file("etc/.wh.gone", ""), file("bin/tool", "old")},
		layer{file("etc/passwd", "middle"), file("etc/group", "staff")},
		layer{file("bin/tool", "new"), symlink("bin/sh", "tool"), file("etc/.wh.group", "")})
	made, err := mutate.Config(image, v1.Config{
		User: "app:staff", Env: []string{"A=1"}, Entrypoint: []string{"/bin/tool"}, Cmd: []string{"serve"}, WorkingDir: "/srv",
	})
	if err != nil {
		t.Fatal(err)
	}
	return onPlatform(t, made, amd64)
}

func TestDaemon(t *testing.T) {
	t.Parallel()
	app := appFiles(t)
	images := map[string][]v1.Image{"docker.io/library/app:v1": {app}}
	eachEngine(t, images, func(t *testing.T, daemon *fakeDaemon, source imageconfig.Daemon) {
		image := find(t, source, "app:v1")
		want := v1.Config{User: "app:staff", Env: []string{"A=1"}, Entrypoint: []string{"/bin/tool"}, Cmd: []string{"serve"}, WorkingDir: "/srv"}
		if diff := cmp.Diff(want, image.Config.Config); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(configFile(t, app).RootFS, image.Config.RootFS); diff != "" || !image.Suits(amd64) || image.Suits(arm64) {
			t.Errorf("platform %s/%s, layers (-want +got):\n%s", image.Config.OS, image.Config.Architecture, diff)
		}
		if known := daemon.containerd && daemon.api >= 48; known && image.Digest != digestOf(t, app) || !known && image.Digest != "" {
			t.Errorf("digest is %q", image.Digest)
		}
		if asked := daemon.requests(); len(asked) != 2 {
			t.Errorf("asked %q, want the version and the config", asked)
		}
		files := filesOf(t, image)
		if asked := daemon.requests(); len(asked) != 0 {
			t.Errorf("asked %q before a path was", asked)
		}
		wantContent(t, files, "etc/passwd", "middle")
		for _, name := range []string{"etc/group", "etc/gone", "etc/none"} {
			if _, err := fs.Lstat(files, name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v, want fs.ErrNotExist", name, err)
			}
		}
		if target, err := fs.ReadLink(files, "bin/sh"); target != "tool" || err != nil {
			t.Errorf("bin/sh is a link to %q, %v", target, err)
		}
		if info, err := fs.Lstat(files, "bin/tool"); err != nil || info.Size() != 3 {
			t.Errorf("bin/tool is %v, %v", info, err)
		}
		// The lowest layer has a whiteout, which means another thing there: it is
		// read by itself.
		if asked := len(daemon.requests()); asked != 2 {
			t.Errorf("%d requests for the paths, want 2", asked)
		}
		wantContent(t, files, "bin/sh", "new")
		if asked := len(daemon.requests()); asked != 1 {
			t.Errorf("%d requests for a program's content, want 1", asked)
		}
	})
}

func TestDaemonNames(t *testing.T) {
	t.Parallel()
	other, built := onPlatform(t, imageOf(t, "other"), amd64), onPlatform(t, imageOf(t, "built"), amd64)
	images := map[string][]v1.Image{
		"docker.io/library/app:latest":     {onPlatform(t, imageOf(t, "app"), amd64)},
		"docker.io/team/app:v1":            {onPlatform(t, imageOf(t, "team"), amd64)},
		"registry.example/other:v1":        {other},
		"localhost/built:dev":              {built},
		"localhost/app:latest":             {onPlatform(t, imageOf(t, "shadow"), amd64)},
		"docker.io/library/deadbeef:other": {onPlatform(t, imageOf(t, "name"), amd64)},
	}
	tests := []struct {
		name, reason string
		ref          string
		docker       string // the USER; empty: ErrNotHeld
		podman       string
	}{
		{"short", "Docker Hub's, and latest", "app", "app", "app"},
		{"team", "Docker Hub's too", "team/app:v1", "team", "team"},
		{"in full", "the same", "docker.io/library/app:latest", "app", "app"},
		{"index.docker.io", "the old name of Docker Hub", "index.docker.io/library/app", "app", "app"},
		{"registry", "another registry's", "registry.example/other:v1", "other", "other"},
		{"digest", "the digest decides", "registry.example/other@" + digestOf(t, other), "other", "other"},
		{"tag and digest", "the digest decides", "registry.example/other:v7@" + digestOf(t, other), "other", "other"},
		{"built", "Podman names what it builds so", "built:dev", "", "built"},
		{"built, in full", "nobody means a local build by this", "docker.io/library/built:dev", "", ""},
		{"localhost", "a name like another", "localhost/built:dev", "built", "built"},
		{"other tag", "another tag is another image", "app:v2", "", ""},
		{"part of an ID", "a name is never taken for one", strings.TrimPrefix(configDigest(t, other), "sha256:")[:12], "", ""},
		{"no reference", "what is no reference names nothing", "UPPER case", "", ""},
		{"path", "a name does not leave its place in a request", "../../secrets", "", ""},
	}
	eachEngine(t, images, func(t *testing.T, daemon *fakeDaemon, source imageconfig.Daemon) {
		for _, tt := range tests {
			needsReason(t, tt.reason)
			want := tt.docker
			if daemon.podman {
				want = tt.podman
			}
			image, err := source.Image(t.Context(), tt.ref, amd64)
			if want == "" {
				if known := wantNoImage(t, image, err, imageconfig.ErrNotHeld); known.Reference != tt.ref {
					t.Errorf("%s: the error is about %q", tt.name, known.Reference)
				}
				continue
			}
			if err != nil || image.Config.Config.User != want {
				t.Errorf("%s: there is %+v and %v, want the USER %q", tt.name, image, err, want)
			}
		}
	})
}

func TestDaemonPlatforms(t *testing.T) {
	t.Parallel()
	amd := onPlatform(t, imageOf(t, "amd", layer{file("etc/passwd", "amd")}), amd64)
	arm := onPlatform(t, imageOf(t, "arm", layer{file("etc/passwd", "arm")}), arm64)
	images := map[string][]v1.Image{"docker.io/library/multi:v1": {amd, arm}, "docker.io/library/foreign:v1": {arm}, "docker.io/library/single:v1": {amd}}
	eachEngine(t, images, func(t *testing.T, daemon *fakeDaemon, source imageconfig.Daemon) {
		wantUser := func(ref string, platform v1.Platform, want string) {
			t.Helper()
			image, err := source.Image(t.Context(), ref, platform)
			if err != nil || image.Config.Config.User != want {
				t.Fatalf("there is %+v and %v, want the USER %q", image, err, want)
			}
			wantContent(t, filesOf(t, image), "etc/passwd", want)
		}
		wantUser("multi:v1", amd64, "amd")
		if daemon.api >= 49 || !daemon.containerd {
			wantUser("foreign:v1", arm64, "arm")
		}
		if daemon.api >= 49 {
			wantUser("multi:v1", arm64, "arm")
			wantUser("multi:v1", v1.Platform{OS: "linux", Architecture: "aarch64", Variant: "v8"}, "arm")
			wantUser("multi:v1", v1.Platform{}, "amd")
		} else {
			wantUser("multi:v1", arm64, "amd")
		}
		image, err := source.Image(t.Context(), "foreign:v1", amd64)
		if daemon.containerd {
			wantNoImage(t, image, err, imageconfig.ErrNotHeld)
		} else if err != nil || image.Suits(amd64) {
			t.Errorf("there is %+v and %v, want the image for another platform", image, err)
		}
		image, err = source.Image(t.Context(), "single:v1", arm64)
		if daemon.containerd && daemon.api >= 49 {
			wantNoImage(t, image, err, imageconfig.ErrNotHeld)
		} else if err != nil || image.Suits(arm64) {
			t.Errorf("there is %+v and %v, want the image for another platform", image, err)
		}
	})
}

// Many ask for the files of one image at once: one reading is enough.
func TestDaemonConcurrently(t *testing.T) {
	t.Parallel()
	images := map[string][]v1.Image{"docker.io/library/app:v1": {onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "root")}), amd64)}}
	daemon := &fakeDaemon{t: t, api: 52, images: images}
	image := find(t, listen(t, daemon), "app:v1")
	daemon.requests()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { wantContent(t, filesOf(t, image), "etc/passwd", "root") })
	}
	all.Wait()
	if asked := daemon.requests(); len(asked) != 1 {
		t.Errorf("asked %q, want one request", asked)
	}
}

// faulty answers as the daemon does, but for the paths with that end.
func faulty(daemon http.Handler, end string, fault http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, end) {
			fault(w, request)
			return
		}
		daemon.ServeHTTP(w, request)
	})
}

// says answers with a text.
func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // who hangs up is a client's affair
	}
}

// forever answers with a text again and again, until the client hangs up.
func forever(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for block := strings.Repeat(text, 256); ; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}
}

// breaksOff sends a beginning and hangs up.
func breaksOff(beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(beginning)+1000))
		_, _ = io.WriteString(w, beginning) // who hangs up is a client's affair
	}
}

func TestDaemonThatFails(t *testing.T) {
	t.Parallel()
	const page = "<!doctype html><title>Sign in</title>"
	inspected := func(text string) string { return `{"Os":"linux","Architecture":"amd64",` + text + `}` }
	tests := []struct {
		name, reason string
		end          string // of the path that fails
		fault        http.HandlerFunc
		want         error
		wantText     string
	}{
		{"500", "a daemon that fails says nothing about the image", "/json", says(500, `{"message":"database is locked"}`), imageconfig.ErrUnreachable, "database is locked"},
		{"403", "a daemon's plugin may forbid it", "/json", says(403, `{"message":"authorization denied by plugin"}`), imageconfig.ErrUnreachable, "denied by plugin"},
		{"404 without words", "the status is enough", "/json", says(404, ""), imageconfig.ErrNotHeld, "404"},
		{"301", "a daemon does not send elsewhere", "/json", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/_ping", http.StatusMovedPermanently)
		}, imageconfig.ErrUnreachable, "301"},
		{"HTML", "another server", "/json", says(200, page), imageconfig.ErrInvalid, "invalid character"},
		{"500 in HTML", "a proxy that fails", "/json", says(500, page), imageconfig.ErrUnreachable, "500"},
		{"500 without end", "an error has a limit", "/json", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); forever(page)(w, r) }, imageconfig.ErrUnreachable, "500"},
		{"empty", "no JSON", "/json", says(200, ""), imageconfig.ErrInvalid, "end of JSON"},
		{"endless", "an answer has a limit", "/json", forever(" "), imageconfig.ErrInvalid, "longer"},
		{"cut", "half an answer is none", "/json", breaksOff("{"), imageconfig.ErrUnreachable, "EOF"},
		{"no config", "a USER that is not told is not root", "/json", says(200, inspected(`"Config":null`)), imageconfig.ErrInvalid, "no config"},
		{"odd config", "a USER is text", "/json", says(200, inspected(`"Config":{"User":0}`)), imageconfig.ErrInvalid, "User"},
		{"odd layers", "a layer has a digest", "/json", says(200, inspected(`"Config":{},"RootFS":{"Type":"layers","Layers":["x"]}`)), imageconfig.ErrInvalid, ""},
		{"ping: 404", "a server without images", "/_ping", says(404, page), imageconfig.ErrUnreachable, "404"},
		{"ping: HTML", "another server", "/_ping", says(200, page), imageconfig.ErrUnreachable, "no container daemon"},
		{"ping: odd version", "no version that there is", "/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "2.0") }, imageconfig.ErrUnreachable, `"2.0"`},
		{"ping: endless", "its body is not read", "/_ping", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", "1.44")
			forever("OK")(w, r)
		}, imageconfig.ErrNotHeld, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			source := listen(t, faulty(&fakeDaemon{t: t, api: 44}, tt.end, tt.fault))
			image, err := source.Image(t.Context(), "app:v1", amd64)
			if known := wantNoImage(t, image, err, tt.want); known.Reference != "app:v1" || !strings.Contains(err.Error(), tt.wantText) {
				t.Errorf("error is %q, want one with %q", err, tt.wantText)
			}
		})
	}
}

// A daemon whose files cannot be read leaves it open whether a path exists.
func TestDaemonWhoseFilesFail(t *testing.T) {
	t.Parallel()
	app := onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "lower")}, layer{file("etc/group", "upper")}), amd64)
	whole := string(tarOf(t, (&fakeDaemon{t: t}).archive(app)...))
	wrong := onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "wrong")}, layer{file("etc/group", "wrong")}), amd64)
	tests := []struct {
		name, reason string
		fault        http.HandlerFunc
		want         error
	}{
		{"500", "a daemon that fails says nothing about the files", says(500, `{"message":"no space left on device"}`), imageconfig.ErrUnreachable},
		{"404", "the image is gone meanwhile", says(404, `{"message":"No such image"}`), imageconfig.ErrNotHeld},
		{"HTML", "another server", says(200, strings.Repeat("<p>", 1000)), imageconfig.ErrInvalid},
		{"empty", "an archive without layers", says(200, ""), imageconfig.ErrInvalid},
		{"hangs up", "the connection breaks off within a layer", breaksOff(whole[:3000]), imageconfig.ErrUnreachable},
		{"cut", "the archive ends within a layer", says(200, whole[:3000]), imageconfig.ErrInvalid},
		{"fails halfway", "the daemon writes its error into the archive", says(200, whole[:3072]+`{"errorDetail":{"message":"disk"}}`+strings.Repeat(" ", 512)), imageconfig.ErrInvalid},
		{"wrong layers", "a layer unpacks to its diffID", says(200, string(tarOf(t, (&fakeDaemon{t: t}).archive(wrong)...))), imageconfig.ErrInvalid},
		{"many files", "the list of files has a limit", forever(string(tarOf(t, file("a", ""))[:512])), imageconfig.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needsReason(t, tt.reason)
			daemon := &fakeDaemon{t: t, api: 44, images: map[string][]v1.Image{"docker.io/library/app:v1": {app}}}
			failing := tt.fault
			source := listen(t, faulty(daemon, "/images/get", func(w http.ResponseWriter, r *http.Request) {
				if failing == nil {
					daemon.ServeHTTP(w, r)
					return
				}
				failing(w, r)
			}))
			files := filesOf(t, find(t, source, "app:v1"))
			_, err := fs.Lstat(files, "etc/none")
			wantKind(t, err, tt.want)
			if errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v is said to be fs.ErrNotExist", err)
			}
			if strings.HasPrefix(tt.name, "wrong") || tt.name == "empty" {
				return // what was read whole is not read again
			}
			failing = nil
			wantContent(t, files, "etc/passwd", "lower")
		})
	}
}

// A daemon that went away had a socket that does not exist: that is not said of
// the path.
func TestDaemonThatGoesAway(t *testing.T) {
	t.Parallel()
	images := map[string][]v1.Image{"docker.io/library/app:v1": {onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "root")}), amd64)}}
	source := listen(t, &fakeDaemon{t: t, api: 44, images: images})
	files := filesOf(t, find(t, source, "app:v1"))
	if err := os.Remove(strings.TrimPrefix(source.Host, "unix://")); err != nil {
		t.Fatal(err)
	}
	_, lstat := fs.Lstat(files, "etc/passwd")
	_, link := fs.ReadLink(files, "etc/passwd")
	_, open := files.Open("etc/passwd")
	for _, err := range []error{lstat, link, open} {
		wantKind(t, err, imageconfig.ErrUnreachable)
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is said to be fs.ErrNotExist", err)
		}
	}
}

// What a lower layer holds does not matter where a higher one answers.
func TestDaemonReadsLayersFromTheTop(t *testing.T) {
	t.Parallel()
	app := onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "lower"), file("a", "a")}, layer{dir("etc"), file("etc/passwd", "upper")}), amd64)
	layers, err := app.Layers()
	if err != nil {
		t.Fatal(err)
	}
	top, diffID := uncompressed(t, layers[1])
	daemon := &fakeDaemon{t: t, api: 44, images: map[string][]v1.Image{"docker.io/library/app:v1": {app}}}
	partly := tarOf(t, file("blobs/sha256/"+diffID.Hex, top))
	source := listen(t, faulty(daemon, "/images/get", says(200, string(partly))))
	files := filesOf(t, find(t, source, "app:v1"))
	wantContent(t, files, "etc/passwd", "upper")
	_, err = files.Open("a")
	wantKind(t, err, imageconfig.ErrInvalid)
}

// A layer that cannot be unpacked says so to whoever needs it.
func TestDaemonLayerThatIsNone(t *testing.T) {
	t.Parallel()
	odd := tarOf(t, file("a", "a"), file("a/b", "b"))
	answer := jsonOf(t, map[string]any{
		"Id": "sha256:" + hashOf(nil).Hex, "Os": "linux", "Architecture": "amd64", "Config": map[string]any{},
		"RootFS": map[string]any{"Type": "layers", "Layers": []string{hashOf(odd).String()}},
	})
	archive := string(tarOf(t, file("layer.tar", string(odd))))
	daemon := faulty(&fakeDaemon{t: t, api: 44}, "/json", says(200, string(answer)))
	source := listen(t, faulty(daemon, "/images/get", says(200, archive)))
	_, err := filesOf(t, find(t, source, "app")).Open("etc/passwd")
	if known := wantKind(t, err, imageconfig.ErrInvalid); !strings.Contains(known.Error(), "not a directory") {
		t.Errorf("error is %v, want one that says what is wrong with the layer", known.Error())
	}
}

// An image without layers has no files, and none are asked for.
func TestDaemonImageWithoutLayers(t *testing.T) {
	t.Parallel()
	images := map[string][]v1.Image{"docker.io/library/scratch:latest": {onPlatform(t, imageOf(t, "1000"), amd64)}}
	daemon := &fakeDaemon{t: t, api: 44, images: images}
	files := filesOf(t, find(t, listen(t, daemon), "scratch"))
	daemon.requests()
	if _, err := fs.Lstat(files, "etc/passwd"); !errors.Is(err, fs.ErrNotExist) || len(daemon.requests()) != 0 {
		t.Errorf("error is %v, want fs.ErrNotExist without a request", err)
	}
}

// A request that is under way when its context ends is given up.
func TestDaemonContext(t *testing.T) {
	t.Parallel()
	for _, stuck := range []string{"/_ping", "/json", "/images/get"} {
		t.Run(stuck, func(t *testing.T) {
			t.Parallel()
			app := onPlatform(t, imageOf(t, "app", layer{file("etc/passwd", "root")}), amd64)
			daemon := &fakeDaemon{t: t, api: 44, images: map[string][]v1.Image{"docker.io/library/app:latest": {app}}}
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("the user went home")
			source := listen(t, faulty(daemon, stuck, func(w http.ResponseWriter, request *http.Request) {
				w.Header().Set("Content-Length", "1000000")
				w.WriteHeader(http.StatusOK)
				cancel(cause)
				<-request.Context().Done()
			}))
			image, err := source.Image(ctx, "app", amd64)
			if err == nil {
				files, failure := image.Files(ctx)
				if failure != nil {
					t.Fatal(failure)
				}
				_, err = files.Open("etc/passwd")
			}
			if !errors.Is(err, cause) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error is %v, want the cause", err)
			}
		})
	}
	t.Run("before", func(t *testing.T) {
		daemon := &fakeDaemon{t: t, api: 44}
		image, err := listen(t, daemon).Image(canceled(t), "app", amd64)
		wantNoImage(t, image, err, imageconfig.ErrUnreachable)
		if !errors.Is(err, context.Canceled) || len(daemon.requests()) != 0 {
			t.Errorf("error is %v, want context.Canceled without a request", err)
		}
	})
}

func TestDaemonThatIsNotThere(t *testing.T) {
	t.Parallel()
	place := filepath.Join(t.TempDir(), "none.sock")
	for _, host := range []string{"unix://" + place, "tcp://" + closedPort(t), "ssh://root@node.example", "npipe:////./pipe/docker_engine", "nonsense", "tcp://", "tcp://%zz"} {
		image, err := imageconfig.Daemon{Host: host}.Image(t.Context(), "app", amd64)
		wantNoImage(t, image, err, imageconfig.ErrUnreachable)
	}
}

// The tests below set the environment, so they do not run beside others.

func TestDaemonOfTheEnvironment(t *testing.T) {
	images := map[string][]v1.Image{"docker.io/library/app:latest": {onPlatform(t, imageOf(t, "app"), amd64)}}
	daemon := &fakeDaemon{t: t, api: 44, images: images}
	t.Setenv("DOCKER_CERT_PATH", "")
	t.Setenv("DOCKER_TLS_VERIFY", "")

	t.Run("socket", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", listen(t, daemon).Host)
		t.Setenv("DOCKER_CERT_PATH", t.TempDir()) // has no meaning for a socket
		find(t, imageconfig.Daemon{}, "app")
	})
	t.Run("TCP", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "tcp://"+serve(t, daemon)+"/")
		find(t, imageconfig.Daemon{}, "app")
	})
	t.Run("Podman's socket", func(t *testing.T) {
		if _, err := os.Stat("/var/run/docker.sock"); err == nil {
			t.Skip("this machine has a Docker daemon, which comes first")
		}
		t.Setenv("DOCKER_HOST", "")
		runtime := t.TempDir()
		t.Setenv("XDG_RUNTIME_DIR", runtime)
		if err := os.Mkdir(filepath.Join(runtime, "podman"), 0o700); err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("unix", filepath.Join(runtime, "podman", "podman.sock"))
		if err != nil {
			t.Fatal(err)
		}
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: daemon}}
		server.Start()
		defer server.Close()
		find(t, imageconfig.Daemon{}, "app")
	})
}

// certificates writes what docker looks for in DOCKER_CERT_PATH: the test
// server's own certificate as the authority, and as the client's.
func certificates(t *testing.T, server *httptest.Server) string {
	t.Helper()
	place := t.TempDir()
	for name, content := range certificateFiles(t, server) {
		if err := os.WriteFile(filepath.Join(place, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return place
}

func TestDaemonOverTLS(t *testing.T) {
	images := map[string][]v1.Image{"docker.io/library/app:latest": {onPlatform(t, imageOf(t, "app"), amd64)}}
	server := httptest.NewUnstartedServer(&fakeDaemon{t: t, api: 44, images: images})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the case that speaks no TLS
	server.StartTLS()
	defer server.Close()
	place, empty := certificates(t, server), t.TempDir()
	host := strings.Replace(server.URL, "https://", "tcp://", 1)
	badAuthority := certificates(t, server)
	if err := os.WriteFile(filepath.Join(badAuthority, "ca.pem"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, reason          string
		certs, verify, atHome string
		ok                    bool
	}{
		{"verified", "the authority of ca.pem is trusted", place, "1", empty, true},
		{"not verified", "no DOCKER_TLS_VERIFY believes any server", place, "", empty, true},
		{"at home", "the certificates of a DOCKER_TLS_VERIFY alone", "", "1", place, true},
		{"no TLS", "plain HTTP to a server that speaks TLS", "", "", empty, false},
		{"no certificates", "a directory without any", empty, "1", empty, false},
		{"no authority", "ca.pem holds none", badAuthority, "1", empty, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			needsReason(t, tt.reason)
			home := t.TempDir()
			if err := os.Rename(copyOf(t, tt.atHome), filepath.Join(home, ".docker")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("HOME", home)
			t.Setenv("DOCKER_HOST", host)
			t.Setenv("DOCKER_CERT_PATH", tt.certs)
			t.Setenv("DOCKER_TLS_VERIFY", tt.verify)
			image, err := imageconfig.Daemon{}.Image(t.Context(), "app", amd64)
			if !tt.ok {
				wantNoImage(t, image, err, imageconfig.ErrUnreachable)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("of the caller", func(t *testing.T) {
		secure := server.Client().Transport.(*http.Transport).TLSClientConfig
		find(t, imageconfig.Daemon{Host: host, TLS: secure}, "app")
	})
}

// A daemon may hold what a Pod names, and a registry the rest.
func ExampleDaemon() {
	// A stand-in for dockerd. The zero Daemon is the machine's own.
	dockerd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Api-Version", "1.44")
		if strings.HasSuffix(request.URL.Path, "/images/docker.io/library/app:v1/json") {
			check(json.NewEncoder(w).Encode(map[string]any{
				"Os": "linux", "Architecture": "amd64", "Config": map[string]any{"User": "app"},
			}))
		} else if request.URL.Path != "/_ping" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer dockerd.Close()

	source := imageconfig.Chain{
		imageconfig.Daemon{Host: strings.Replace(dockerd.URL, "http://", "tcp://", 1)},
		imageconfig.Map{"registry.example/sidecar:v1": imageconfig.Declared("sidecar", nil)},
	}
	for _, ref := range []string{"app:v1", "registry.example/sidecar:v1"} {
		image := must(source.Image(context.Background(), ref, linux))
		fmt.Println(ref, "has the USER", image.Config.Config.User)
	}
	// Output:
	// app:v1 has the USER app
	// registry.example/sidecar:v1 has the USER sidecar
}
