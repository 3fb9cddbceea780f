package simulate_test

import (
	"testing"

	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestOrder(t *testing.T) {
	ephemeral := func(pod *corev1.Pod, name, image string) *corev1.Pod {
		common := corev1.EphemeralContainerCommon{Name: name, Image: image}
		pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: common})
		return pod
	}
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		want         []string // name, kind, verdict
		phase        corev1.PodPhase
	}{
		{
			name: "siblings", reason: "a regular container that fails stops no other",
			pod:   nonRoot(podOf(container("a", "root"), container("b", "uid"))),
			want:  []string{"a container Failed", "b container Started"},
			phase: corev1.PodPending,
		},
		{
			name: "init fails", reason: "nothing after it is tried",
			pod:   withInit(nonRoot(podOf(container("app", "uid"))), container("one", "uid"), container("two", "root"), container("three", "uid")),
			want:  []string{"one init container Started", "two init container Failed", "three init container Blocked", "app container Blocked"},
			phase: corev1.PodPending,
		},
		{
			name: "sidecar fails", reason: "on the first start it blocks as an init container does",
			pod:   withInit(nonRoot(podOf(container("app", "uid"))), sidecar(container("side", "root"))),
			want:  []string{"side sidecar Failed", "app container Blocked"},
			phase: corev1.PodPending,
		},
		{
			name: "init undecided", reason: "what follows depends on what is not known",
			pod:   withInit(podOf(container("app", "uid")), container("setup", "other")),
			want:  []string{"setup init container Undecided", "app container Undecided"},
			phase: corev1.PodPending,
		},
		{
			name: "all start", reason: "an init container is taken to succeed",
			pod:   withInit(podOf(container("app", "uid")), container("setup", "uid"), sidecar(container("side", "uid"))),
			want:  []string{"setup init container Started", "side sidecar Started", "app container Started"},
			phase: corev1.PodRunning,
		},
		{
			name: "ephemeral fails", reason: "it has no part in the phase",
			pod:   ephemeral(nonRoot(podOf(container("app", "uid"))), "debug", "root"),
			want:  []string{"app container Started", "debug ephemeral container Failed"},
			phase: corev1.PodRunning,
		},
		{
			name: "sandbox", reason: "a Pod's runAsGroup without runAsUser fails before any container",
			pod: func() *corev1.Pod {
				pod := podOf(container("app", "uid"))
				pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}
				return pod
			}(),
			want:  []string{"app container Blocked"},
			phase: corev1.PodPending,
		},
		{
			name: "other operating system", reason: "the node does not admit the Pod",
			pod: func() *corev1.Pod {
				pod := podOf(container("app", "uid"))
				pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
				return pod
			}(),
			want:  []string{"app container Blocked"},
			phase: corev1.PodFailed,
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := start(t, test.pod)
			var got []string
			for _, c := range outcome.Containers {
				got = append(got, c.Name+" "+c.Kind.String()+" "+c.Verdict.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("containers (-want +got):\n%s", diff)
			}
			if phase := outcome.Status().Phase; phase != test.phase {
				t.Errorf("phase = %s, want %s", phase, test.phase)
			}
			started := true
			for _, c := range outcome.Containers {
				started = started && c.Verdict == simulate.Started
			}
			if (outcome.Err() == nil) != started {
				t.Errorf("Err() = %v, but all started is %v", outcome.Err(), started)
			}
		})
	}
}

func TestErrReadsWellAlone(t *testing.T) {
	pod := withInit(nonRoot(podOf(container("app", "uid"))), container("setup", "root"))
	want := `init container "setup": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "web_default()", container: setup)`
	if diff := cmp.Diff(want, start(t, pod).Err().Error()); diff != "" {
		t.Errorf("init container (-want +got):\n%s", diff)
	}

	pod = podOf(container("app", "uid"))
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsGroup: new(int64(2000))}
	want = `Pod: FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox "<id>": ` +
		`failed to generate sandbox container spec options: failed to generate user string: user group "2000" is specified without user`
	if diff := cmp.Diff(want, start(t, pod).Err().Error()); diff != "" {
		t.Errorf("Pod (-want +got):\n%s", diff)
	}

	want = `container "app": undecided: image "other:latest": the source does not hold the image`
	if diff := cmp.Diff(want, start(t, podOf(container("app", "other"))).Err().Error()); diff != "" {
		t.Errorf("undecided (-want +got):\n%s", diff)
	}

	two := nonRoot(podOf(container("a", "root"), container("b", "app")))
	want = `container "a": CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "web_default()", container: a)
container "b": CreateContainerConfigError: container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "web_default()", container: b)`
	if diff := cmp.Diff(want, start(t, two).Err().Error()); diff != "" {
		t.Errorf("two failures (-want +got):\n%s", diff)
	}
}
