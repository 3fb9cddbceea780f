package identity

import (
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// windowsRoot is the name that the kubelet takes for root on Windows.
const windowsRoot = "ContainerAdministrator"

// The two ways in which a container breaks runAsNonRoot on Windows. A
// [WindowsNonRootError] unwraps to one of them.
var (
	// ErrRunAsUserNameRoot: runAsUserName is ContainerAdministrator.
	ErrRunAsUserNameRoot = errors.New("runAsUserName is root")
	// ErrImageUserNameRoot: the image's user is ContainerAdministrator.
	ErrImageUserNameRoot = errors.New("image user name is root")
)

// A WindowsNonRootError is the kubelet's refusal of a container on Windows whose
// securityContext has runAsNonRoot. Its text is the kubelet's own.
type WindowsNonRootError struct {
	// Violation is one of the two errors above.
	Violation error
	// Pod is the kubelet's name for the Pod: name_namespace(uid).
	Pod string
	// Container is the container's name.
	Container string
	// User is the name as it was written.
	User string
}

// Error returns the message that the kubelet puts into the container's status.
func (e *WindowsNonRootError) Error() string {
	field := "runAsUser"
	if errors.Is(e.Violation, ErrRunAsUserNameRoot) {
		field = "runAsUserName"
	}
	return "container's " + field + " (" + e.User + ") which will be regarded as root identity and will break non-root policy " +
		inPod(e.Pod, e.Container)
}

// Unwrap returns the violation.
func (e *WindowsNonRootError) Unwrap() error { return e.Violation }

// VerifyRunAsNonRootOnWindows is the kubelet's check before it creates a
// container on Windows. It returns nil or a [*WindowsNonRootError]. The first
// rule that fits decides; names are compared without regard to case:
//
//  1. The effective runAsNonRoot is unset or false: the container passes.
//  2. The effective runAsUserName is set: it must not be ContainerAdministrator;
//     the image's user takes no part.
//  3. The image's user is ContainerAdministrator: [ErrImageUserNameRoot].
//
// An image without a user passes, and so does a number: runAsUser takes no part.
//
// Source: [verifyRunAsNonRoot on Windows].
//
// [verifyRunAsNonRoot on Windows]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/security_context_windows.go#L43-L75
func VerifyRunAsNonRootOnWindows(pod *corev1.Pod, container *corev1.Container, image ImageUser) error {
	if !mustNotBeRoot(pod, container) {
		return nil
	}
	name, violation := image.Username, ErrImageUserNameRoot
	if username, origin := WindowsUsername(pod, container, image); origin.Source != SourceImage {
		name, violation = username, ErrRunAsUserNameRoot
	}
	if !strings.EqualFold(name, windowsRoot) {
		return nil
	}
	return &WindowsNonRootError{Violation: violation, Pod: PodName(pod), Container: container.Name, User: name}
}

// WindowsUsername returns the user name that a container gets on Windows and
// what decided it: the effective runAsUserName, else the image's USER. An empty
// name is the default user of the base image, which nothing here knows.
//
// Source: [containerd's user on Windows].
//
// [containerd's user on Windows]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_create.go#L988-L1011
func WindowsUsername(pod *corev1.Pod, container *corev1.Container, image ImageUser) (string, Origin) {
	if own := container.SecurityContext; own != nil && own.WindowsOptions != nil && own.WindowsOptions.RunAsUserName != nil {
		return *own.WindowsOptions.RunAsUserName, Origin{SourceContainer, "windowsOptions.runAsUserName"}
	}
	if context := pod.Spec.SecurityContext; context != nil && context.WindowsOptions != nil && context.WindowsOptions.RunAsUserName != nil {
		return *context.WindowsOptions.RunAsUserName, Origin{SourcePod, "windowsOptions.runAsUserName"}
	}
	return image.User, Origin{SourceImage, image.User}
}
