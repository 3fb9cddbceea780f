package simulate_test

import (
	"testing"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// TestProcessIsRemembered pins that what is remembered of an image is not that of
// another request, nor of another node, and nobody's to change.
func TestProcessIsRemembered(t *testing.T) {
	held := imageconfig.Map{"huge:1": imageconfig.Declared("4294967296", accounts), "app:1": imageconfig.Declared("app", accounts)}
	process := func(image, containerd string, pod corev1.PodSecurityContext) identity.Process {
		t.Helper()
		node := simulate.Kubelet{Images: held, Node: simulate.Node{RuntimeVersion: containerd}}
		manifest := podOf(container("app", image))
		manifest.Spec.SecurityContext = &pod
		outcome := node.Start(t.Context(), manifest)
		return outcome.Containers[0].Process
	}
	for range 2 {
		if got := process("huge:1", "2.0.1", corev1.PodSecurityContext{}); !got.UID.Is(0) {
			t.Errorf("uid %v on containerd 2.0.1, want 0: the number is cut to 32 bits", got.UID)
		}
		if _, known := process("huge:1", "2.4.0", corev1.PodSecurityContext{}).UID.Number(); known {
			t.Error("containerd 2.4.0 makes a process of a number that it refuses")
		}
	}
	strict := corev1.PodSecurityContext{SupplementalGroupsPolicy: new(corev1.SupplementalGroupsPolicyStrict)}
	for range 2 {
		if got := len(process("app:1", "2.4.0", strict).Groups); got != 1 {
			t.Errorf("%d groups with the policy Strict, want the primary one", got)
		}
		got := process("app:1", "2.4.0", corev1.PodSecurityContext{})
		if len(got.Groups) != 2 || !got.Groups[0].Is(50) {
			t.Fatalf("groups %v, want 50 of /etc/group and the primary one", got.Groups)
		}
		got.Groups[0] = identity.ID{} // the caller's own
	}
	for gid := range int64(100) { // more than are kept
		for range 2 {
			got := process("app:1", "2.4.0", corev1.PodSecurityContext{FSGroup: new(2000 + gid)})
			if len(got.Groups) != 3 || !got.Groups[2].Is(2000+gid) {
				t.Fatalf("groups %v, want fsGroup %d last", got.Groups, 2000+gid)
			}
		}
	}
}
