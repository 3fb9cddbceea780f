package simulate

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
)

// withoutUnknown takes the fields off the Pod that the kubelet's release does not
// know: the API server of that release drops them.
func withoutUnknown(pod *corev1.Pod, known *kubelet) {
	if !known.userNamespaces {
		pod.Spec.HostUsers = nil
	}
	if !known.groupsPolicy && pod.Spec.SecurityContext.SupplementalGroupsPolicy != nil {
		context := *pod.Spec.SecurityContext
		context.SupplementalGroupsPolicy = nil
		pod.Spec.SecurityContext = &context
	}
}

// namespaceOf returns the Pod's namespace.
func namespaceOf(pod *corev1.Pod) string { return cmp.Or(pod.Namespace, corev1.NamespaceDefault) }

// setDefaults sets what the API server sets and a start depends on, but for the
// pull policy: see imageName. No restart policy is Always: see restartPolicy.
//
// Source: [the core API's defaults].
//
// [the core API's defaults]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/v1/defaults.go
func setDefaults(pod *corev1.Pod) {
	pod.Namespace = namespaceOf(pod)
	if pod.Spec.SecurityContext == nil {
		pod.Spec.SecurityContext = &corev1.PodSecurityContext{}
	}
}
