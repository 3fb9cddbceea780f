package simulate

import (
	"fmt"

	"github.com/drystart/drystart/identity"
	corev1 "k8s.io/api/core/v1"
)

// createSandbox makes the Pod's sandbox. It takes the Pod's own user and group:
// on containerd a Pod that sets runAsGroup and no runAsUser has no sandbox, and
// none of its containers is ever tried.
//
// Source: [generatePodSandboxLinuxConfig], [GenerateUserString].
//
// [generatePodSandboxLinuxConfig]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_sandbox.go#L196-L218
// [GenerateUserString]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/util/util.go#L105-L146
func (s *podSync) createSandbox() *Failure {
	if s.node.OS == windows {
		return nil
	}
	text, err := "{error}", checkPolicy(&s.pod)
	if err == nil && s.inUserNamespace() && !s.profile.runtime.userNamespaces {
		err = ErrNoUserNamespaces
	}
	if err == nil {
		text = s.profile.runtime.sandboxUser
		s.sandbox = identity.SandboxRequest(&s.pod)
		err = s.profile.runtime.users.Sandbox(s.sandbox)
	}
	if err == nil {
		return nil
	}
	return s.reject("FailedCreatePodSandBox", "Failed to create pod sandbox: "+fill(text, "{error}", err.Error()), err)
}

// inUserNamespace reports whether the Pod has a user namespace of its own.
func (s *podSync) inUserNamespace() bool {
	return s.pod.Spec.HostUsers != nil && !*s.pod.Spec.HostUsers
}

// checkPolicy is the kubelet's conversion of supplementalGroupsPolicy.
func checkPolicy(pod *corev1.Pod) error {
	policy := pod.Spec.SecurityContext.SupplementalGroupsPolicy
	if policy == nil {
		return nil
	}
	switch *policy {
	case corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict:
		return nil
	default:
		return fmt.Errorf("unsupported supplementalGroupsPolicy: %s", *policy)
	}
}
