package simulate_test

import (
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// TestConcurrentStarts starts one Pod many times at once, on one Kubelet whose
// images read their layers on demand. Run it with -race.
func TestConcurrentStarts(t *testing.T) {
	layered, err := random.Image(1<<16, 3)
	if err != nil {
		t.Fatal(err)
	}
	image, err := imageconfig.FromV1(layered)
	if err != nil {
		t.Fatal(err)
	}
	image.Config.Config = v1.Config{User: "1000", Entrypoint: []string{"/nope"}}
	node := simulate.Kubelet{Images: imageconfig.Map{"random": image, "uid": images["uid"]}}
	pod := withInit(nonRoot(podOf(container("app", "random"), container("b", "uid"))), container("setup", "uid"))
	before := pod.DeepCopy()
	want := node.Start(t.Context(), pod)

	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			got := node.Start(t.Context(), pod)
			if diff := cmp.Diff(want.Status(), got.Status()); diff != "" {
				t.Errorf("status (-first +other):\n%s", diff)
			}
			if diff := cmp.Diff(want.Events(), got.Events()); diff != "" {
				t.Errorf("events (-first +other):\n%s", diff)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(before, pod); diff != "" {
		t.Errorf("the Pod was changed (-before +after):\n%s", diff)
	}
}
