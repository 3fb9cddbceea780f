package simulate_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

// FuzzStart starts any Pod that decodes. Its properties:
//
//   - Nothing panics, and the Pod is not changed.
//   - The same Pod has the same outcome.
//   - Err is nil if and only if every container started.
//   - No container starts whose image is not known.
//   - The status and the events agree with the containers: see checkAgreement.
func FuzzStart(f *testing.F) {
	for _, seed := range []string{
		`{"spec":{"containers":[{"name":"a","image":"known/app:1"}]}}`,
		`{"metadata":{"name":"web"},"spec":{"securityContext":{"runAsNonRoot":true,"runAsGroup":0,"fsGroup":-1},"containers":[{"name":"a","image":"known/1000"}]}}`,
		`{"spec":{"initContainers":[{"name":"i","image":"known/root","restartPolicy":"Always"},{"name":"i","image":"other"}],"containers":[{"name":"a","image":"known/app"}]}}`,
		`{"spec":{"hostUsers":false,"restartPolicy":"Never","containers":[{"name":"a","image":"known/4294967296","securityContext":{"runAsUser":70000}}]}}`,
		`{"spec":{"os":{"name":"windows"},"containers":[{"name":"a","image":"UPPER","imagePullPolicy":"Never"}]}}`,
		`{"spec":{"containers":[{"name":"a","image":"known/app","command":["$(X)"],"workingDir":"x","volumeMounts":[{"name":"v","mountPath":"/"}]}],"ephemeralContainers":[{"name":"e","image":"gone/x"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	node := simulate.Kubelet{Images: imageconfig.SourceFunc(fuzzImages), Present: []string{"known/app", "", "UPPER"}}
	f.Fuzz(func(t *testing.T, content []byte) {
		var pod *corev1.Pod
		if json.Unmarshal(content, &pod) != nil {
			t.Skip("not a Pod")
		}
		before := pod.DeepCopy()
		outcome := node.Start(t.Context(), pod)
		if diff := cmp.Diff(before, pod); diff != "" {
			t.Fatalf("the Pod was changed (-before +after):\n%s", diff)
		}
		again := node.Start(t.Context(), pod)
		if diff := cmp.Diff(outcome.Status(), again.Status()); diff != "" {
			t.Fatalf("the same Pod has another status (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(outcome.Events(), again.Events()); diff != "" {
			t.Fatalf("the same Pod has other events (-first +second):\n%s", diff)
		}
		checkAgreement(t, outcome)
	})
}

// fuzzImages knows the images of one registry, whose USER is their name; another
// has no images, and nothing is known of the rest.
func fuzzImages(_ context.Context, ref string, _ v1.Platform) (*imageconfig.Image, error) {
	if user, ok := strings.CutPrefix(ref, "known/"); ok {
		user, _, _ = strings.Cut(user, ":")
		return imageconfig.Declared(strings.TrimPrefix(user, "root"), accounts), nil
	}
	if strings.HasPrefix(ref, "gone/") {
		return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrNotFound}
	}
	return nil, &imageconfig.Error{Reference: ref, Kind: imageconfig.ErrUnreachable}
}

// checkAgreement fails unless what an outcome says of its containers, its status
// and its events are the same facts.
func checkAgreement(t *testing.T, outcome simulate.Outcome) {
	t.Helper()
	started, failed := 0, 0
	for _, c := range outcome.Containers {
		if (c.Verdict == simulate.Failed) != (c.Failure != nil) || (c.Verdict == simulate.Undecided) != (c.Undecided != nil) {
			t.Fatalf("%q is %v with failure %v and undecided %v", c.Name, c.Verdict, c.Failure, c.Undecided)
		}
		if _, known := c.Process.UID.Number(); c.Verdict == simulate.Started && !known {
			t.Fatalf("%q started, but nobody knows as whom", c.Name)
		}
		if c.Verdict == simulate.Started {
			started++
			if !strings.HasPrefix(c.Image, "known/") {
				t.Fatalf("%q started with the unknown image %q", c.Name, c.Image)
			}
		}
		if c.Verdict == simulate.Failed {
			failed++
		}
	}
	if (outcome.Err() == nil) != (started == len(outcome.Containers) && started > 0) {
		t.Fatalf("Err() = %v, but %d of %d containers started", outcome.Err(), started, len(outcome.Containers))
	}
	checkStatus(t, outcome, started)
	events := map[string]int{}
	for _, e := range outcome.Events() {
		events[e.Reason]++
	}
	if events["Started"] != started {
		t.Fatalf("%d events say Started, %d containers did", events["Started"], started)
	}
	if failed == 0 && events["Failed"] > 0 || failed > 0 && events["Failed"] < failed {
		t.Fatalf("%d events say Failed, %d containers did", events["Failed"], failed)
	}
}

// checkStatus fails unless the status shows as many processes as started.
func checkStatus(t *testing.T, outcome simulate.Outcome, started int) {
	t.Helper()
	status := outcome.Status()
	if outcome.Failure != nil && started > 0 {
		t.Fatalf("%d containers started in a Pod that failed with %v", started, outcome.Failure)
	}
	shown := 0
	for _, statuses := range [][]corev1.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses} {
		for _, s := range statuses {
			if s.State.Running != nil || s.State.Terminated != nil && s.State.Terminated.Reason == "Completed" {
				shown++
			}
			if s.State.Running == nil && s.State.Terminated == nil && s.Ready {
				t.Fatalf("%q waits and is ready", s.Name)
			}
		}
	}
	if shown != started {
		t.Fatalf("the status shows %d processes that started, the outcome has %d", shown, started)
	}
	if outcome.Err() == nil && status.Phase != corev1.PodRunning {
		t.Fatalf("all started, but the phase is %s", status.Phase)
	}
}
