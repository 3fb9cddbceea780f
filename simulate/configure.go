package simulate

import (
	"errors"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// configure makes the container's configuration: the image's user, the check of
// runAsNonRoot, and what the runtime is asked for. What fails here is a
// CreateContainerConfigError.
//
// Source: [generateContainerConfig].
//
// [generateContainerConfig]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kuberuntime/kuberuntime_container.go#L343-L408
func (s *podSync) configure(c *Container, spec *corev1.Container, image *imageconfig.Image) (identity.Request, error) {
	c.ImageUser = identity.ParseImageUser(image.Config.Config.User)
	c.SecurityContext = c.context.Merge(&s.pod, spec)
	err := identity.VerifyRunAsNonRoot(&s.pod, spec, c.ImageUser)
	if errors.Is(err, identity.ErrImageUserInvalid) && !s.profile.kubelet.refusesInvalidUser {
		err = nil
	}
	if err != nil {
		return identity.Request{}, s.failure(c, "CreateContainerConfigError", err.Error(), err)
	}
	return s.sandbox.ForContainer(&s.pod, spec, c.ImageUser), nil
}

// failure emits the event that goes with a failure of one of the steps after the
// image is there.
func (s *podSync) failure(c *Container, reason, message string, err error) error {
	s.warn(c, "Failed", "Error: "+message)
	return &Failure{Reason: reason, Message: message, Err: err}
}
