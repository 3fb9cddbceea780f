package simulate

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// conditions returns the Pod's conditions in the kubelet's order.
//
// Source: [status/generate.go].
//
// [status/generate.go]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/status/generate.go
func (o Outcome) conditions(phase corev1.PodPhase) []corev1.PodCondition {
	containersReady := o.containersReady(phase)
	conditions := []corev1.PodCondition{
		o.readyToStart(),
		o.initialized(phase),
		o.ready(containersReady),
		containersReady,
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
	}
	for i := range conditions {
		conditions[i].ObservedGeneration = o.generation()
	}
	if o.profile.kubelet != nil && !o.profile.kubelet.sandboxCondition {
		return conditions[1:]
	}
	return conditions
}

// terminal has the reason that conditions have in a phase that is the last.
var terminal = map[corev1.PodPhase]string{
	corev1.PodSucceeded: "PodCompleted",
	corev1.PodFailed:    "PodFailed",
}

// readyToStart is whether the Pod has a sandbox.
func (o Outcome) readyToStart() corev1.PodCondition {
	condition := corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue}
	if o.Failure != nil || o.Undecided != nil {
		condition.Status = corev1.ConditionFalse
	}
	if o.Failure != nil {
		condition.Reason, condition.Message = o.profile.kubelet.noSandboxReason, o.profile.kubelet.noSandboxMessage
	}
	return condition
}

// initialized is whether all init containers have succeeded and all sidecars
// run, or a regular container has been started.
func (o Outcome) initialized(phase corev1.PodPhase) corev1.PodCondition {
	if phase == corev1.PodSucceeded {
		return corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, Reason: terminal[phase]}
	}
	var incomplete []string
	for i := range o.Containers {
		c := &o.Containers[i]
		if (c.Kind == Init || c.Kind == Sidecar) && c.Verdict != Started {
			incomplete = append(incomplete, c.Name)
		}
	}
	if len(incomplete) == 0 {
		return corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue}
	}
	return corev1.PodCondition{
		Type: corev1.PodInitialized, Status: corev1.ConditionFalse, Reason: "ContainersNotInitialized",
		Message: fmt.Sprintf("containers with incomplete status: %s", incomplete),
	}
}

// containersReady is whether all sidecars and regular containers are ready.
func (o Outcome) containersReady(phase corev1.PodPhase) corev1.PodCondition {
	condition := corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionFalse}
	if reason, over := terminal[phase]; over {
		condition.Reason = reason
		return condition
	}
	var unready []string
	for i := range o.Containers {
		c := &o.Containers[i]
		if (c.Kind == Sidecar || c.Kind == Regular) && !c.ready() {
			unready = append(unready, c.Name)
		}
	}
	if len(unready) == 0 {
		condition.Status = corev1.ConditionTrue
		return condition
	}
	condition.Reason = "ContainersNotReady"
	condition.Message = fmt.Sprintf("containers with unready status: %s", unready)
	return condition
}

// ready is whether the containers are, and all readiness gates are met. Nobody
// sets a gate's condition here, so a Pod with gates is not ready.
func (o Outcome) ready(containersReady corev1.PodCondition) corev1.PodCondition {
	condition := containersReady
	condition.Type = corev1.PodReady
	if condition.Status != corev1.ConditionTrue || len(o.pod.readinessGates) == 0 {
		return condition
	}
	var messages []string
	for _, gate := range o.pod.readinessGates {
		messages = append(messages, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate))
	}
	condition.Status = corev1.ConditionFalse
	condition.Reason = "ReadinessGatesNotReady"
	condition.Message = strings.Join(messages, ", ")
	return condition
}
