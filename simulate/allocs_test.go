package simulate_test

import (
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	corev1 "k8s.io/api/core/v1"
)

// TestAllocationsOfStart counts the allocations of a start, which whoever tries
// many Pods on many nodes pays for each time. A bound that is higher needs a
// reason that is as good.
func TestAllocationsOfStart(t *testing.T) {
	files := fstest.MapFS{"etc/passwd": accounts["etc/passwd"], "etc/group": {Data: []byte("root:x:0:\n")}}
	held := imageconfig.Map{"app:1": imageconfig.Declared("1000", files), "side:1": imageconfig.Declared("1001", files)}
	tests := []struct {
		name   string
		pod    *corev1.Pod
		bound  float64
		reason string
	}{
		{
			"one container", nonRoot(podOf(container("app", "app:1"))), 5,
			"the Pod's containers, images and events; the container's uid and its groups",
		},
		{
			"several containers", nonRoot(withInit(podOf(container("app", "app:1"), container("side", "side:1")), container("setup", "app:1"))), 10,
			"as above, two for each further container, and the init container's exit code",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node, ctx := simulate.Kubelet{Images: held}, t.Context()
			if err := node.Start(ctx, test.pod).Err(); err != nil { // reads the images' files
				t.Fatal(err)
			}
			if got := testing.AllocsPerRun(100, func() { node.Start(ctx, test.pod) }); got > test.bound {
				t.Errorf("%v allocations, want no more than %v: %s", got, test.bound, test.reason)
			}
		})
	}
}
