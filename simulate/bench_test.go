package simulate_test

import (
	"testing"

	"github.com/drystart/drystart/simulate"
)

// BenchmarkStart starts a Pod with an init container and two others, everything
// in memory.
func BenchmarkStart(b *testing.B) {
	node := simulate.Kubelet{Images: images}
	pod := withInit(podOf(container("app", "app"), container("side", "uid")), container("setup", "uid"))
	b.ReportAllocs()
	for b.Loop() {
		if err := node.Start(b.Context(), pod).Err(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStartRefused starts a Pod that the kubelet refuses, and asks for all
// that a cluster would show.
func BenchmarkStartRefused(b *testing.B) {
	node := simulate.Kubelet{Images: images}
	pod := nonRoot(podOf(container("app", "root")))
	b.ReportAllocs()
	for b.Loop() {
		outcome := node.Start(b.Context(), pod)
		if outcome.Err() == nil || len(outcome.Status().Conditions) == 0 || len(outcome.Events()) == 0 {
			b.Fatal("the Pod starts")
		}
	}
}
