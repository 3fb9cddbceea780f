package simulate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestStartRefusals(t *testing.T) {
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		wantReason   string
		wantMessage  string
		wantErr      error
	}{
		{
			name: "root image", reason: "the case that everybody meets first",
			pod:         nonRoot(podOf(container("app", "root"))),
			wantReason:  "CreateContainerConfigError",
			wantMessage: `container has runAsNonRoot and image will run as root (pod: "web_default()", container: app)`,
			wantErr:     identity.ErrImageRunsAsRoot,
		},
		{
			name: "named user", reason: "a name cannot be verified, though this one is uid 1000",
			pod:         nonRoot(podOf(container("app", "app"))),
			wantReason:  "CreateContainerConfigError",
			wantMessage: `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "web_default()", container: app)`,
			wantErr:     identity.ErrImageUserNotNumeric,
		},
		{
			name: "invalid uid", reason: "kubelets since 1.34 refuse what containerd once wrapped to root",
			pod:         nonRoot(podOf(container("app", "huge"))),
			wantReason:  "CreateContainerConfigError",
			wantMessage: `container has runAsNonRoot and image has an invalid user id (4294967296). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive (pod: "web_default()", container: app)`,
			wantErr:     identity.ErrImageUserInvalid,
		},
		{
			name: "runAsUser 0", reason: "the container contradicts the Pod",
			pod: nonRoot(podOf(corev1.Container{
				Name: "app", Image: "uid", SecurityContext: &corev1.SecurityContext{RunAsUser: new(int64(0))},
			})),
			wantReason:  "CreateContainerConfigError",
			wantMessage: `container's runAsUser breaks non-root policy (pod: "web_default()", container: app)`,
			wantErr:     identity.ErrRunAsUserRoot,
		},
		{
			name: "no such user", reason: "without runAsNonRoot the runtime finds out",
			pod:         podOf(container("app", "gone")),
			wantReason:  "CreateContainerError",
			wantMessage: "failed to create containerd container: no users found",
			wantErr:     identity.ErrNoUsersFound,
		},
		{
			name: "uid out of range", reason: "without runAsNonRoot containerd refuses the number",
			pod:         podOf(container("app", "huge")),
			wantReason:  "CreateContainerError",
			wantMessage: `failed to create containerd container: invalid USER value "4294967296": uid out of range`,
			wantErr:     identity.ErrIDOutOfRange,
		},
		{
			name: "invalid image name", reason: "decided before anything is pulled",
			pod:         podOf(container("app", "Nginx")),
			wantReason:  "InvalidImageName",
			wantMessage: `Failed to apply default image tag "Nginx": couldn't parse image name "Nginx": invalid reference format: repository name (library/Nginx) must be lowercase`,
			wantErr:     simulate.ErrInvalidImageName,
		},
		{
			name: "never pulled", reason: "the zero Kubelet has no image present",
			pod:         podOf(corev1.Container{Name: "app", Image: "uid", ImagePullPolicy: corev1.PullNever}),
			wantReason:  "ErrImageNeverPull",
			wantMessage: `Container image "uid" is not present with pull policy of Never`,
			wantErr:     simulate.ErrImageNeverPull,
		},
		{
			name: "unmapped user", reason: "a user namespace ends at 65535",
			pod: func() *corev1.Pod {
				pod := podOf(container("app", "uid"))
				pod.Spec.HostUsers = new(false)
				pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: new(int64(65536))}
				return pod
			}(),
			wantReason:  "RunContainerError",
			wantMessage: "failed to update container IO owner: failed to do idmap to get host ID: container ID 65536 cannot be mapped to a host ID",
			wantErr:     identity.ErrIDNotMapped,
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := start(t, test.pod)
			var failure *simulate.Failure
			if err := outcome.Err(); !errors.As(err, &failure) {
				t.Fatalf("Err() = %v, want a *Failure", err)
			}
			if failure.Reason != test.wantReason {
				t.Errorf("reason = %q, want %q", failure.Reason, test.wantReason)
			}
			if diff := cmp.Diff(test.wantMessage, failure.Message); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if !errors.Is(outcome.Err(), test.wantErr) {
				t.Errorf("errors.Is(%v, %v) = false", outcome.Err(), test.wantErr)
			}
			if got := outcome.Container("app").Verdict; got != simulate.Failed {
				t.Errorf("verdict = %v, want Failed", got)
			}
		})
	}
}

