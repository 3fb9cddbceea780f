package imageconfig_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
)

type (
	count  struct{ user string }
	length struct{ user int }
)

func TestDerive(t *testing.T) {
	t.Parallel()
	image, other := imageconfig.Declared("app", nil), imageconfig.Declared("other", nil)
	broken := errors.New("broken")
	if kept, err := imageconfig.Derive(image, func(*imageconfig.Image) (*count, error) { return &count{}, broken }); kept != nil || !errors.Is(err, broken) {
		t.Errorf("there is %v and %v, want the error", kept, err)
	}
	users := func(i *imageconfig.Image) (*count, error) { return &count{i.Config.Config.User}, nil }
	first, err := imageconfig.Derive(image, users)
	if err != nil || first.user != "app" {
		t.Fatalf("there is %v and %v, want a value after an error", first, err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if again, err := imageconfig.Derive(image, users); again != first || err != nil {
				t.Errorf("there is %p and %v, want the first value %p", again, err, first)
			}
		})
	}
	group.Wait()
	if kept, err := imageconfig.Derive(other, users); err != nil || kept.user != "other" {
		t.Errorf("there is %v and %v, want the other image's own", kept, err)
	}
	lengths := func(i *imageconfig.Image) (*length, error) { return &length{len(i.Config.Config.User)}, nil }
	if kept, err := imageconfig.Derive(image, lengths); err != nil || kept.user != 3 {
		t.Errorf("there is %v and %v, want another type's own", kept, err)
	}
}
