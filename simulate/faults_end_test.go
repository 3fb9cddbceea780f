package simulate_test

import (
	"context"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/drystart/drystart/simulate/internal/faulty"
)

// holdingFaults hold a request until the client gives up.
var holdingFaults = []struct {
	name, reason string
	parts        faulty.Part
	answer       faulty.Answer
}{
	{"no answer to a ping", "it is the first request", ping, faulty.Hold},
	{"no token", "nothing is asked without it", faulty.Token, faulty.Hold},
	{"no answer for a tag", "others may wait for the same answer", tag, faulty.Hold},
	{"no answer for a manifest", "others may wait for the same answer", manifest, faulty.Hold},
	{"no answer for a config", "others may wait for the same answer", config, faulty.Hold},
	{"no answer for a layer", "layers are read while the container is created", layer, faulty.Hold},
	{"half a token", "headers are no answer yet", faulty.Token, faulty.Stall},
	{"half a tag's answer", "headers are no answer yet", tag, faulty.Stall},
	{"half a manifest", "headers are no answer yet", manifest, faulty.Stall},
	{"half a config", "headers are no answer yet", config, faulty.Stall},
	{"half a layer", "its files are read as they come", layer, faulty.Stall},
	{"429 for a minute", "the client waits and asks again", tag, faulty.Status(429, "Retry-After", "60")},
	{"503 for a minute", "the client waits and asks again", layer, faulty.Status(503, "Retry-After", "60")},
}

// TestFaultsEndWithContext checks that a Start ends once its context is
// cancelled, whatever the registry does, and that it says so.
func TestFaultsEndWithContext(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range holdingFaults {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			arrived := make(chan struct{}, 1)
			registry := serveFaulty(t, always(test.parts, faulty.Announced(test.answer, arrived)), true)
			ref := pushed(t, registry, "team/app:1", indexed(sample(t), "linux/amd64"))
			transport := newDialer()
			kubelet := simulate.Kubelet{Images: &imageconfig.Registry{Transport: transport}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan string, 1)
			go func() { ended <- outcomeOf(kubelet.Start(ctx, podOf(container("app", ref)))) }()

			select {
			case <-arrived:
			case got := <-ended:
				t.Fatalf("%s, before the context ended", got)
			}
			cancel()
			if got, want := <-ended, "undecided: context canceled"; got != want {
				t.Errorf("outcome = %s, want %s", got, want)
			}
			wantNoConnection(t, transport)
			wantNoGoroutine(t)
		})
	}
}
