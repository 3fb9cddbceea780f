package identity

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// The four ways in which a container breaks runAsNonRoot. A
// [RunAsNonRootError] unwraps to one of them.
var (
	// ErrRunAsUserRoot: runAsUser is 0.
	ErrRunAsUserRoot = errors.New("runAsUser is root")
	// ErrImageRunsAsRoot: the image's user is uid 0, or it has none.
	ErrImageRunsAsRoot = errors.New("image runs as root")
	// ErrImageUserNotNumeric: the image's user is a name, whatever that name
	// stands for in the image's /etc/passwd.
	ErrImageUserNotNumeric = errors.New("image user is not a number")
	// ErrImageUserInvalid: the image's uid is negative or above 2147483647.
	ErrImageUserInvalid = errors.New("image user is not a valid user id")
)

// A RunAsNonRootError is the kubelet's refusal of a container whose
// securityContext has runAsNonRoot. Its text is the kubelet's own.
type RunAsNonRootError struct {
	// Violation is one of the four errors above.
	Violation error
	// Pod is the kubelet's name for the Pod: name_namespace(uid).
	Pod string
	// Container is the container's name.
	Container string
	// ImageUser is the image's user as the runtime told it: a name or a decimal.
	// It is empty where the image has none or took no part.
	ImageUser string
}

// Error returns the message that the kubelet puts into the container's status.
func (e *RunAsNonRootError) Error() string {
	where := inPod(e.Pod, e.Container)
	switch {
	case errors.Is(e.Violation, ErrRunAsUserRoot):
		return "container's runAsUser breaks non-root policy " + where
	case errors.Is(e.Violation, ErrImageUserNotNumeric):
		return "container has runAsNonRoot and image has non-numeric user (" + e.ImageUser +
			"), cannot verify user is non-root " + where
	case errors.Is(e.Violation, ErrImageUserInvalid):
		return "container has runAsNonRoot and image has an invalid user id (" + e.ImageUser +
			"). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive " + where
	default:
		return "container has runAsNonRoot and image will run as root " + where
	}
}

// inPod returns how the kubelet ends such a message.
func inPod(pod, container string) string {
	return fmt.Sprintf("(pod: %q, container: %s)", pod, container)
}

// Unwrap returns the violation.
func (e *RunAsNonRootError) Unwrap() error { return e.Violation }

// VerifyRunAsNonRoot is the kubelet's check before it creates a container on
// Linux. It returns nil or a [*RunAsNonRootError]. The first rule that fits
// decides:
//
//  1. The effective runAsNonRoot is unset or false: the container passes.
//  2. The effective runAsUser is 0: [ErrRunAsUserRoot].
//  3. The effective runAsUser is any other number: the container passes; the
//     image's user takes no part.
//  4. The image's user is a name: [ErrImageUserNotNumeric].
//  5. The image's user is uid 0, or it has none: [ErrImageRunsAsRoot].
//  6. The image's uid is no valid one: [ErrImageUserInvalid].
//
// Groups are not looked at.
//
// Source: [verifyRunAsNonRoot].
//
// [verifyRunAsNonRoot]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/security_context_others.go#L34-L69
func VerifyRunAsNonRoot(pod *corev1.Pod, container *corev1.Container, image ImageUser) error {
	if !mustNotBeRoot(pod, container) {
		return nil
	}
	refuse := func(violation error, user string) error {
		return &RunAsNonRootError{Violation: violation, Pod: PodName(pod), Container: container.Name, ImageUser: user}
	}
	podContext, own := contexts(pod, container)
	if runAsUser := cmp.Or(own.RunAsUser, podContext.RunAsUser); runAsUser != nil {
		if *runAsUser == 0 {
			return refuse(ErrRunAsUserRoot, "")
		}
		return nil
	}
	if image.Username != "" {
		return refuse(ErrImageUserNotNumeric, image.Username)
	}
	switch uid := image.UID; {
	case uid == nil:
		return refuse(ErrImageRunsAsRoot, "")
	case *uid == 0:
		return refuse(ErrImageRunsAsRoot, "0")
	case !isValid(*uid):
		return refuse(ErrImageUserInvalid, strconv.FormatInt(*uid, 10))
	default:
		return nil
	}
}

// mustNotBeRoot returns the effective runAsNonRoot.
func mustNotBeRoot(pod *corev1.Pod, container *corev1.Container) bool {
	podContext, own := contexts(pod, container)
	runAsNonRoot := cmp.Or(own.RunAsNonRoot, podContext.RunAsNonRoot)
	return runAsNonRoot != nil && *runAsNonRoot
}

// PodName returns the kubelet's name for a Pod in its messages,
// name_namespace(uid). A Pod that was never on a cluster has no uid; its
// parentheses are empty.
//
// Source: [format.Pod].
//
// [format.Pod]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/util/format/pod.go#L28-L41
func PodName(pod *corev1.Pod) string {
	return pod.Name + "_" + pod.Namespace + "(" + string(pod.UID) + ")"
}
