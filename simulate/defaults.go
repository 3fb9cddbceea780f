package simulate

import corev1 "k8s.io/api/core/v1"

// withoutUnknown returns the Pod without the fields that the kubelet's release
// does not know: the API server of that release drops them.
func withoutUnknown(pod *corev1.Pod, known kubelet) *corev1.Pod {
	if !known.userNamespaces {
		pod.Spec.HostUsers = nil
	}
	if !known.groupsPolicy && pod.Spec.SecurityContext.SupplementalGroupsPolicy != nil {
		context := *pod.Spec.SecurityContext
		context.SupplementalGroupsPolicy = nil
		pod.Spec.SecurityContext = &context
	}
	return pod
}

// withDefaults returns the Pod with the defaults that the API server sets and
// that a start depends on, but for the pull policy: see imageName. It copies what
// it changes.
//
// Source: [the core API's defaults].
//
// [the core API's defaults]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/v1/defaults.go
func withDefaults(pod *corev1.Pod) *corev1.Pod {
	defaulted := *pod
	if defaulted.Namespace == "" {
		defaulted.Namespace = corev1.NamespaceDefault
	}
	spec := &defaulted.Spec
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	return &defaulted
}
