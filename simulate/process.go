package simulate

import (
	"errors"
	"math"
	"strings"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// startProcess starts the created container: containerd checks its IDs, runc
// becomes its user and looks the command up as that user. What fails here is a
// RunContainerError.
//
// Source: [StartContainer], [Init].
//
// [StartContainer]: https://github.com/containerd/containerd/blob/301026e58c619e63d09c0ec411012e54c0124b03/internal/cri/server/container_start.go
// [Init]: https://github.com/opencontainers/runc/blob/76d9cf5da5683ff449ae967db58fa8c5927ca54b/libcontainer/standard_init_linux.go#L203-L231
func (s *sync) startProcess(c *Container, spec *corev1.Container, image *imageconfig.Image, argv0 string) error {
	size := int64(math.MaxUint32)
	if s.pod.Spec.HostUsers != nil && !*s.pod.Spec.HostUsers {
		size = identity.IDMapSize
		if err := identity.CheckIDMap(c.Process, size); err != nil {
			return s.failure(c, "RunContainerError", fill(s.texts.ioOwner, "{error}", err.Error()), err)
		}
	}
	if err := identity.SetupUser(c.Process, size); err != nil {
		return s.failure(c, "RunContainerError", fill(s.texts.taskCreation, "{error}", err.Error()), err)
	}
	if err := s.findCommand(c, spec, image, argv0); err != nil {
		var command *commandError
		if !errors.As(err, &command) {
			return err
		}
		return s.failure(c, "RunContainerError", fill(s.texts.taskCreation, "{error}", err.Error()), err)
	}
	s.event(c, corev1.EventTypeNormal, "Started", fill(s.texts.started, "{container}", c.Name))
	return nil
}

// findCommand looks the command up in the image's files.
func (s *sync) findCommand(c *Container, spec *corev1.Container, image *imageconfig.Image, argv0 string) error {
	if image.Runnable {
		return nil
	}
	files, err := image.Files(s.ctx)
	if err != nil {
		return err
	}
	if strings.Contains(argv0, "$(") {
		return errors.New("the command's name is made of variables: " + argv0)
	}
	config := &image.Config.Config
	l := &lookup{
		files:  files,
		mounts: mountPaths(spec),
		user:   credentialsOf(c),
		dir:    firstOf(spec.WorkingDir, config.WorkingDir, "/"),
		path:   searchPath(spec, config.Env),
	}
	return l.command(argv0)
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
