package simulate_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// platformSource is a source that lists platforms and counts what it is asked.
type platformSource struct {
	imageconfig.Map
	asked atomic.Int64
}

func (s *platformSource) Image(ctx context.Context, ref string, platform v1.Platform) (*imageconfig.Image, error) {
	s.asked.Add(1)
	return s.Map.Image(ctx, ref, platform)
}

func (s *platformSource) Platforms(context.Context, string) ([]v1.Platform, error) {
	return []v1.Platform{
		{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"},
		{OS: "linux", Architecture: "arm", Variant: "v7"}, {OS: "windows", Architecture: "amd64"},
	}, nil
}

func TestMatrix(t *testing.T) {
	source := &platformSource{Map: images}
	matrix := simulate.Matrix{
		Images: source, AllPlatforms: true,
		Nodes: []simulate.Node{{Kubelet: "1.33.0"}, {Kubelet: "1.34.0"}},
	}
	var got []string
	for _, outcome := range matrix.Start(t.Context(), nonRoot(podOf(container("a", "huge"), container("b", "huge")))) {
		got = append(got, outcome.Node.Kubelet+" "+outcome.Node.Arch+" "+outcome.Containers[0].Failure.Reason)
	}
	want := []string{
		"1.33.0 amd64 CreateContainerError", "1.33.0 arm64 CreateContainerError", "1.33.0 arm/v7 CreateContainerError",
		"1.34.0 amd64 CreateContainerConfigError", "1.34.0 arm64 CreateContainerConfigError", "1.34.0 arm/v7 CreateContainerConfigError",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if asked := source.asked.Load(); asked != 3 {
		t.Errorf("the source was asked %d times for one image on three platforms", asked)
	}
}

func TestMatrixWithoutSource(t *testing.T) {
	outcomes := simulate.Matrix{Nodes: []simulate.Node{{}, {Runtime: "cri-o"}}}.Start(t.Context(), podOf(container("a", "uid")))
	for _, outcome := range outcomes {
		if got := outcome.Containers[0].Verdict; got != simulate.Undecided {
			t.Errorf("%v: verdict = %v, want Undecided", outcome.Node, got)
		}
	}
	if len(outcomes) != 2 {
		t.Errorf("%d outcomes, want 2", len(outcomes))
	}
}

// TestNodes checks that each listed node can be emulated and is there once, the
// newest first.
func TestNodes(t *testing.T) {
	nodes := simulate.Nodes()
	if first := nodes[0]; first != (simulate.Node{Kubelet: "1.37.2", Runtime: "containerd", RuntimeVersion: "2.4.0", OS: "linux", Arch: "amd64"}) {
		t.Errorf("the first node is %v", first)
	}
	for i, node := range nodes {
		if slices.Contains(nodes[:i], node) {
			t.Errorf("%v is there twice", node)
		}
		outcome := simulate.Kubelet{Images: images, Node: node}.Start(t.Context(), podOf(container("app", "uid")))
		if err := outcome.Err(); err != nil || outcome.Nearest != "" {
			t.Errorf("%v: %v, %q", node, err, outcome.Nearest)
		}
	}
}
