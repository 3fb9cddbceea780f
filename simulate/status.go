package simulate

import (
	"cmp"
	"slices"

	"github.com/drystart/drystart/identity"
	corev1 "k8s.io/api/core/v1"
)

// Status returns the status that the kubelet reports after its first try. It has
// no times, no IPs and no container IDs. An undecided container is shown as the
// kubelet shows one that it has not tried yet: waiting.
//
// Source: [generateAPIPodStatus].
//
// [generateAPIPodStatus]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go
func (o Outcome) Status() corev1.PodStatus {
	if o.Failure != nil && o.Failure.Err == ErrPodRejected { //nolint:errorlint // set in one place
		return corev1.PodStatus{
			ObservedGeneration: o.generation(),
			Phase:              corev1.PodFailed,
			Reason:             o.Failure.Reason,
			Message:            "Pod was rejected: " + o.Failure.Message,
		}
	}
	status := corev1.PodStatus{ObservedGeneration: o.generation()}
	for i := range o.Containers {
		c := &o.Containers[i]
		entry := o.containerStatus(c)
		switch c.Kind {
		case Init, Sidecar:
			status.InitContainerStatuses = append(status.InitContainerStatuses, entry)
		case Ephemeral:
			status.EphemeralContainerStatuses = append(status.EphemeralContainerStatuses, entry)
		default:
			status.ContainerStatuses = append(status.ContainerStatuses, entry)
		}
	}
	status.Phase = o.phase()
	status.Conditions = o.conditions(status.Phase)
	sortByName(status.ContainerStatuses)
	sortByName(status.EphemeralContainerStatuses)
	return status
}

// generation is what the kubelet says it has seen of the Pod; 0 where it says
// nothing of that.
func (o Outcome) generation() int64 {
	if o.profile.kubelet != nil && !o.profile.kubelet.observedGeneration {
		return 0
	}
	return o.pod.generation
}

func sortByName(statuses []corev1.ContainerStatus) {
	slices.SortStableFunc(statuses, func(a, b corev1.ContainerStatus) int { return cmp.Compare(a.Name, b.Name) })
}

// containerStatus returns one container's status.
//
// Source: [convertToAPIContainerStatuses].
//
// [convertToAPIContainerStatuses]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go#L2311-L2804
func (o Outcome) containerStatus(c *Container) corev1.ContainerStatus {
	status := corev1.ContainerStatus{
		Name:    c.Name,
		Image:   c.Image,
		State:   o.state(c),
		Ready:   c.ready(),
		Started: new(c.runs()),
	}
	if o.profile.kubelet != nil && o.profile.kubelet.groupsPolicy && o.profile.runtime.groupsPolicy {
		status.User = userOf(*cmp.Or(c.reported, &c.Process))
	}
	if c.startFailed() && c.restart.after(startErrorExitCode) {
		status.LastTerminationState.Terminated = c.end()
	}
	return status
}

// state returns what a container is doing.
func (o Outcome) state(c *Container) corev1.ContainerState {
	switch {
	case c.runs():
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	case c.Verdict == Started, c.startFailed() && !c.restart.after(startErrorExitCode):
		return corev1.ContainerState{Terminated: c.end()}
	case c.Verdict == Failed:
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: c.Failure.Reason, Message: c.Failure.Message}}
	case o.pod.hasInit:
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	default:
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	}
}

// runs reports whether the container's process has started and not ended.
func (c *Container) runs() bool { return c.Verdict == Started && c.ExitCode == nil }

// ready reports whether a container counts as ready: it runs, or it is an init
// container that has succeeded. An ephemeral container never does.
func (c *Container) ready() bool {
	return c.Kind != Ephemeral && (c.runs() || c.Kind == Init && c.Verdict == Started)
}

// startFailed reports whether the container was created but its process could
// not be started. The runtime keeps such a container as one that has ended.
func (c *Container) startFailed() bool {
	return c.Verdict == Failed && c.Failure.Reason == "RunContainerError"
}

// startErrorExitCode is the exit code of a container that was created but not
// started.
//
// Source: [errorStartExitCode].
//
// [errorStartExitCode]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/helpers.go#L46-L51
const startErrorExitCode = 128

// end returns how a container has ended: its process, or the attempt to start it.
func (c *Container) end() *corev1.ContainerStateTerminated {
	switch {
	case c.startFailed():
		return &corev1.ContainerStateTerminated{ExitCode: startErrorExitCode, Reason: "StartError", Message: c.Failure.Message}
	case *c.ExitCode == 0:
		return &corev1.ContainerStateTerminated{Reason: "Completed"}
	default:
		return &corev1.ContainerStateTerminated{ExitCode: *c.ExitCode, Reason: "Error"}
	}
}

// userOf returns a process as the status shows it; nil where no container was
// created.
func userOf(process identity.Process) *corev1.ContainerUser {
	uid, known := process.UID.Number()
	if !known {
		return nil
	}
	gid, _ := process.GID.Number()
	return &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: uid, GID: gid, SupplementalGroups: process.GroupNumbers()}}
}
