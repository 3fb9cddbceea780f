package imageconfig_test

import (
	"bytes"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	corev1 "k8s.io/api/core/v1"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
)

// program is an executable file.
func program(name string) entry { return file(name, "#!").owned(0o755, 0, 0) }

// imageWith returns an image for linux/amd64 with that config and one layer.
func imageWith(t testing.TB, config v1.Config, entries ...entry) v1.Image {
	t.Helper()
	made := imageOf(t, "", entries)
	file, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", "amd64", config
	made, err = mutate.ConfigFile(made, file)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// written returns a lock as it is read again, once it has been written twice.
func written(t testing.TB, lock *imageconfig.Lock) *imageconfig.Lock {
	t.Helper()
	var first, second bytes.Buffer
	if _, err := lock.WriteTo(&first); err != nil {
		t.Fatal(err)
	}
	text := first.String()
	read, err := imageconfig.ReadLock(&first)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if _, err := read.WriteTo(&second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, second.String()); diff != "" {
		t.Errorf("the lock that was read is written otherwise (-first +second):\n%s", diff)
	}
	return read
}

// every compares all fields, and errors by their texts.
var every = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b error) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
	}),
}

// passwd and group are account files as images have them.
const (
	passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"
	group  = "root:x:0:\napp:x:1000:\nstaff:x:50:app\n"
)

