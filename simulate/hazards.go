package simulate

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/drystart/drystart/identity"
	corev1 "k8s.io/api/core/v1"
)

// The documents that explain hazards.
const (
	wrapURL       = "https://github.com/advisories/GHSA-265r-hfxg-fhmg" // CVE-2024-40635
	contextURL    = "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"
	groupsURL     = contextURL + "#implicit-group-memberships-defined-in-etc-group-in-the-container-image"
	fsGroupURL    = contextURL + "#configure-volume-permission-and-ownership-change-policy-for-pods"
	droppedURL    = "https://github.com/kubernetes/kubernetes/issues/93666"
	namedURL      = "https://github.com/kubernetes/kubernetes/issues/40958"
	windowsURL    = "https://kubernetes.io/docs/concepts/windows/intro/#compatibility-v1-pod-spec-containers-securitycontext"
	windowsFields = "runAsUser, runAsGroup, fsGroup and supplementalGroups mean nothing on Windows"
)

// hazards looks at a container that starts.
func (s *podSync) hazards(c *Container, spec *corev1.Container, files *imageFS, request *identity.Request) []Hazard {
	var found []Hazard
	if isOutOfRange(request) {
		found = addRootElsewhere(found, c, files, request)
		found = addUserOutOfRange(found, request)
	}
	found = addNamedRoot(found, c, request)
	found = addGroupDropped(found, c, request)
	found = addImageGroups(found, c)
	return s.addFSGroupWithoutVolume(found, spec)
}

// isOutOfRange reports whether a USER decides that no process may have. Releases
// differ in what they make of that alone.
func isOutOfRange(request *identity.Request) bool {
	_, known := request.RunAsUser.Number()
	return known && !request.RunAsUser.Valid() && request.RunAsUser.Origin().Source == identity.SourceImage
}

// addUserOutOfRange adds a USER that no process may have.
func addUserOutOfRange(found []Hazard, request *identity.Request) []Hazard {
	fact := fmt.Sprintf("the image's USER is %v, which no process may have; newer releases refuse it", request.RunAsUser)
	return append(found, Hazard{Kind: UserOutOfRange, Fact: fact, Origin: request.RunAsUser.Origin(), URL: wrapURL})
}

// addRootElsewhere adds a process that is not root here and would be on another
// release.
func addRootElsewhere(found []Hazard, c *Container, files *imageFS, request *identity.Request) []Hazard {
	if c.Process.UID.Is(0) {
		return found
	}
	release, origin := rootRelease(files, request)
	if release == "" {
		return found
	}
	fact := fmt.Sprintf("the process is uid %v here, and root on %s", c.Process.UID, release)
	return append(found, Hazard{Kind: RootElsewhere, Fact: fact, Origin: origin, URL: wrapURL})
}

// rootRelease returns the first release whose runtime makes the request root.
func rootRelease(files fs.FS, request *identity.Request) (string, identity.Origin) {
	for _, table := range [][]runtime{containerds, crios} {
		for _, r := range table {
			process, err := r.users.Process(files, *request)
			if err == nil && process.UID.Is(0) {
				return r.name + " " + r.since.String(), process.UID.Origin()
			}
		}
	}
	return "", identity.Origin{}
}

// addNamedRoot adds a name other than root's that is uid 0.
func addNamedRoot(found []Hazard, c *Container, request *identity.Request) []Hazard {
	if request.RunAsUsername == "" || request.RunAsUsername == "root" || !c.Process.UID.Is(0) {
		return found
	}
	fact := fmt.Sprintf("the image's USER %q is uid 0 in its /etc/passwd", request.RunAsUsername)
	return append(found, Hazard{Kind: NamedRoot, Fact: fact, Origin: c.Process.UID.Origin(), URL: namedURL})
}

// addGroupDropped adds gid 0 where the image's USER has another group.
func addGroupDropped(found []Hazard, c *Container, request *identity.Request) []Hazard {
	_, group, _ := strings.Cut(c.ImageUser.User, ":")
	_, fromContext := request.RunAsGroup.Number()
	if group == "" || group == "0" || group == "root" || fromContext || !c.Process.GID.Is(0) {
		return found
	}
	fact := fmt.Sprintf("the group of the image's USER %q is dropped: the gid is 0", c.ImageUser.User)
	return append(found, Hazard{Kind: GroupDropped, Fact: fact, Origin: c.Process.GID.Origin(), URL: droppedURL})
}

// addImageGroups adds supplementary groups that only the image asks for.
func addImageGroups(found []Hazard, c *Container) []Hazard {
	var names []string
	var origin identity.Origin
	for _, group := range c.Process.Groups {
		if group.Origin().Source != identity.SourceGroup {
			continue
		}
		if len(names) == 0 {
			origin = group.Origin()
		}
		names = append(names, fmt.Sprintf("%v (%s)", group, group.Origin().Name))
	}
	if len(names) == 0 {
		return found
	}
	fact := "the image's /etc/group adds the groups " + strings.Join(names, ", ")
	return append(found, Hazard{Kind: ImageGroups, Fact: fact, Origin: origin, URL: groupsURL})
}

// addFSGroupWithoutVolume adds an fsGroup that owns nothing in a container.
func (s *podSync) addFSGroupWithoutVolume(found []Hazard, spec *corev1.Container) []Hazard {
	group := s.pod.Spec.SecurityContext.FSGroup
	if group == nil {
		return found
	}
	for _, mount := range spec.VolumeMounts {
		for i := range s.pod.Spec.Volumes {
			if volume := &s.pod.Spec.Volumes[i]; volume.Name == mount.Name && takesFSGroup(volume) {
				return found
			}
		}
	}
	fact := fmt.Sprintf("fsGroup %d joins the process's groups, but no volume of the container takes it", *group)
	return append(found, Hazard{Kind: FSGroupWithoutVolume, Fact: fact, Origin: identity.Origin{Source: identity.SourcePod, Name: "fsGroup"}, URL: fsGroupURL})
}

// takesFSGroup reports whether the kubelet changes the owner of a volume of that
// type. A claim's volume may.
func takesFSGroup(volume *corev1.Volume) bool {
	return volume.HostPath == nil && volume.NFS == nil && volume.Image == nil
}

// windowsHazards finds fields that a Windows node ignores.
func windowsHazards(c *Container) []Hazard {
	if c.SecurityContext == nil || c.SecurityContext.RunAsUser == nil {
		return nil
	}
	fact := fmt.Sprintf("runAsUser %d is ignored; %s", *c.SecurityContext.RunAsUser, windowsFields)
	return []Hazard{{Kind: RunAsUserIgnored, Fact: fact, Origin: identity.Origin{Source: identity.SourcePod, Name: "runAsUser"}, URL: windowsURL}}
}