func TestStartSuccess(t *testing.T) {
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		uid, gid     int64
		groups       []int64
	}{
		{
			name: "image's own uid", reason: "the gid comes from the image's /etc/passwd",
			pod: nonRoot(podOf(container("app", "uid"))), uid: 1000, gid: 1000, groups: []int64{50, 1000},
		},
		{
			name: "USER 1000:1000", reason: "the group of an image's USER never reaches the runtime",
			pod: nonRoot(podOf(container("app", "bare"))), uid: 1000, gid: 0, groups: []int64{0},
		},
		{
			name: "runAsUser over a root image", reason: "the gate looks at runAsUser, the image takes no part",
			pod: func() *corev1.Pod {
				pod := nonRoot(podOf(container("app", "root")))
				pod.Spec.SecurityContext.RunAsUser = new(int64(5))
				return pod
			}(),
			uid: 5, gid: 0, groups: []int64{0},
		},
		{
			name: "runAsGroup and fsGroup", reason: "fsGroup joins the supplementary groups",
			pod: func() *corev1.Pod {
				pod := podOf(container("app", "root"))
				pod.Spec.SecurityContext = &corev1.PodSecurityContext{
					RunAsUser: new(int64(1000)), RunAsGroup: new(int64(2000)), FSGroup: new(int64(3000)),
				}
				return pod
			}(),
			uid: 1000, gid: 2000, groups: []int64{50, 2000, 3000},
		},
		{
			name: "Strict", reason: "the policy keeps the image's groups out",
			pod: func() *corev1.Pod {
				pod := podOf(container("app", "app"))
				pod.Spec.SecurityContext = &corev1.PodSecurityContext{
					SupplementalGroupsPolicy: new(corev1.SupplementalGroupsPolicyStrict),
				}
				return pod
			}(),
			uid: 1000, gid: 1000, groups: []int64{1000},
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := start(t, test.pod)
			if err := outcome.Err(); err != nil {
				t.Fatal(err)
			}
			want := &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: test.uid, GID: test.gid, SupplementalGroups: test.groups}}
			if diff := cmp.Diff(want, outcome.Status().ContainerStatuses[0].User); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStartUndecided has what could not be found out: never a success, never a
// failure of the node.
func TestStartUndecided(t *testing.T) {
	failing := func(err error) imageconfig.Source {
		return imageconfig.SourceFunc(func(context.Context, string, v1.Platform) (*imageconfig.Image, error) {
			return nil, err
		})
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	pod := podOf(container("app", "uid"))
	tests := []struct {
		name, reason string
		kubelet      simulate.Kubelet
		ctx          context.Context
		pod          *corev1.Pod
		wantErr      error
	}{
		{name: "no source", reason: "the zero Kubelet knows no image", pod: pod},
		{name: "no Pod", reason: "nil is bad input, not a crash"},
		{name: "no containers", reason: "nothing has started", kubelet: simulate.Kubelet{Images: images}, pod: podOf()},
		{name: "not held", reason: "a map does not know what registries have", kubelet: simulate.Kubelet{Images: images}, pod: podOf(container("app", "other")), wantErr: imageconfig.ErrNotHeld},
		{name: "unreachable", reason: "a node may reach the registry", kubelet: simulate.Kubelet{Images: failing(&imageconfig.Error{Kind: imageconfig.ErrUnreachable})}, pod: pod, wantErr: imageconfig.ErrUnreachable},
		{name: "unauthorized", reason: "a node may have the credentials", kubelet: simulate.Kubelet{Images: failing(&imageconfig.Error{Kind: imageconfig.ErrUnauthorized})}, pod: pod, wantErr: imageconfig.ErrUnauthorized},
		{name: "invalid", reason: "the node's words for it are not known", kubelet: simulate.Kubelet{Images: failing(&imageconfig.Error{Kind: imageconfig.ErrInvalid})}, pod: pod, wantErr: imageconfig.ErrInvalid},
		{name: "neither", reason: "a source that breaks its promise", kubelet: simulate.Kubelet{Images: failing(nil)}, pod: pod},
		{name: "files not known", reason: "the zero Image says nothing of its files", kubelet: simulate.Kubelet{Images: imageconfig.Map{"uid": {Runnable: true}}}, pod: pod},
		{name: "cancelled", reason: "a context that has ended", kubelet: simulate.Kubelet{Images: images}, ctx: cancelled, pod: pod, wantErr: context.Canceled},
		{name: "unknown node", reason: "no answer is better than another node's", kubelet: simulate.Kubelet{Images: images, Node: simulate.Node{Kubelet: "0.1.0"}}, pod: pod},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			outcome := test.kubelet.Start(test.ctx, test.pod)
			var undecided *simulate.UndecidedError
			if err := outcome.Err(); !errors.As(err, &undecided) {
				t.Fatalf("Err() = %v, want an *UndecidedError", err)
			}
			var failure *simulate.Failure
			if errors.As(outcome.Err(), &failure) {
				t.Errorf("undecided is dressed up as the failure %v", failure)
			}
			if test.wantErr != nil && !errors.Is(outcome.Err(), test.wantErr) {
				t.Errorf("errors.Is(%v, %v) = false", outcome.Err(), test.wantErr)
			}
			for _, c := range outcome.Containers {
				if c.Verdict != simulate.Undecided || c.Undecided == nil {
					t.Errorf("container %q is %v because of %v", c.Name, c.Verdict, c.Undecided)
				}
			}
			if phase := outcome.Status().Phase; phase != corev1.PodPending {
				t.Errorf("phase = %s, want Pending", phase)
			}
		})
	}
}

func TestUnknownNodeNamesTheKnownOnes(t *testing.T) {
	outcome := simulate.Kubelet{Node: simulate.Node{Kubelet: "0.1.0"}}.Start(t.Context(), podOf(container("app", "uid")))
	want := "Pod: undecided: node kubernetes 0.1.0, containerd 2.4.0, linux/amd64 is not emulated; " +
		"known are kubernetes 1.28.0 to 1.37.2, containerd 1.6.0 to 2.4.0, cri-o 1.31.0 to 1.36.3, on linux; containerd on windows"
	if diff := cmp.Diff(want, outcome.Err().Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	var unknown *simulate.UnknownNodeError
	if !errors.As(outcome.Err(), &unknown) || unknown.Node.Kubelet != "0.1.0" {
		t.Errorf("errors.As found %v", unknown)
	}
}
