package simulate_test

import (
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestHazards(t *testing.T) {
	passwd := fstest.MapFS{"etc/passwd": {Data: []byte("toor:x:0:0::/:/bin/sh\n4294967296:x:1000:1000::/:/bin/sh\n")}}
	fsGroup := &corev1.PodSecurityContext{FSGroup: new(int64(3000))}
	volume := func(pod *corev1.Pod, source corev1.VolumeSource) *corev1.Pod {
		pod.Spec.SecurityContext = fsGroup
		pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}}
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/data"}}
		return pod
	}
	app := func() *corev1.Pod { return podOf(container("app", "image")) }
	with := func(context *corev1.PodSecurityContext) *corev1.Pod {
		pod := app()
		pod.Spec.SecurityContext = context
		return pod
	}
	tests := []struct {
		name, reason string
		user         string
		files        fstest.MapFS
		node         string
		pod          *corev1.Pod
		want         []simulate.HazardKind
		origin       identity.Origin // of the first
	}{
		{name: "none", reason: "a numeric user of its own", user: "1000", files: fstest.MapFS{}, pod: app()},
		{name: "named root", reason: "toor is uid 0", user: "toor", files: passwd, pod: app(), want: []simulate.HazardKind{simulate.NamedRoot}, origin: identity.Origin{Source: identity.SourcePasswd, Name: "toor"}},
		{name: "root", reason: "whoever writes root knows", user: "root", files: accounts, pod: app()},
		{name: "group dropped", reason: "the group is not in /etc/passwd", user: "1000:1000", files: fstest.MapFS{}, pod: app(), want: []simulate.HazardKind{simulate.GroupDropped}, origin: identity.Origin{Source: identity.SourceDefault, Name: "1000"}},
		{name: "group kept", reason: "runAsGroup gives it back", user: "1000:1000", files: fstest.MapFS{}, pod: with(&corev1.PodSecurityContext{RunAsUser: new(int64(1000)), RunAsGroup: new(int64(1000))})},
		{name: "root's group", reason: "USER 1000:0 asks for gid 0", user: "1000:0", files: fstest.MapFS{}, pod: app()},
		{name: "image's groups", reason: "/etc/group lists the user", user: "1000", files: accounts, pod: app(), want: []simulate.HazardKind{simulate.ImageGroups}, origin: identity.Origin{Source: identity.SourceGroup, Name: "staff"}},
		{name: "out of range", reason: "this release cuts the number", user: "4294967297", files: fstest.MapFS{}, node: "containerd 1.7.26", pod: app(), want: []simulate.HazardKind{simulate.UserOutOfRange}, origin: identity.Origin{Source: identity.SourceImage, Name: "4294967297"}},
		{name: "root elsewhere", reason: "here it is a name, an older release makes it root", user: "4294967296", files: passwd, node: "containerd 1.7.28", pod: app(), want: []simulate.HazardKind{simulate.RootElsewhere, simulate.UserOutOfRange}, origin: identity.Origin{Source: identity.SourceImage, Name: "4294967296"}},
		{name: "out of range, overridden", reason: "runAsUser decides", user: "4294967296", files: fstest.MapFS{}, node: "containerd 1.7.26", pod: with(&corev1.PodSecurityContext{RunAsUser: new(int64(5))})},
		{name: "fsGroup alone", reason: "it owns nothing", user: "1000", files: fstest.MapFS{}, pod: with(fsGroup), want: []simulate.HazardKind{simulate.FSGroupWithoutVolume}, origin: identity.Origin{Source: identity.SourcePod, Name: "fsGroup"}},
		{name: "fsGroup and emptyDir", reason: "an emptyDir takes it", user: "1000", files: fstest.MapFS{}, pod: volume(app(), corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}})},
		{name: "fsGroup and hostPath", reason: "a hostPath never does", user: "1000", files: fstest.MapFS{}, pod: volume(app(), corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}), want: []simulate.HazardKind{simulate.FSGroupWithoutVolume}, origin: identity.Origin{Source: identity.SourcePod, Name: "fsGroup"}},
		{name: "Windows", reason: "runAsUser means nothing there", user: "", files: fstest.MapFS{}, node: "windows/amd64", pod: with(&corev1.PodSecurityContext{RunAsUser: new(int64(1000))}), want: []simulate.HazardKind{simulate.RunAsUserIgnored}, origin: identity.Origin{Source: identity.SourcePod, Name: "runAsUser"}},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			var node simulate.Node
			if test.node != "" {
				var err error
				if node, err = simulate.ParseNode(test.node); err != nil {
					t.Fatal(err)
				}
			}
			known := imageconfig.Map{"image": imageconfig.Declared(test.user, test.files)}
			outcome := simulate.Kubelet{Images: known, Node: node}.Start(t.Context(), test.pod)
			if err := outcome.Err(); err != nil {
				t.Fatal(err)
			}
			var got []simulate.HazardKind
			for _, hazard := range outcome.Containers[0].Hazards {
				got = append(got, hazard.Kind)
				if hazard.Fact == "" || hazard.URL == "" || hazard.Kind.String() == "unknown" {
					t.Errorf("incomplete: %+v", hazard)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Fatalf("hazards (-want +got):\n%s", diff)
			}
			if len(got) > 0 {
				if diff := cmp.Diff(test.origin, outcome.Containers[0].Hazards[0].Origin); diff != "" {
					t.Errorf("origin (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestWindows(t *testing.T) {
	name := func(user string) *corev1.WindowsSecurityContextOptions {
		return &corev1.WindowsSecurityContextOptions{RunAsUserName: &user}
	}
	tests := []struct {
		name, reason string
		user         string
		context      *corev1.PodSecurityContext
		runnable     bool
		want         simulate.Verdict
		username     string
	}{
		{name: "default user", reason: "an image without a user passes", context: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}, runnable: true, want: simulate.Started},
		{name: "administrator", reason: "the image's user is root's name", user: "containeradministrator", context: &corev1.PodSecurityContext{RunAsNonRoot: new(true)}, runnable: true, want: simulate.Failed},
		{name: "runAsUserName", reason: "it wins over the image", user: "ContainerAdministrator", context: &corev1.PodSecurityContext{RunAsNonRoot: new(true), WindowsOptions: name("ContainerUser")}, runnable: true, want: simulate.Started, username: "ContainerUser"},
		{name: "own account", reason: "whether the image has it is not known", user: `app`, runnable: true, want: simulate.Undecided, username: "app"},
		{name: "Linux fields", reason: "they are ignored, the sandbox included", context: &corev1.PodSecurityContext{RunAsGroup: new(int64(5)), RunAsUser: new(int64(0)), RunAsNonRoot: new(true)}, runnable: true, want: simulate.Started},
		{name: "no command", reason: "as on Linux", want: simulate.Failed},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			image := imageconfig.Declared(test.user, nil)
			image.Runnable = test.runnable
			pod := podOf(container("app", "image"))
			pod.Spec.SecurityContext = test.context
			outcome := simulate.Kubelet{Images: imageconfig.Map{"image": image}, Node: simulate.Node{OS: "windows"}}.Start(t.Context(), pod)
			c := outcome.Containers[0]
			if c.Verdict != test.want || c.Process.Username != test.username {
				t.Errorf("verdict = %v as %q (%v), want %v as %q", c.Verdict, c.Process.Username, outcome.Err(), test.want, test.username)
			}
			if user := outcome.Status().ContainerStatuses[0].User; user != nil {
				t.Errorf("the status has the user %v", user)
			}
		})
	}
}
