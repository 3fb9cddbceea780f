package simulate_test

import (
	"archive/tar"
	"testing"

	"github.com/drystart/drystart/imageconfig"
	"github.com/drystart/drystart/simulate"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"
)

// startError starts a Pod whose containers named "app" are created but cannot be
// started.
func startError(t *testing.T, pod *corev1.Pod) simulate.Outcome {
	t.Helper()
	known := imageconfig.Map{
		"ok":  images["uid"],
		"bad": built(t, v1.Config{User: "1000", Entrypoint: []string{"/nope"}}, tar.Header{Name: "etc/", Typeflag: tar.TypeDir}),
	}
	return simulate.Kubelet{Images: known}.Start(t.Context(), pod)
}

func TestPhase(t *testing.T) {
	with := func(policy corev1.RestartPolicy, pod *corev1.Pod) *corev1.Pod {
		pod.Spec.RestartPolicy = policy
		return pod
	}
	own := func(policy corev1.ContainerRestartPolicy, rules ...corev1.ContainerRestartRule) corev1.Container {
		return corev1.Container{Name: "app", Image: "bad", RestartPolicy: &policy, RestartPolicyRules: rules}
	}
	onExitCode := corev1.ContainerRestartRule{
		Action:    corev1.ContainerRestartRuleActionRestart,
		ExitCodes: &corev1.ContainerRestartRuleOnExitCodes{Operator: corev1.ContainerRestartRuleOnExitCodesOpIn, Values: []int32{128}},
	}
	tests := []struct {
		name, reason string
		pod          *corev1.Pod
		ended        map[string]int32
		want         corev1.PodPhase
		state        string
	}{
		{name: "start error, Always", reason: "the runtime has a container, which will be tried again", pod: podOf(container("app", "bad")), want: corev1.PodRunning, state: "waiting RunContainerError after StartError"},
		{name: "start error, OnFailure", reason: "exit code 128 is a failure", pod: with(corev1.RestartPolicyOnFailure, podOf(container("app", "bad"))), want: corev1.PodRunning, state: "waiting RunContainerError after StartError"},
		{name: "start error, Never", reason: "nothing runs or will", pod: with(corev1.RestartPolicyNever, podOf(container("app", "bad"))), want: corev1.PodFailed, state: "terminated StartError"},
		{name: "start error, Never, sibling", reason: "the other container runs", pod: with(corev1.RestartPolicyNever, podOf(container("app", "bad"), container("b", "ok"))), want: corev1.PodRunning, state: "terminated StartError"},
		{name: "start error, container's own policy", reason: "it wins over the Pod's", pod: podOf(own(corev1.ContainerRestartPolicyNever)), want: corev1.PodFailed, state: "terminated StartError"},
		{name: "start error, container's rule", reason: "a rule for the exit code wins over its policy", pod: podOf(own(corev1.ContainerRestartPolicyNever, onExitCode)), want: corev1.PodRunning, state: "waiting RunContainerError after StartError"},
		{name: "init start error, Never", reason: "the Pod cannot be initialized any more", pod: with(corev1.RestartPolicyNever, withInit(podOf(container("app", "ok")), container("setup", "bad"))), want: corev1.PodFailed, state: "waiting PodInitializing"},
		{name: "init start error, Always", reason: "it is tried again", pod: withInit(podOf(container("app", "ok")), container("setup", "bad")), want: corev1.PodPending, state: "waiting PodInitializing"},
		{name: "ended with 0, Never", reason: "all have succeeded", pod: with(corev1.RestartPolicyNever, podOf(container("app", "ok"))), ended: map[string]int32{"app": 0}, want: corev1.PodSucceeded, state: "terminated Completed"},
		{name: "ended with 1, Never", reason: "one has failed", pod: with(corev1.RestartPolicyNever, podOf(container("app", "ok"))), ended: map[string]int32{"app": 1}, want: corev1.PodFailed, state: "terminated Error"},
		{name: "ended with 0, OnFailure", reason: "success is not started again", pod: with(corev1.RestartPolicyOnFailure, podOf(container("app", "ok"))), ended: map[string]int32{"app": 0}, want: corev1.PodSucceeded, state: "terminated Completed"},
		{name: "ended with 137, Always", reason: "it will be started again", pod: podOf(container("app", "ok")), ended: map[string]int32{"app": 137}, want: corev1.PodRunning, state: "terminated Error"},
		{name: "ended, but never started", reason: "what never started cannot end", pod: nonRoot(podOf(container("app", "bad"))), ended: map[string]int32{"app": 1, "other": 1}, want: corev1.PodRunning, state: "waiting RunContainerError after StartError"},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		checkTable(t, seen, test.name, test.reason)
		t.Run(test.name, func(t *testing.T) {
			outcome := startError(t, test.pod)
			for name, code := range test.ended {
				outcome = outcome.Ended(name, code)
			}
			status := outcome.Status()
			if status.Phase != test.want {
				t.Errorf("phase = %s, want %s", status.Phase, test.want)
			}
			if diff := cmp.Diff(test.state, stateOf(status.ContainerStatuses[0])); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

// stateOf returns a container's state and its last one as words.
func stateOf(status corev1.ContainerStatus) string {
	words := func(state corev1.ContainerState) string {
		switch {
		case state.Waiting != nil:
			return "waiting " + state.Waiting.Reason
		case state.Terminated != nil:
			return "terminated " + state.Terminated.Reason
		default:
			return "running"
		}
	}
	if status.LastTerminationState.Terminated == nil {
		return words(status.State)
	}
	return words(status.State) + " after " + status.LastTerminationState.Terminated.Reason
}

func TestStatusOfAStartedPod(t *testing.T) {
	pod := podOf(container("b", "uid"), container("a", "uid"))
	pod.Generation = 7
	pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	status := start(t, pod).Status()
	user := &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: 1000, GID: 1000, SupplementalGroups: []int64{50, 1000}}}
	running := func(name string) corev1.ContainerStatus {
		return corev1.ContainerStatus{
			Name: name, Image: "uid", Ready: true, Started: new(true), User: user,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}
	}
	want := corev1.PodStatus{
		ObservedGeneration: 7,
		Phase:              corev1.PodRunning,
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue, ObservedGeneration: 7},
			{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, ObservedGeneration: 7},
			{
				Type: corev1.PodReady, Status: corev1.ConditionFalse, ObservedGeneration: 7, Reason: "ReadinessGatesNotReady",
				Message: `corresponding condition of pod readiness gate "example.com/gate" does not exist.`,
			},
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, ObservedGeneration: 7},
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, ObservedGeneration: 7},
		},
		ContainerStatuses: []corev1.ContainerStatus{running("a"), running("b")}, // by name
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestStatusOfARejectedPod(t *testing.T) {
	pod := podOf(container("app", "uid"))
	pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
	want := corev1.PodStatus{
		Phase: corev1.PodFailed, Reason: "PodOSNotSupported",
		Message: "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
	}
	if diff := cmp.Diff(want, start(t, pod).Status()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
