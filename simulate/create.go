package simulate

import (
	"errors"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// create makes the container, whose command is known, and finds its user. What
// fails here is a CreateContainerError.
//
// Source: [CreateContainer].
//
// [CreateContainer]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_create.go#L190-L405
func (s *podSync) create(c *Container, spec *corev1.Container, files *imageFS, argv0 string, request identity.Request) error {
	process, err := files.process(s.profile.runtime, request)
	if err != nil {
		return s.userFailure(c, err)
	}
	if s.profile.runtime.startsOnCreate {
		if err := s.runc(c, spec, files, argv0, process); err != nil {
			return err
		}
	}
	if _, known := c.Process.UID.Number(); !known {
		c.Process = process
	}
	s.created(c)
	return nil
}

// created emits the event of a container that exists.
func (s *podSync) created(c *Container) {
	s.event(c, "Created", s.profile.kubelet.created)
}

// started emits the event of a container whose process exists.
func (s *podSync) started(c *Container) {
	s.event(c, "Started", s.profile.kubelet.started)
}

// userFailure returns the failure of a look-up; what could not be read is none.
func (s *podSync) userFailure(c *Container, err error) error {
	var unreadable *identity.UnreadableError
	if errors.As(err, &unreadable) {
		return err
	}
	text := s.profile.runtime.userLookup
	var userString *identity.UserStringError
	if errors.As(err, &userString) {
		text = s.profile.runtime.userString
	}
	return s.failure(c, "CreateContainerError", fill(text, "{error}", err.Error()), err)
}

// command returns the first word of what the container executes; it is empty
// where a runnable image does not say. None is a CreateContainerError.
//
// Source: [WithProcessArgs].
//
// [WithProcessArgs]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/opts/spec_opts.go#L61-L85
func (s *podSync) command(c *Container, spec *corev1.Container, image *imageconfig.Image) (string, error) {
	words := spec.Command
	if len(words) == 0 {
		config := &image.Config.Config
		args := spec.Args
		if len(args) == 0 {
			args = config.Cmd
		}
		words = args
		if entrypoint := config.Entrypoint; len(entrypoint) > 1 || len(entrypoint) == 1 && entrypoint[0] != "" {
			words = entrypoint
		}
	}
	switch {
	case len(words) > 0:
		return words[0], nil
	case image.Runnable:
		return "", nil
	default:
		return "", s.failure(c, "CreateContainerError", s.profile.runtime.noCommand, ErrNoCommand)
	}
}