// TestLockOutcomes starts Pods with the images of a registry, and once more with
// their lock, when the registry is gone. Nothing may differ.
func TestLockOutcomes(t *testing.T) {
	accounts := []entry{dir("etc"), file("etc/passwd", passwd), file("etc/group", group), dir("bin"), program("bin/app")}
	command := []string{"/bin/app"}
	tests := []struct {
		name, reason string
		image        v1.Image
		change       func(*corev1.Container)
		want         simulate.Verdict // on the newest node
	}{
		{"named", "the name is looked up", imageWith(t, v1.Config{User: "app", Entrypoint: command}, accounts...), nil, simulate.Started},
		{"numeric", "the uid is looked up for its groups", imageWith(t, v1.Config{User: "1000", Cmd: command}, accounts...), nil, simulate.Started},
		{"unknown", "nobody has the name", imageWith(t, v1.Config{User: "gone", Cmd: command}, accounts...), nil, simulate.Failed},
		{"huge", "hazards look at what other releases would do", imageWith(t, v1.Config{User: "4294967296", Cmd: command}, accounts...), nil, simulate.Failed},
		{"linked", "the way to the accounts is part of the answer", imageWith(t, v1.Config{User: "app", Cmd: command},
			symlink("etc", "usr/etc"), dir("usr/etc"), symlink("usr/etc/passwd", "../../accounts/passwd"), symlink("usr/etc/group", "/accounts/group"),
			file("accounts/passwd", passwd), file("accounts/group", group), program("bin/app")), nil, simulate.Started},
		{"ring", "releases give up after different numbers of links", imageWith(t, v1.Config{User: "app", Cmd: command},
			symlink("etc", "usr"), symlink("usr", "etc")), nil, simulate.Failed},
		{"bare", "the accounts are known to be absent", imageWith(t, v1.Config{User: "1000:1000", Cmd: command}, program("bin/app")), nil, simulate.Started},
		{"bare name", "the same, and that decides", imageWith(t, v1.Config{User: "app", Cmd: command}, program("bin/app")), nil, simulate.Failed},
		{"empty", "a file without a byte is read", imageWith(t, v1.Config{User: "1000", Cmd: command}, file("etc/passwd", ""), file("etc/group", ""), program("bin/app")), nil, simulate.Started},
		{"not text", "what is not UTF-8 is kept as it is", imageWith(t, v1.Config{User: "app", Cmd: command}, file("etc/passwd", "\xff:x:1:1\n"+passwd), program("bin/app")), nil, simulate.Started},
		{"directory", "there are no accounts in it", imageWith(t, v1.Config{User: "app", Cmd: command}, dir("etc/passwd"), program("bin/app")), nil, simulate.Failed},
		{"device", "containerd refuses it, CRI-O reads it", imageWith(t, v1.Config{User: "1000", Cmd: command}, device("etc/passwd", 1, 3), program("bin/app")), nil, simulate.Failed},
		{"path", "directories of PATH that lack the command", imageWith(t, v1.Config{Cmd: []string{"app"}, Env: []string{"A=b", "PATH=/none:/bin:/x"}}, accounts...), nil, simulate.Started},
		{"default path", "the image has no PATH", imageWith(t, v1.Config{Cmd: []string{"app"}}, accounts...), nil, simulate.Started},
		{"missing", "no directory of PATH has the command", imageWith(t, v1.Config{Cmd: []string{"none"}}, accounts...), nil, simulate.Failed},
		{"denied", "the user may not execute it", imageWith(t, v1.Config{User: "1000", Cmd: command}, append(accounts[:4:4], program("bin/app").owned(0o700, 0, 0))...), nil, simulate.Failed},
		{"groups", "the group may execute it", imageWith(t, v1.Config{User: "app", Cmd: command}, append(accounts[:4:4], program("bin/app").owned(0o710, 0, 50))...), nil, simulate.Started},
		{"not executable", "nobody may", imageWith(t, v1.Config{Cmd: []string{"/etc/passwd"}}, accounts...), nil, simulate.Failed},
		{"is directory", "it is no file", imageWith(t, v1.Config{Cmd: []string{"/etc"}}, accounts...), nil, simulate.Failed},
		{"no command", "neither the Pod nor the image has one", imageWith(t, v1.Config{}, accounts...), nil, simulate.Failed},
		{"empty entrypoint", "one empty word is none", imageWith(t, v1.Config{Entrypoint: []string{""}, Cmd: command}, accounts...), nil, simulate.Started},
		{"directory of work", "the command is relative to it", imageWith(t, v1.Config{WorkingDir: "/bin", Cmd: []string{"./app"}}, accounts...), nil, simulate.Started},
		{"volume", "what is undecided stays so, in the same words", imageWith(t, v1.Config{Cmd: command}, accounts...),
			func(c *corev1.Container) {
				c.VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/bin"}}
			}, simulate.Undecided},
		{"runAsNonRoot", "the kubelet refuses it before files matter", imageWith(t, v1.Config{Cmd: command}, accounts...),
			func(c *corev1.Container) {
				c.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: new(true)}
			}, simulate.Failed},
	}
	server := httptest.NewServer(registry.New(silent))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	recorder := &imageconfig.Recorder{Source: &imageconfig.Registry{}}
	online := make([][]simulate.Outcome, len(tests))
	pods := make([]*corev1.Pod, len(tests))
	for n, test := range tests {
		needsReason(t, test.reason)
		ref := host + "/" + strings.ToLower(strings.ReplaceAll(test.name, " ", "-")) + ":1"
		push(t, ref, test.image)
		spec := corev1.Container{Name: "app", Image: ref}
		if test.change != nil {
			test.change(&spec)
		}
		pods[n] = &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{spec}}}
		online[n] = simulate.Matrix{Images: &imageconfig.Registry{}}.Start(t.Context(), pods[n])
		simulate.Matrix{Images: recorder}.Start(t.Context(), pods[n])
	}
	made, err := recorder.Lock()
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	lock := written(t, made)
	for n, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := online[n][0].Containers[0].Verdict; got != test.want {
				t.Errorf("with the registry it is %v, want %v: %v", got, test.want, online[n][0].Err())
			}
			offline := simulate.Matrix{Images: lock}.Start(t.Context(), pods[n])
			for i, want := range online[n] {
				if diff := cmp.Diff(want, offline[i], every); diff != "" {
					t.Errorf("%v (-registry +lock):\n%s", want.Node, diff)
				}
				if diff := cmp.Diff(want.Status(), offline[i].Status()); diff != "" {
					t.Errorf("%v: status (-registry +lock):\n%s", want.Node, diff)
				}
				if diff := cmp.Diff(want.Events(), offline[i].Events()); diff != "" {
					t.Errorf("%v: events (-registry +lock):\n%s", want.Node, diff)
				}
			}
		})
	}
}
