package main

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
)

// TestMain keeps the credentials of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "drystart")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"} {
		if err := os.Setenv(name, home); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	_ = os.RemoveAll(home) // a leftover of a test does not decide the result
	os.Exit(code)
}

// printed runs the program and returns its exit code and its output.
func printed(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// serve starts a registry and returns it with its host.
func serve(t *testing.T) (server *httptest.Server, host string) {
	t.Helper()
	server = httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return server, strings.TrimPrefix(server.URL, "http://")
}

// imageFor returns an image with that USER, with accounts and a command.
func imageFor(t *testing.T, user, arch string) v1.Image {
	t.Helper()
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for _, file := range []struct {
		name, content string
		mode          int64
	}{
		{"etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n", 0o644},
		{"etc/group", "root:x:0:\napp:x:1000:\n", 0o644},
		{"bin/", "", 0o700},
		{"bin/app", "root's", 0o700},
		{"usr/bin/app", "#!", 0o755},
	} {
		if err := w.WriteHeader(&tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, file.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stream.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	made, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Config = v1.Config{User: user, Cmd: []string{"app"}, Env: []string{"PATH=/bin:/usr/bin", "TOKEN=secret"}}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	return made
}

func push(t *testing.T, ref string, image v1.Image) {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(parsed, image); err != nil {
		t.Fatal(err)
	}
}

// podOf returns a Pod that fails before its image's files matter, with an init
// container that is never pulled.
func podOf(host string) string {
	return `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
  "securityContext": {"runAsNonRoot": true},
  "initContainers": [{"name": "setup", "image": "` + host + `/setup:1", "imagePullPolicy": "Never"}],
  "containers": [{"name": "app", "image": "` + host + `/app:1", "workingDir": "/usr", "command": ["./bin/app"]}]}}`
}

func readLock(t *testing.T, file string) *imageconfig.Lock {
	t.Helper()
	lock, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

// TestLock makes a lock and starts the Pod with it once the registry is gone: as
// it was, and as it is once it has been mended.
func TestLock(t *testing.T) {
	server, host := serve(t)
	push(t, host+"/setup:1", imageFor(t, "app", "amd64"))
	push(t, host+"/app:1", imageFor(t, "", "amd64"))
	file := filepath.Join(t.TempDir(), "drystart.lock")
	code, stdout, stderr := printed(t, podOf(host), "-o", file, "-", host+"/app:1")
	if code != 0 || stdout != file+" is written, images: 2\n" || stderr != "" {
		t.Fatalf("exit code %d, output %q:\n%s", code, stdout, stderr)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := printed(t, podOf(host), "-o", file, host+"/app:1", "-"); code != 0 {
		t.Fatal(stderr)
	}
	second, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" || bytes.Contains(first, []byte("secret")) {
		t.Errorf("the lock differs when it is made again, or has a secret (-first +second):\n%s", diff)
	}
	server.Close()

	tests := []struct {
		name, reason string
		mend         func(*corev1.PodSpec)
		want         []simulate.Verdict
	}{
		{"as it is", "an image with a named user, never pulled", func(*corev1.PodSpec) {}, []simulate.Verdict{simulate.Failed, simulate.Blocked}},
		{"runAsUser", "the init container starts, and what is behind it", func(spec *corev1.PodSpec) { spec.SecurityContext.RunAsUser = new(int64(1000)) },
			[]simulate.Verdict{simulate.Started, simulate.Started}},
		{"without init", "the image's user is root", func(spec *corev1.PodSpec) { spec.InitContainers = nil }, []simulate.Verdict{simulate.Failed}},
		{"root", "the check is gone", func(spec *corev1.PodSpec) { spec.SecurityContext = nil }, []simulate.Verdict{simulate.Started, simulate.Started}},
		{"other command", "nobody has looked for it", func(spec *corev1.PodSpec) {
			spec.SecurityContext, spec.InitContainers = nil, nil
			spec.Containers[0].Command = []string{"/opt/other"}
		}, []simulate.Verdict{simulate.Undecided}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pods, err := podsOf([]string{"-"}, strings.NewReader(podOf(host)))
			if err != nil || test.reason == "" {
				t.Fatal(err)
			}
			test.mend(&pods[0].Spec)
			matrix := simulate.Matrix{Images: readLock(t, file), Present: []string{host + "/setup:1"}}
			for _, outcome := range matrix.Start(t.Context(), pods[0]) {
				var got []simulate.Verdict
				for _, c := range outcome.Containers {
					got = append(got, c.Verdict)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s%v", outcome.Node, diff, outcome.Err())
				}
			}
		})
	}
	pods, err := podsOf([]string{"-"}, strings.NewReader(podOf(host)))
	if err != nil {
		t.Fatal(err)
	}
	pods[0].Spec = corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: host + "/app:1", Command: []string{"/opt/other"}}}}
	want := `container "app": undecided: lstat opt: it is not in the lock; make the lock again`
	if err := (simulate.Kubelet{Images: readLock(t, file)}).Start(t.Context(), pods[0]).Err(); err == nil || err.Error() != want {
		t.Errorf("what the lock lacks is %v, want %s", err, want)
	}
}

