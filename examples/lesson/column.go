package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// statusColumn returns the STATUS column of "kubectl get pod".
//
// Source: [printPod].
//
// [printPod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/printers/internalversion/printers.go#L967-L1108
func statusColumn(status corev1.PodStatus) string {
	column := string(status.Phase)
	if status.Reason != "" {
		column = status.Reason
	}
	if init := initColumn(status.InitContainerStatuses); init != "" {
		return init
	}
	running := false
	for i := len(status.ContainerStatuses) - 1; i >= 0; i-- { // the first container has the last word
		state := status.ContainerStatuses[i].State
		switch {
		case state.Waiting != nil && state.Waiting.Reason != "":
			column = state.Waiting.Reason
		case state.Terminated != nil:
			column = firstOf(state.Terminated.Reason, fmt.Sprintf("ExitCode:%d", state.Terminated.ExitCode))
		case state.Running != nil && status.ContainerStatuses[i].Ready:
			running = true
		}
	}
	if column == "Completed" && running {
		return "NotReady"
	}
	return column
}

// initColumn returns what the column says while init containers are not done;
// empty when they are.
func initColumn(statuses []corev1.ContainerStatus) string {
	for i, c := range statuses {
		switch {
		case c.State.Terminated != nil && c.State.Terminated.ExitCode == 0:
		case c.State.Running != nil && c.Started != nil && *c.Started:
		case c.State.Terminated != nil:
			return "Init:" + firstOf(c.State.Terminated.Reason, fmt.Sprintf("ExitCode:%d", c.State.Terminated.ExitCode))
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			return "Init:" + c.State.Waiting.Reason
		default:
			return fmt.Sprintf("Init:%d/%d", i, len(statuses))
		}
	}
	return ""
}

// readyCount returns the two numbers of the READY column. A sidecar that runs
// counts in both; one that does not only in the second.
func readyCount(status corev1.PodStatus) (ready, total int) {
	for _, c := range status.ContainerStatuses {
		total++
		if c.Ready {
			ready++
		}
	}
	for _, c := range status.InitContainerStatuses {
		if c.State.Running != nil {
			ready++
			total++
		}
	}
	return ready, total
}
