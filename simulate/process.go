package simulate

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/drystart/drystart/identity"
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
func (s *podSync) startProcess(c *Container, spec *corev1.Container, files *imageFS, argv0 string) error {
	if s.inUserNamespace() && s.profile.runtime.checksIDMap {
		if err := identity.CheckIDMap(c.Process, identity.IDMapSize); err != nil {
			return s.failure(c, "RunContainerError", fill(s.profile.runtime.ioOwner, "{error}", err.Error()), err)
		}
	}
	if !s.profile.runtime.startsOnCreate {
		if err := s.runc(c, spec, files, argv0, c.Process); err != nil {
			return err
		}
	}
	s.started(c)
	return nil
}

// runc makes the process: it becomes its user, then looks the command up.
func (s *podSync) runc(c *Container, spec *corev1.Container, files *imageFS, argv0 string, process identity.Process) error {
	effective, err := s.setupUser(files, process)
	if err == nil {
		err = s.findCommand(credentialsOf(effective, c.SecurityContext), spec, files, argv0)
	}
	if err == nil {
		c.Process = effective
		if s.profile.runtime.usersByFiles {
			c.reported = new(process)
		}
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
func (s *podSync) setupUser(files *imageFS, process identity.Process) (identity.Process, error) {
	size := int64(math.MaxUint32)
	if s.inUserNamespace() {
		size = identity.IDMapSize
	}
	if !s.profile.runtime.usersByFiles {
		return process, identity.SetupUser(process, size)
	}
	return identity.SetupUserByFiles(files, process, size)
}

// findCommand looks the command up in the image's files.
func (s *podSync) findCommand(user credentials, spec *corev1.Container, files *imageFS, argv0 string) error {
	if files.image.Runnable {
		return nil
	}
	if strings.Contains(argv0, "$(") {
		return errors.New("the command's name is made of variables: " + argv0)
	}
	config := &files.image.Config.Config
	return files.found.command(argv0, lookup{
		files: files,
		spec:  spec,
		user:  user,
		dir:   firstOf(spec.WorkingDir, config.WorkingDir, "/"),
		path:  searchPath(spec, config.Env),

		directoryIsDenied: s.profile.runtime.directoryIsDenied,
	})
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