// TestOtherUsers records an image whose user is nobody's, and starts it as others.
// Root finds the command in /bin, where nobody else may look.
func TestOtherUsers(t *testing.T) {
	server, host := serve(t)
	push(t, host+"/odd:1", imageFor(t, "gone", "amd64"))
	file := filepath.Join(t.TempDir(), "drystart.lock")
	if code, _, stderr := printed(t, "", "-o", file, host+"/odd:1"); code != 0 {
		t.Fatal(stderr)
	}
	server.Close()
	for _, user := range []int64{0, 1000, 4711} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: host + "/odd:1", SecurityContext: &corev1.SecurityContext{RunAsUser: &user},
		}}}}
		for _, outcome := range (simulate.Matrix{Images: readLock(t, file)}).Start(t.Context(), pod) {
			if err := outcome.Err(); err != nil {
				t.Errorf("as %d on %v: %v", user, outcome.Node, err)
			}
		}
	}
}

// TestPlatforms records an image for platforms that it has and has not.
func TestPlatforms(t *testing.T) {
	_, host := serve(t)
	index := v1.ImageIndex(empty.Index)
	for _, arch := range []string{"amd64", "arm64"} {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: imageFor(t, "1000", arch), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	ref, err := name.ParseReference(host + "/app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "drystart.lock")
	code, stdout, stderr := printed(t, "", "-o", file, "-platform", "linux/amd64", "-platform", "linux/arm64", "-node", "cri-o 1.36.3", ref.String())
	if code != 0 || stdout != file+" is written, images: 2\n" {
		t.Fatalf("exit code %d, output %q:\n%s", code, stdout, stderr)
	}
	code, stdout, stderr = printed(t, "", "-o", file, "-partial", "-platform", "linux/amd64", "-platform", "windows/amd64", ref.String())
	wantErr := `windows/amd64: image "` + ref.String() + `": the image has no manifest for the platform` + "\n"
	if code != 1 || stdout != file+" is written, images: 1\n" || stderr != wantErr {
		t.Fatalf("exit code %d, output %q, want the image for Linux alone:\n%s", code, stdout, stderr)
	}
	for _, locked := range readLock(t, file).Entries() {
		if digest, err := index.Digest(); err != nil || locked.Image.Index != digest.String() {
			t.Errorf("index is %q, want %v, %v", locked.Image.Index, digest, err)
		}
	}
}

// TestIncomplete makes a lock of an image that is there and of one that is not.
func TestIncomplete(t *testing.T) {
	_, host := serve(t)
	push(t, host+"/app:1", imageFor(t, "1000", "amd64"))
	file := filepath.Join(t.TempDir(), "drystart.lock")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := `linux/amd64: image "` + host + `/gone:1": the registry has no such image: `
	code, stdout, stderr := printed(t, "", "-o", file, host+"/app:1", host+"/gone:1")
	if code != 1 || stdout != "" || strings.Count(stderr, gone) != 1 || !strings.Contains(stderr, "is not written") {
		t.Errorf("exit code %d, output %q, want 1 and %s:\n%s", code, stdout, gone, stderr)
	}
	if left, err := os.ReadFile(file); err != nil || string(left) != "before" {
		t.Errorf("the lock is %q, %v, want it as it was", left, err)
	}
	code, stdout, stderr = printed(t, "", "-o", file, "-partial", host+"/app:1", host+"/gone:1")
	if code != 1 || stdout != file+" is written, images: 1\n" || strings.Count(stderr, gone) != 1 {
		t.Errorf("exit code %d, output %q, want 1 and %s:\n%s", code, stdout, gone, stderr)
	}
	if entries := readLock(t, file).Entries(); len(entries) != 1 || entries[0].Reference != host+"/app:1" {
		t.Errorf("the lock has %v", entries)
	}
	if left, err := filepath.Glob(filepath.Dir(file) + "/*"); err != nil || len(left) != 1 {
		t.Errorf("beside the lock there is %v, %v", left, err)
	}
}

// TestCheck compares a lock with a registry whose images move.
func TestCheck(t *testing.T) {
	server, host := serve(t)
	before, after := imageFor(t, "1000", "amd64"), imageFor(t, "0", "amd64")
	push(t, host+"/moves:1", before)
	push(t, host+"/stays:1", before)
	file := filepath.Join(t.TempDir(), "drystart.lock")
	if code, _, stderr := printed(t, "", "-o", file, host+"/moves:1", host+"/stays:1"); code != 0 {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := printed(t, "", "-check", "-o", file); code != 0 || stdout+stderr != "" {
		t.Errorf("a lock that is true has the exit code %d: %s%s", code, stdout, stderr)
	}
	push(t, host+"/moves:1", after)
	was, err := before.Digest()
	if err != nil {
		t.Fatal(err)
	}
	is, err := after.Digest()
	if err != nil {
		t.Fatal(err)
	}
	want := host + "/moves:1 linux/amd64: its manifest was " + was.String() + " and is " + is.String() + "\n"
	if code, stdout, stderr := printed(t, "", "-check", "-o", file); code != 1 || stdout != want || stderr != "" {
		t.Errorf("exit code %d, output\n%s, want 1 and\n%s%s", code, stdout, want, stderr)
	}
	server.Close()
	code, stdout, stderr := printed(t, "", "-check", "-o", file)
	if code != 1 || stdout != "" || strings.Count(stderr, "the source could not be reached") != 2 {
		t.Errorf("without a registry the exit code is %d: %s%s", code, stdout, stderr)
	}
	if err := os.WriteFile(file, []byte("{\n<<<<<<< HEAD\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantErr := file + ": line 2: a conflict of a merge that is not resolved; make the lock again\n"
	if code, _, stderr := printed(t, "", "-check", "-o", file); code != 2 || stderr != wantErr {
		t.Errorf("exit code %d, error %q, want 2 and %q", code, stderr, wantErr)
	}
}

func TestBadArguments(t *testing.T) {
	tests := []struct {
		name, reason string
		args         []string
		want         string
	}{
		{"none", "there is nothing to record", nil, "usage: lock"},
		{"check with arguments", "the lock says what to check", []string{"-check", "nginx"}, "usage: lock"},
		{"flag", "there is no such flag", []string{"-what"}, "usage: lock"},
		{"node", "the error lists what is known", []string{"-node", "kubernetes 1.2", "nginx"}, "known are"},
		{"platform", "it is not emulated", []string{"-platform", "plan9/amd64", "nginx"}, "is not emulated"},
		{"no platform", "it is a node", []string{"-platform", "kubernetes 1.37", "nginx"}, `"kubernetes 1.37" is no platform`},
		{"file", "it does not exist", []string{"nowhere.yaml"}, "nowhere.yaml"},
		{"image", "it is a directory", []string{"./deploy"}, `"./deploy" is neither a manifest (.yaml, .yml, .json, -) nor an image`},
		{"empty", "there is no Pod", []string{"-"}, "-: there is no Pod"},
		{"no lock", "nobody has made it", []string{"-check", "-o", "/nowhere/drystart.lock"}, "/nowhere/drystart.lock"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, _, stderr := printed(t, "", test.args...)
			if code != 2 || !strings.Contains(stderr, test.want) || test.reason == "" {
				t.Errorf("exit code %d, want 2 and %q:\n%s", code, test.want, stderr)
			}
		})
	}
	_, host := serve(t)
	push(t, host+"/app:1", imageFor(t, "1000", "amd64"))
	if code, _, stderr := printed(t, "", "-o", "/nowhere/drystart.lock", host+"/app:1"); code != 2 || !strings.Contains(stderr, "/nowhere/") {
		t.Errorf("a lock that cannot be written has the exit code %d: %s", code, stderr)
	}
}

// TestLessonLock records the lesson's image, and compares the lock with the one
// that package simulate's example reads.
func TestLessonLock(t *testing.T) {
	pods, err := podsOf([]string{"nginx:1.28"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := record(t.Context(), imageconfig.Layout{FS: os.DirFS("../lesson/image")}, simulate.Nodes(), pods)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := lock.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../simulate/testdata/drystart.lock")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("lock (-file +recorded):\n%s", diff)
	}
}
