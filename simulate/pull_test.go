package simulate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

// messages returns the events' reasons and messages.
func messages(outcome simulate.Outcome) []string {
	var texts []string
	for _, e := range outcome.Events() {
		texts = append(texts, e.Reason+": "+e.Message)
	}
	return texts
}

func TestPull(t *testing.T) {
	answer := func(err error) imageconfig.Source {
		return imageconfig.SourceFunc(func(context.Context, string, v1.Platform) (*imageconfig.Image, error) { return nil, err })
	}
	tests := []struct {
		name, reason string
		kubelet      simulate.Kubelet
		container    corev1.Container
		want         []string
		wantReason   string
	}{
		{
			name: "absent", reason: "the zero Kubelet has no image",
			kubelet: simulate.Kubelet{Images: images}, container: container("app", "uid"),
			want: []string{
				`Pulling: Pulling image "uid"`,
				`Pulled: Successfully pulled image "uid" in <t> (<t> including waiting). Image size: <n> bytes.`,
				`Created: Container created`, `Started: Container started`,
			},
		},
		{
			name: "present by another name", reason: "uid:1 is docker.io/library/uid:1",
			kubelet:   simulate.Kubelet{Images: imageconfig.Map{"uid:1": images["uid"]}, Present: []string{"docker.io/library/uid:1"}},
			container: container("app", "uid:1"),
			want: []string{
				`Pulled: Container image "uid:1" already present on machine and can be accessed by the pod`,
				`Created: Container created`, `Started: Container started`,
			},
		},
		{
			name: "present, but latest", reason: "no tag means latest, and latest is always pulled",
			kubelet: simulate.Kubelet{Images: images, Present: []string{"uid"}}, container: container("app", "uid"),
			want: []string{
				`Pulling: Pulling image "uid"`,
				`Pulled: Successfully pulled image "uid" in <t> (<t> including waiting). Image size: <n> bytes.`,
				`Created: Container created`, `Started: Container started`,
			},
		},
		{
			name: "not found", reason: "what the registry does not have, no node can pull",
			kubelet:   simulate.Kubelet{Images: answer(&imageconfig.Error{Kind: imageconfig.ErrNotFound})},
			container: container("app", "nginx:0"),
			want: []string{
				`Pulling: Pulling image "nginx:0"`,
				`Failed: Failed to pull image "nginx:0": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:0": failed to resolve image: docker.io/library/nginx:0: not found`,
				`Failed: Error: ErrImagePull`,
			},
			wantReason: "ErrImagePull",
		},
		{
			name: "node cannot reach it", reason: "the source knows the node's network",
			kubelet:   simulate.Kubelet{Images: answer(&imageconfig.NodeError{Err: errors.New("dial tcp 192.0.2.1:443: i/o timeout")})},
			container: container("app", "nginx:1"),
			want: []string{
				`Pulling: Pulling image "nginx:1"`,
				`Failed: Failed to pull image "nginx:1": failed to pull and unpack image "docker.io/library/nginx:1": failed to resolve image: failed to do request: Head "https://registry-1.docker.io/v2/library/nginx/manifests/1": dial tcp 192.0.2.1:443: i/o timeout`,
				`Failed: Error: ErrImagePull`,
			},
			wantReason: "ErrImagePull",
		},
		{
			name: "no platform", reason: "containerd's transfer service finds out after the pull",
			kubelet:   simulate.Kubelet{Images: answer(&imageconfig.Error{Kind: imageconfig.ErrNoPlatform, Digest: "sha256:00"})},
			container: container("app", "nginx:1"),
			want: []string{
				`Pulling: Pulling image "nginx:1"`,
				`Failed: Failed to pull image "nginx:1": rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest sha256:00: not found`,
				`Failed: Error: ErrImagePull`,
			},
			wantReason: "ErrImagePull",
		},
		{
			name: "unreachable from here", reason: "the node starts to pull; how that ends is not known",
			kubelet:   simulate.Kubelet{Images: answer(&imageconfig.Error{Kind: imageconfig.ErrUnreachable})},
			container: container("app", "nginx:1"),
			want:      []string{`Pulling: Pulling image "nginx:1"`},
		},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := test.kubelet.Start(t.Context(), podOf(test.container))
			if diff := cmp.Diff(test.want, messages(outcome)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			failure := outcome.Containers[0].Failure
			if test.wantReason == "" {
				if failure != nil {
					t.Errorf("failure = %v, want none", failure)
				}
				return
			}
			if failure == nil || failure.Reason != test.wantReason || !errors.Is(failure, simulate.ErrImagePull) {
				t.Errorf("failure = %v, want %s", failure, test.wantReason)
			}
		})
	}
}

// TestPullOnce checks that an image that one container pulls is there for the
// next, and that the source is asked once.
func TestPullOnce(t *testing.T) {
	asked := 0
	source := imageconfig.SourceFunc(func(_ context.Context, ref string, platform v1.Platform) (*imageconfig.Image, error) {
		asked++
		if ref != "uid:1" || platform.OS != "linux" || platform.Architecture != "amd64" {
			t.Errorf("asked for %q on %v", ref, platform)
		}
		return images["uid"], nil
	})
	outcome := simulate.Kubelet{Images: source}.Start(t.Context(), podOf(container("a", "uid:1"), container("b", "uid:1")))
	want := []string{
		`Pulling: Pulling image "uid:1"`,
		`Pulled: Successfully pulled image "uid:1" in <t> (<t> including waiting). Image size: <n> bytes.`,
		`Created: Container created`, `Started: Container started`,
		`Pulled: Container image "uid:1" already present on machine and can be accessed by the pod`,
		`Created: Container created`, `Started: Container started`,
	}
	if diff := cmp.Diff(want, messages(outcome)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if asked != 1 {
		t.Errorf("the source was asked %d times", asked)
	}
}
