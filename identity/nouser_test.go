package identity_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/drystart/drystart/identity"
)

// TestNoUser makes sure that a request that says nothing is nobody, not root.
func TestNoUser(t *testing.T) {
	for name, runtime := range map[string]identity.Runtime{"containerd": identity.Containerd{}, "CRI-O": identity.CRIO{}} {
		process, err := runtime.Process(fstest.MapFS{}, identity.Request{})
		if _, known := process.UID.Number(); known || !errors.Is(err, identity.ErrNoUser) {
			t.Errorf("%s: %v, %v", name, process, err)
		}
		request := identity.Request{RunAsUser: identity.NewID(5, identity.Origin{}), SupplementalGroups: []identity.ID{{}}}
		process, err = runtime.Process(fstest.MapFS{}, request)
		if err != nil || len(process.Groups) != 1 {
			t.Errorf("%s: an unknown group became one: %v, %v", name, process, err)
		}
	}
}
