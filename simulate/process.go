package simulate

import (
	"errors"
	"math"
	"strconv"
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
func (s *podSync) startProcess(c *Container, spec *corev1.Container, image *imageconfig.Image, argv0 string) error {
	if s.inUserNamespace() && s.profile.runtime.checksIDMap {
		if err := identity.CheckIDMap(c.Process, identity.IDMapSize); err != nil {
			return s.failure(c, "RunContainerError", fill(s.profile.runtime.ioOwner, "{error}", err.Error()), err)
		}
	}
	if !s.profile.runtime.startsOnCreate {
		if err := s.runc(c, spec, image, argv0, c.Process); err != nil {
			return err
		}
	}
	s.event(c, corev1.EventTypeNormal, "Started", fill(s.profile.kubelet.started, "{container}", c.Name))
	return nil
}

// runc makes the process: it becomes its user, then looks the command up.
func (s *podSync) runc(c *Container, spec *corev1.Container, image *imageconfig.Image, argv0 string, process identity.Process) error {
	effective, err := s.setupUser(image, process)
	if err == nil {
		err = s.findCommand(credentialsOf(effective, c.SecurityContext), spec, image, argv0)
	}
	if err == nil {
		c.Process = effective
		return nil
	}
	var command *commandError
	var start *identity.StartError
	if !errors.As(err, &command) && !errors.As(err, &start) {
		return err
	}
	reason := "RunContainerError"
	if s.profile.runtime.startsOnCreate {
		reason = "CreateContainerError"
	}
	quoted := strconv.Quote(fill(runcInit, "{error}", err.Error()))
	return s.failure(c, reason, fill(s.profile.runtime.runc, "{error}", err.Error(), "{quoted}", quoted), err)
}

// setupUser is runc's change of user.
func (s *podSync) setupUser(image *imageconfig.Image, process identity.Process) (identity.Process, error) {
	size := int64(math.MaxUint32)
	if s.inUserNamespace() {
		size = identity.IDMapSize
	}
	if !s.profile.runtime.usersByFiles {
		return process, identity.SetupUser(process, size)
	}
	files, err := image.Files(s.ctx)
	if err != nil {
		return process, err
	}
	return identity.SetupUserByFiles(files, process, size)
}

// findCommand looks the command up in the image's files.
func (s *podSync) findCommand(user credentials, spec *corev1.Container, image *imageconfig.Image, argv0 string) error {
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
		files: files,

		directoryIsDenied: s.profile.runtime.directoryIsDenied,
		mounts:            mountPaths(spec),
		user:              user,
		dir:               firstOf(spec.WorkingDir, config.WorkingDir, "/"),
		path:              searchPath(spec, config.Env),
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
