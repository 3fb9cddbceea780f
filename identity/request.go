package identity

import corev1 "k8s.io/api/core/v1"

// A Request is who the kubelet asks a runtime to run a container or a Pod
// sandbox as: the identity fields of the CRI's LinuxContainerSecurityContext.
type Request struct {
	// RunAsUser is the uid. Unknown means that none is sent.
	RunAsUser ID
	// RunAsUsername is the image's user where that is a name and no runAsUser is
	// sent. Never both.
	RunAsUsername string
	// RunAsGroup is the primary gid. Unknown means that none is sent. The group
	// of the image's USER is never sent.
	RunAsGroup ID
	// SupplementalGroups are fsGroup, then the Pod's supplementalGroups in their
	// order. Repetitions are kept.
	SupplementalGroups []ID
	// Strict is whether the Pod's supplementalGroupsPolicy keeps the groups of
	// the image's /etc/group out.
	Strict bool
	// ImageUser is the whole USER of the image, for the record of what decided.
	ImageUser string
}

// ContainerRequest returns what the kubelet sends for a container.
//
// Source: [determineEffectiveSecurityContext].
//
// [determineEffectiveSecurityContext]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/security_context.go#L30-L156
func ContainerRequest(pod *corev1.Pod, container *corev1.Container, image ImageUser) Request {
	return groupsRequest(pod.Spec.SecurityContext).ForContainer(pod, container, image)
}

// ForContainer returns [ContainerRequest] of a container whose Pod's
// [SandboxRequest] this is. Both share the groups.
func (r Request) ForContainer(pod *corev1.Pod, container *corev1.Container, image ImageUser) Request {
	request := Request{SupplementalGroups: r.SupplementalGroups, Strict: r.Strict, ImageUser: image.User}
	podContext, own := contexts(pod, container)
	request.RunAsGroup = inherited("runAsGroup", own.RunAsGroup, podContext.RunAsGroup)
	request.RunAsUser = inherited("runAsUser", own.RunAsUser, podContext.RunAsUser)
	if request.RunAsUser.known {
		return request
	}
	if image.Username != "" {
		request.RunAsUsername = image.Username
		return request
	}
	uid := int64(0) // an image without a user runs as root
	if image.UID != nil {
		uid = *image.UID
	}
	request.RunAsUser = NewID(uid, Origin{SourceImage, image.User})
	return request
}

// SandboxRequest returns what the kubelet sends for the Pod's sandbox: the Pod's
// own fields alone. A runAsGroup is sent even where there is no runAsUser.
//
// Source: [generatePodSandboxLinuxConfig].
//
// [generatePodSandboxLinuxConfig]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_sandbox.go#L196-L218
func SandboxRequest(pod *corev1.Pod) Request {
	request := groupsRequest(pod.Spec.SecurityContext)
	if podContext := pod.Spec.SecurityContext; podContext != nil {
		request.RunAsUser = inherited("runAsUser", nil, podContext.RunAsUser)
		request.RunAsGroup = inherited("runAsGroup", nil, podContext.RunAsGroup)
	}
	return request
}

// groupsRequest returns what only the Pod can say: its supplementary groups.
func groupsRequest(pod *corev1.PodSecurityContext) Request {
	if pod == nil {
		return Request{}
	}
	request := Request{
		Strict: pod.SupplementalGroupsPolicy != nil && *pod.SupplementalGroupsPolicy == corev1.SupplementalGroupsPolicyStrict,
	}
	if pod.FSGroup != nil || len(pod.SupplementalGroups) > 0 {
		request.SupplementalGroups = make([]ID, 0, 1+len(pod.SupplementalGroups))
	}
	if pod.FSGroup != nil {
		request.SupplementalGroups = append(request.SupplementalGroups, NewID(*pod.FSGroup, Origin{SourcePod, "fsGroup"}))
	}
	for _, gid := range pod.SupplementalGroups {
		request.SupplementalGroups = append(request.SupplementalGroups, NewID(gid, Origin{SourcePod, "supplementalGroups"}))
	}
	return request
}

// contexts returns what the Pod and the container say, which may be nothing.
func contexts(pod *corev1.Pod, container *corev1.Container) (*corev1.PodSecurityContext, *corev1.SecurityContext) {
	podContext, own := pod.Spec.SecurityContext, container.SecurityContext
	if podContext == nil {
		podContext = &noPodContext
	}
	if own == nil {
		own = &noContext
	}
	return podContext, own
}

// What says nothing. Nobody writes to them.
var (
	noPodContext corev1.PodSecurityContext
	noContext    corev1.SecurityContext
)

// inherited returns the container's value where it has one, else the Pod's.
func inherited(field string, container, pod *int64) ID {
	switch {
	case container != nil:
		return NewID(*container, Origin{SourceContainer, field})
	case pod != nil:
		return NewID(*pod, Origin{SourcePod, field})
	default:
		return ID{}
	}
}
