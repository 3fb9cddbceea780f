package simulate_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/drystart/drystart/simulate/internal/faulty"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	loadPods    = 1000
	loadImages  = 200
	loadWorkers = 32
)

// loadFaults are temporary. Few are resets: these are waited for.
var loadFaults = slices.Concat([]faulty.Answer{
	faulty.Reset,
	faulty.CutChunked,
	faulty.Header("Content-Type", "text/html"),
	faulty.Instead("text/html", "<html>"),
	faulty.Status(401),
	faulty.Status(403),
	faulty.Redirect(307, faulty.Itself),
	faulty.Redirect(307, faulty.Moved),
}, slices.Repeat([]faulty.Answer{
	faulty.Altered,
	faulty.Cut,
	faulty.Status(429, "Retry-After", "0"),
	faulty.Status(500, "Retry-After", "0"),
	faulty.Status(503, "Retry-After", "0"),
}, 4))

// TestLoad starts many Pods at once from one registry of which every third answer
// is wrong. Whatever is decided is what it is without faults, and what is not can
// be decided later, by the same source.
func TestLoad(t *testing.T) {
	registry := serveFaulty(t, nil, true)
	refs := pushLoad(t, registry)
	want := startAll(t, &imageconfig.Registry{}, refs)
	for verdict, least := range map[string]int{"Started": 1, "CreateContainerError": 2, "RunContainerError": 1, "ErrImagePull": 2} {
		isSo := func(outcome string) bool { return !strings.HasPrefix(outcome, verdict) }
		if got := len(slices.DeleteFunc(slices.Clone(want), isSo)); got < least*loadImages/6 {
			t.Errorf("without faults %d Pods are %s, want %d", got, verdict, least*loadImages/6)
		}
	}
	pods, wantPods := make([]string, loadPods), make([]string, loadPods)
	for n := range pods {
		image := n / 2 % loadImages // two at a time ask for the same
		pods[n], wantPods[n] = refs[image], want[image]
	}

	registry.Follow(faulty.Third(faulty.Everything, loadFaults...))
	source := &imageconfig.Registry{}
	var undecided, wantUndecided []string
	for n, got := range startAll(t, source, pods) {
		switch {
		case strings.HasPrefix(got, "undecided: "):
			undecided = append(undecided, pods[n])
			wantUndecided = append(wantUndecided, wantPods[n])
		case got != wantPods[n]:
			t.Errorf("%s with faults: %s, want %s", pods[n], got, wantPods[n])
		}
	}
	all, faults := registry.Requests()
	t.Logf("%d of %d requests had a fault, %d of %d Pods are undecided", faults, all, len(undecided), loadPods)
	if faults < all/4 || len(undecided) == 0 || len(undecided) > loadPods/2 {
		t.Errorf("%d of %d requests had a fault, %d Pods are undecided", faults, all, len(undecided))
	}

	registry.Follow(nil)
	for n, got := range startAll(t, source, undecided) {
		if got != wantUndecided[n] {
			t.Errorf("%s once more: %s, want %s", undecided[n], got, wantUndecided[n])
		}
	}
	wantNoGoroutine(t)
}

// startAll starts a Pod of each image, some at a time, and returns their outcomes.
func startAll(t *testing.T, source imageconfig.Source, refs []string) []string {
	t.Helper()
	outcomes := make([]string, len(refs))
	kubelet := simulate.Kubelet{Images: source}
	next := make(chan int)
	var group sync.WaitGroup
	for range loadWorkers {
		group.Go(func() {
			for n := range next {
				outcomes[n] = outcomeOf(kubelet.Start(t.Context(), podOf(container("app", refs[n]))))
			}
		})
	}
	for n := range refs {
		next <- n
	}
	close(next)
	group.Wait()
	return outcomes
}

// pushLoad pushes the images and returns their references. All share a layer; a
// sixth is not there.
func pushLoad(t *testing.T, registry *faulty.Registry) []string {
	t.Helper()
	users := layerOf(t, map[string]string{"etc/passwd": "app:x:1000:1000::/:/bin/sh\n"})
	refs := make([]string, loadImages)
	for n := range refs {
		tool := layerOf(t, map[string]string{"bin/tool": fmt.Sprintf("#!%d\n", n)})
		image := func(user string, command ...string) v1.Image {
			config := v1.Config{User: user, Entrypoint: command, Labels: map[string]string{"n": fmt.Sprint(n)}}
			return layered(t, config, users, tool)
		}
		path := fmt.Sprintf("team/app%d:1", n)
		switch n % 6 {
		case 0:
			refs[n] = pushed(t, registry, path, indexed(image("app", "/bin/tool"), "linux/amd64"))
		case 1:
			refs[n] = pushed(t, registry, path, image("ghost", "/bin/tool"))
		case 2:
			refs[n] = pushed(t, registry, path, image("app", "/bin/gone"))
		case 3:
			refs[n] = pushed(t, registry, path, image("app"))
		case 4:
			refs[n] = pushed(t, registry, path, indexed(image("app", "/bin/tool"), "linux/s390x"))
		default:
			refs[n] = registry.Host + "/" + path
		}
	}
	return refs
}
