package simulate

import (
	"slices"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
)

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
// that a start depends on. It copies what it changes.
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
	spec.InitContainers = slices.Clone(spec.InitContainers)
	spec.Containers = slices.Clone(spec.Containers)
	spec.EphemeralContainers = slices.Clone(spec.EphemeralContainers)
	for i := range spec.InitContainers {
		defaultPullPolicy(&spec.InitContainers[i].ImagePullPolicy, spec.InitContainers[i].Image)
	}
	for i := range spec.Containers {
		defaultPullPolicy(&spec.Containers[i].ImagePullPolicy, spec.Containers[i].Image)
	}
	for i := range spec.EphemeralContainers {
		defaultPullPolicy(&spec.EphemeralContainers[i].ImagePullPolicy, spec.EphemeralContainers[i].Image)
	}
	return &defaulted
}

// defaultPullPolicy is Always for the tag "latest", given or implied, else
// IfNotPresent.
func defaultPullPolicy(policy *corev1.PullPolicy, image string) {
	if *policy != "" {
		return
	}
	*policy = corev1.PullIfNotPresent
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return
	}
	tagged, isTagged := named.(reference.Tagged)
	if reference.IsNameOnly(named) || isTagged && tagged.Tag() == "latest" {
		*policy = corev1.PullAlways
	}
}
