package simulate

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// ensureImage sees to it that a container's image is on the node, and returns
// what it is.
//
// Source: [EnsureImageExists].
//
// [EnsureImageExists]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_manager.go#L168-L289
func (s *podSync) ensureImage(c *Container, spec *corev1.Container) (*imageconfig.Image, error) {
	name, err := parseImageName(spec.Image)
	if err != nil {
		message := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", spec.Image, spec.Image, err)
		s.warn(c, "InspectFailed", message)
		return nil, s.imageFailure(c, "InvalidImageName", message, errors.Join(ErrInvalidImageName, err))
	}
	known := s.images.of(name.Name)
	policy := name.pullPolicy(spec.ImagePullPolicy)
	switch {
	case policy != corev1.PullAlways && known.present:
		if err := s.checkPullSecrets(c, beforePresent); err != nil {
			return nil, err
		}
		s.event(c, "Pulled", s.profile.kubelet.imagePresent)
		found := s.lookUp(known, name)
		return found.image, found.err
	case policy == corev1.PullNever:
		message := fmt.Sprintf("Container image %q is not present with pull policy of Never", spec.Image)
		s.warn(c, "ErrImageNeverPull", message)
		return nil, s.imageFailure(c, "ErrImageNeverPull", message, ErrImageNeverPull)
	default:
		return s.pull(c, spec, known, name)
	}
}

// pull emits what the node does on a pull. An image that the source could not
// find out about leaves it open how the pull ends.
func (s *podSync) pull(c *Container, spec *corev1.Container, known *podImage, name imageName) (*imageconfig.Image, error) {
	if err := s.checkPullSecrets(c, beforePull); err != nil {
		return nil, err
	}
	s.event(c, "Pulling", "Pulling image {quotedImage}")
	found := answer{err: s.pullSecrets.err}
	if found.err == nil {
		found = s.lookUp(known, name)
	}
	if found.err == nil {
		known.present = true
		s.event(c, "Pulled", s.profile.kubelet.imagePulled)
		return found.image, nil
	}
	message := s.pullError(name, found.err)
	if message == "" {
		return nil, found.err
	}
	s.warn(c, "Failed", fmt.Sprintf("Failed to pull image %q: %s", spec.Image, message))
	reason := "ErrImagePull"
	if rest, ok := strings.CutPrefix(message, "RegistryUnavailable"); ok {
		reason = "RegistryUnavailable"
		message = "image pull failed for " + spec.Image + " because the registry is unavailable" + rest
	}
	return nil, s.imageFailure(c, reason, message, errors.Join(ErrImagePull, found.err))
}

// pullError returns the runtime's message for a pull that fails on every node,
// or nothing where a node may fare better, or its words are not known.
func (s *podSync) pullError(name imageName, err error) string {
	texts := s.profile.runtime
	if unread, ok := errors.AsType[*pullSecretError](err); ok {
		return unread.words()
	}
	var unreachable *imageconfig.NodeError
	if errors.As(err, &unreachable) {
		return s.pullText(texts.pullUnreachable, name, "{error}", unreachable.Err.Error())
	}
	var answer *imageconfig.Error
	if !errors.As(err, &answer) {
		return ""
	}
	switch {
	case errors.Is(answer.Kind, imageconfig.ErrNotFound):
		return s.pullText(texts.pullNotFound, name, "{answer}", firstOf(answer.Answer, "manifest unknown"))
	case errors.Is(answer.Kind, imageconfig.ErrNoPlatform):
		return s.pullText(texts.pullNoPlatform, name, "{digest}", answer.Digest)
	default:
		return ""
	}
}

// pullText fills a text about a reference and one fact more.
func (s *podSync) pullText(text string, name imageName, fact, value string) string {
	host, scheme := name.Domain(), "https"
	if host == "docker.io" {
		host = "registry-1.docker.io"
	}
	if isLoopback(host) {
		scheme = s.profile.runtime.loopbackScheme
	}
	return fill(text, "{ref}", name.String(), "{repository}", name.Repository(), "{host}", host, "{scheme}", scheme,
		"{path}", name.Path(), "{version}", name.Version(), fact, value)
}

// isLoopback reports whether a registry's address is on the node itself.
func isLoopback(host string) bool {
	address, _, err := net.SplitHostPort(host)
	if err != nil {
		address = host
	}
	ip := net.ParseIP(address)
	return address == "localhost" || ip != nil && ip.IsLoopback()
}

// imageFailure emits the event that follows each failure over an image.
func (s *podSync) imageFailure(c *Container, reason, message string, err error) error {
	s.warn(c, "Failed", "Error: "+reason)
	return &Failure{Reason: reason, Message: message, Err: err}
}

// lookUp asks the source, once for each reference of a Pod.
func (s *podSync) lookUp(known *podImage, name imageName) answer {
	if known.asked {
		return known.answer
	}
	var a answer
	if s.config.Images == nil {
		a.err = fmt.Errorf("image %q: there is no image source", name.asked)
	} else {
		a.image, a.err = s.config.Images.Image(s.pullSecrets.context(s.ctx, name), name.asked, s.platform)
	}
	if a.image == nil && a.err == nil {
		a.err = fmt.Errorf("image %q: the source returned neither an image nor an error", name.asked)
	}
	known.asked, known.answer = true, a
	return a
}
