package simulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// windows is the operating system whose containers are no Linux processes.
const windows = "windows"

// windowsAccounts are the accounts that every Windows container image has.
//
// Source: [Configure RunAsUserName].
//
// [Configure RunAsUserName]: https://kubernetes.io/docs/tasks/configure-pod-container/configure-runasusername/#windows-username-limitations
var windowsAccounts = []string{
	"", "ContainerUser", "ContainerAdministrator",
	`NT AUTHORITY\NETWORK SERVICE`, `NT AUTHORITY\LOCAL SERVICE`, `NT AUTHORITY\SYSTEM`,
}

// attemptOnWindows brings a container up whose image is there. The kubelet's
// check is that of Windows. Of the fields that say who a process is, the runtime
// is told runAsUserName alone: runAsUser, runAsGroup, fsGroup, supplementalGroups
// and capabilities are ignored. What happens beyond the creation is undecided
// where it depends on the image's files.
func (s *podSync) attemptOnWindows(c *Container, spec *corev1.Container, image *imageconfig.Image) error {
	c.ImageUser = identity.ParseImageUser(image.Config.Config.User)
	c.SecurityContext = c.context.Merge(&s.pod, spec)
	if err := identity.VerifyRunAsNonRootOnWindows(&s.pod, spec, c.ImageUser); err != nil {
		return s.failure(c, "CreateContainerConfigError", err.Error(), err)
	}
	argv0, err := s.command(c, spec, image)
	if err != nil {
		return err
	}
	username, origin := identity.WindowsUsername(&s.pod, spec, c.ImageUser)
	c.Process = identity.Process{Username: username, UsernameOrigin: origin}
	s.created(c)
	if !slices.ContainsFunc(windowsAccounts, func(account string) bool { return strings.EqualFold(account, username) }) {
		return fmt.Errorf("whether the image has the user %q is not known", username)
	}
	if !image.Runnable {
		return fmt.Errorf("whether the image has the command %q is not known: the files of Windows images are not read", argv0)
	}
	s.started(c)
	c.Hazards = windowsHazards(c)
	return nil
}
