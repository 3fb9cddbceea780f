package simulate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestParseNode(t *testing.T) {
	tests := []struct {
		name, reason string
		text         string
		want         simulate.Node
		wantErr      string // part of the error
	}{
		{name: "both", reason: "the usual text", text: "kubernetes 1.34.4, containerd 1.7.34", want: simulate.Node{Kubelet: "1.34.4", Runtime: "containerd", RuntimeVersion: "1.7.34", OS: "linux", Arch: "amd64"}},
		{name: "short", reason: "the rest is that of the newest node", text: "kubernetes 1.33", want: simulate.Node{Kubelet: "1.33", Runtime: "containerd", RuntimeVersion: "2.4.0", OS: "linux", Arch: "amd64"}},
		{name: "v", reason: "as kubectl prints it", text: "kubelet v1.35.4,cri-o v1.35.0", want: simulate.Node{Kubelet: "1.35.4", Runtime: "cri-o", RuntimeVersion: "1.35.0", OS: "linux", Arch: "amd64"}},
		{name: "platform", reason: "architecture with its variant", text: "linux/arm/v7", want: simulate.Node{Kubelet: "1.37.2", Runtime: "containerd", RuntimeVersion: "2.4.0", OS: "linux", Arch: "arm/v7"}},
		{name: "Windows", reason: "the other operating system", text: "kubernetes 1.37.2, windows/amd64", want: simulate.Node{Kubelet: "1.37.2", Runtime: "containerd", RuntimeVersion: "2.4.0", OS: "windows", Arch: "amd64"}},
		{name: "own patch", reason: "clouds add to the release", text: "kubernetes 1.31.4-gke.1256, containerd 1.7.24", want: simulate.Node{Kubelet: "1.31.4-gke.1256", Runtime: "containerd", RuntimeVersion: "1.7.24", OS: "linux", Arch: "amd64"}},
		{name: "too old", reason: "nothing older is known", text: "kubernetes 1.27.0", wantErr: "known are kubernetes 1.28.0 to 1.37.2"},
		{name: "other runtime", reason: "it is not emulated", text: "docker 28.0", wantErr: `"docker 28.0" in "docker 28.0" is not understood; known are`},
		{name: "no release", reason: "text instead of a number", text: "kubernetes new", wantErr: `kubernetes "new" is no release`},
		{name: "twice", reason: "which one would count?", text: "kubernetes 1.33, kubernetes 1.34", wantErr: `"kubernetes 1.34"`},
		{name: "empty", reason: "nothing was said", text: "", wantErr: `"" in "" is not understood`},
		{name: "CRI-O on Windows", reason: "there is none", text: "cri-o 1.36.0, windows/amd64", wantErr: "is not emulated"},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			got, err := simulate.ParseNode(test.text)
			if test.wantErr != "" {
				var unknown *simulate.UnknownNodeError
				if !errors.As(err, &unknown) || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("error = %v, want %q", err, test.wantErr)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("node (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestNodeOf(t *testing.T) {
	object := &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{
		KubeletVersion: "v1.33.5-eks-113cf36", ContainerRuntimeVersion: "containerd://1.7.28",
		OperatingSystem: "linux", Architecture: "arm64",
	}}}
	got, err := simulate.NodeOf(object)
	want := simulate.Node{Kubelet: "1.33.5-eks-113cf36", Runtime: "containerd", RuntimeVersion: "1.7.28", OS: "linux", Arch: "arm64"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("node (-want +got), %v:\n%s", err, diff)
	}
	object.Status.NodeInfo.ContainerRuntimeVersion = "docker://28.0.0"
	var unknown *simulate.UnknownNodeError
	if _, err := simulate.NodeOf(object); !errors.As(err, &unknown) {
		t.Errorf("error = %v, want an *UnknownNodeError", err)
	}
}

// TestNearest checks that a release that is newer than all known ones is
// emulated, and that the outcome says so.
func TestNearest(t *testing.T) {
	tests := []struct {
		name, reason string
		node         simulate.Node
		want         string
	}{
		{name: "known", reason: "nothing to say", node: simulate.Node{Kubelet: "1.36.9"}},
		{name: "newer patch", reason: "patch releases come all the time", node: simulate.Node{Kubelet: "1.37.9", RuntimeVersion: "2.4.7"}},
		{name: "newer kubelet", reason: "nobody has looked at it", node: simulate.Node{Kubelet: "1.39.0"}, want: "kubernetes 1.39.0 is not known and taken for 1.37.2"},
		{name: "newer both", reason: "each is named", node: simulate.Node{Kubelet: "2.0.0", RuntimeVersion: "3.1.0"}, want: "kubernetes 2.0.0 is not known and taken for 1.37.2; containerd 3.1.0 is not known and taken for 2.4.0"},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := simulate.Kubelet{Images: images, Node: test.node}.Start(t.Context(), podOf(container("app", "uid")))
			if diff := cmp.Diff(test.want, outcome.Nearest); diff != "" || outcome.Err() != nil {
				t.Errorf("nearest (-want +got), %v:\n%s", outcome.Err(), diff)
			}
		})
	}
}
