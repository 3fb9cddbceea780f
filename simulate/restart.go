package simulate

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// A restartPolicy says whether the kubelet starts a container again.
type restartPolicy struct {
	policy corev1.RestartPolicy
	rules  []corev1.ContainerRestartRule
}

// restartPolicyOf returns a container's own policy where it has one, else the
// Pod's. An ephemeral container is never started again.
func restartPolicyOf(pod *corev1.Pod, spec *corev1.Container, kind Kind) restartPolicy {
	switch {
	case kind == Ephemeral:
		return restartPolicy{policy: corev1.RestartPolicyNever}
	case spec.RestartPolicy == nil:
		return restartPolicy{policy: pod.Spec.RestartPolicy}
	}
	own := restartPolicy{policy: corev1.RestartPolicy(*spec.RestartPolicy)}
	for i := range spec.RestartPolicyRules {
		own.rules = append(own.rules, *spec.RestartPolicyRules[i].DeepCopy())
	}
	return own
}

// after reports whether a container is started again after that exit code.
//
// Source: [ContainerShouldRestart].
//
// [ContainerShouldRestart]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/api/v1/pod/util.go
func (r restartPolicy) after(exitCode int32) bool {
	for _, rule := range r.rules {
		if rule.ExitCodes == nil {
			continue
		}
		listed := slices.Contains(rule.ExitCodes.Values, exitCode)
		if listed == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn) {
			return true // each action that there is starts the container again
		}
	}
	switch r.policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return exitCode != 0
	default:
		return true
	}
}
