package simulate

import (
	"io/fs"
	"slices"

	"github.com/drystart/drystart/identity"
	"github.com/drystart/drystart/imageconfig"
	corev1 "k8s.io/api/core/v1"
)

// credentials are what the kernel checks a process's access with.
type credentials struct {
	uid      int64
	groups   []identity.ID
	override bool // CAP_DAC_OVERRIDE
}

// credentialsOf returns the credentials of a container's process.
func credentialsOf(process identity.Process, effective *corev1.SecurityContext) credentials {
	uid, _ := process.UID.Number()
	return credentials{uid: uid, groups: process.Groups, override: uid == 0 && keepsOverride(effective)}
}

// keepsOverride reports whether a root process has CAP_DAC_OVERRIDE, one of the
// runtime's default capabilities.
func keepsOverride(effective *corev1.SecurityContext) bool {
	if effective == nil || effective.Capabilities == nil {
		return true
	}
	if effective.Privileged != nil && *effective.Privileged {
		return true
	}
	names := func(list []corev1.Capability) bool {
		return slices.Contains(list, "DAC_OVERRIDE") || slices.Contains(list, "CAP_DAC_OVERRIDE") || slices.Contains(list, "ALL")
	}
	return names(effective.Capabilities.Add) || !names(effective.Capabilities.Drop)
}

// mayExecute reports whether the user may execute a file, or search a directory.
//
// Source: [path_resolution(7)], "Permissions".
//
// [path_resolution(7)]: https://man7.org/linux/man-pages/man7/path_resolution.7.html
func (u credentials) mayExecute(at fs.FileInfo) bool {
	mode := at.Mode().Perm()
	if u.override {
		return at.IsDir() || mode&0o111 != 0
	}
	owner, ok := at.Sys().(*imageconfig.Owner)
	if !ok {
		owner = &imageconfig.Owner{}
	}
	switch {
	case int64(owner.UID) == u.uid:
		return mode&0o100 != 0
	case slices.ContainsFunc(u.groups, func(group identity.ID) bool { return group.Is(int64(owner.GID)) }):
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
