package simulate

import corev1 "k8s.io/api/core/v1"

// admit is the node's own admission, before anything of the Pod exists there.
//
// Source: [the kubelet's admission].
//
// [the kubelet's admission]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/lifecycle/predicate.go
func (s *podSync) admit() *Failure {
	if os := s.pod.Spec.OS; os != nil && string(os.Name) != s.node.OS {
		return s.reject("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS", ErrPodRejected)
	}
	policy := s.pod.Spec.SecurityContext.SupplementalGroupsPolicy
	if s.node.OS != windows && policy != nil && *policy == corev1.SupplementalGroupsPolicyStrict && !s.profile.runtime.groupsPolicy {
		return s.reject("SupplementalGroupsPolicyNotSupported", "SupplementalGroupsPolicy=Strict is not supported in this node", ErrPodRejected)
	}
	return nil
}

// reject emits the event and returns the failure of a whole Pod; its message is
// that of the event.
func (s *podSync) reject(reason, message string, err error) *Failure {
	s.warn(nil, reason, message)
	return &Failure{Reason: reason, Message: message, Err: err}
}
