package simulate

import "github.com/drystart/drystart/identity"

// A Hazard is something about a container that starts which would surprise: what
// is the case, what decided it, and the document that explains it.
type Hazard struct {
	// Kind tells hazards apart.
	Kind HazardKind
	// Fact is what is the case, as a sentence.
	Fact string
	// Origin is what decided it.
	Origin identity.Origin
	// URL explains it.
	URL string
}

// A HazardKind is a kind of [Hazard].
type HazardKind int

// The kinds of hazards.
const (
	// RootElsewhere is a process that is root on another release that is known.
	RootElsewhere HazardKind = iota + 1
	// NamedRoot is a USER other than "root" that is uid 0 in the image's
	// /etc/passwd.
	NamedRoot
	// GroupDropped is gid 0 where the image's USER names another group.
	GroupDropped
	// ImageGroups is a supplementary group from the image's /etc/group.
	ImageGroups
	// UserOutOfRange is a USER that is a number no process may have.
	UserOutOfRange
	// FSGroupWithoutVolume is an fsGroup in a container without a volume that
	// takes it.
	FSGroupWithoutVolume
	// RunAsUserIgnored is a runAsUser on Windows.
	RunAsUserIgnored
)

// String returns the kind's name.
func (k HazardKind) String() string {
	names := [...]string{
		"", "RootElsewhere", "NamedRoot", "GroupDropped", "ImageGroups", "UserOutOfRange", "FSGroupWithoutVolume", "RunAsUserIgnored",
	}
	if k < 1 || int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}
